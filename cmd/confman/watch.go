package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"confman/resp"
	"confman/validate"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"
)

// watched is how watch shows a change.
type watched struct {
	Revision uint64  `json:"revision" yaml:"revision"`
	Time     instant `json:"time" yaml:"time"`
	By       string  `json:"by" yaml:"by"`
	Name     string  `json:"name" yaml:"name"` // "" of a flush, which is of all configs
	What     string  `json:"what" yaml:"what"`
	Version  uint64  `json:"version" yaml:"version"`
	Reason   string  `json:"reason,omitempty" yaml:"reason,omitempty"`
}

func (p *program) watchCommand() *cli.Command {
	return &cli.Command{
		Name: "watch", ArgsUsage: "[NAMESPACE]", Usage: "show what changes in a namespace and below it until Ctrl-C; nothing is left out, even if the node starts anew meanwhile",
		Flags: p.clientFlags(p.colourFlag(), &cli.Uint64Flag{Name: "since", Usage: "begin behind that revision", DefaultText: "now"}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 1); err != nil {
				return err
			}
			stream := strings.TrimSuffix("confman/changes/"+trimSlashes(c.Args().First()), "/")
			w := watcher{program: p, addr: validate.Addr(c.String("addr")), stream: stream}
			if c.IsSet("since") {
				w.seen = number(c.Uint64("since"))
			}
			return w.run(c.Context)
		},
	}
}

const (
	watchBlock   = 5 * time.Second        // how long the node waits for a change before it answers that there is none
	watchSilence = 10 * time.Second       // for how long the node may be silent beyond that until it counts as gone
	watchPause   = 200 * time.Millisecond // before the node is looked for again
	watchCount   = "500"                  // about how many changes are asked for at a time
)

// A watcher follows a stream of changes through one node. It knows up to where it has shown them, and goes
// on from there whenever it finds the node again.
type watcher struct {
	*program
	addr, stream string
	seen         string // the id of the last change; "" at the very beginning, if it begins now
}

// run follows the stream until ctx ends, or the node answers that it cannot. That nobody answers is an
// error only at the beginning: later it is waited for.
func (w *watcher) run(ctx context.Context) error {
	for met := false; ; {
		begun, err := w.follow(ctx)
		var refused failure
		switch {
		case ctx.Err() != nil:
			return nil
		case !met && !begun, errors.As(err, &refused) && refused.code != exitNoQuorum:
			return err
		case begun:
			met = true
			fmt.Fprintf(w.stderr, "confman: %v: waiting for the node\n", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchPause):
		}
	}
}

// follow connects to the node and shows changes until that ends, and reports whether the node has been
// asked for any.
func (w *watcher) follow(ctx context.Context) (begun bool, err error) {
	n, err := w.dial(ctx, w.addr)
	if err != nil {
		return false, err
	}
	defer n.Close()
	if w.seen == "" {
		if w.seen, err = n.lastChange(); err != nil {
			return false, err
		}
	}
	for {
		changes, err := w.next(n)
		if err != nil {
			return true, err
		}
		for _, c := range changes {
			if err := w.write(c); err != nil {
				return true, failure{exitFailure, err}
			}
		}
	}
}

// lastChange returns the id of the last change of all, which is to be begun behind.
func (n *node) lastChange() (string, error) {
	var about struct {
		Last    string `json:"last-generated-id"`
		Dropped string `json:"max-deleted-entry-id"` // the last that is not kept any more
	}
	if err := n.fetch(&about, "XINFO", "STREAM", "confman/changes"); err != nil {
		return "", err
	}
	if about.Last == "0-0" {
		return about.Dropped, nil
	}
	return about.Last, nil
}

// next waits for changes, and returns none if there are none for a while.
func (w *watcher) next(n *node) ([]watched, error) {
	waiting, cancel := context.WithTimeout(n.ctx, watchBlock+watchSilence)
	defer cancel()
	patient := &node{Client: n.Client, ctx: waiting, addr: n.addr}
	reply, err := patient.do("XREAD", "COUNT", watchCount, "BLOCK", strconv.FormatInt(watchBlock.Milliseconds(), 10), "STREAMS", w.stream, w.seen)
	if err != nil {
		return nil, err
	}
	var last string
	changes, last, err := changesIn(reply)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	if err := patient.date(changes); err != nil {
		return nil, err
	}
	w.seen = last
	return changes, nil
}

// changesIn reads what XREAD answers about one stream.
func changesIn(reply resp.Reply) (changes []watched, last string, err error) {
	if _, none := reply.(resp.NullArray); none || reply == nil {
		return nil, "", nil
	}
	streams, _ := reply.([]resp.Reply)
	if len(streams) == 1 {
		streams, _ = streams[0].([]resp.Reply)
	}
	if len(streams) != 2 {
		return nil, "", fmt.Errorf("XREAD answers %.200s", resp.Format(reply))
	}
	entries, _ := streams[1].([]resp.Reply)
	for _, e := range entries {
		var fields struct {
			Name    string `json:"name"`
			Op      string `json:"op"`
			Version string `json:"version"`
			By      string `json:"by"`
		}
		parts, _ := e.([]resp.Reply)
		if len(parts) != 2 {
			return nil, "", fmt.Errorf("XREAD answers %.200s", resp.Format(reply))
		}
		if err := unpack(parts[1], &fields); err != nil {
			return nil, "", err
		}
		last, _ = parts[0].(string)
		revision, _, _ := strings.Cut(last, "-")
		c := watched{By: fields.By, Name: fields.Name, What: fields.Op}
		_, wrong := fmt.Sscan(revision, &c.Revision)
		_, also := fmt.Sscan(fields.Version, &c.Version)
		if err := cmp.Or(wrong, also); err != nil {
			return nil, "", fmt.Errorf("XREAD answers %.200s: %w", resp.Format(reply), err)
		}
		changes = append(changes, c)
	}
	return changes, last, nil
}

// historyDepth is how far back the version that a change made is looked for in the config's history.
const historyDepth = "100"

// date adds when changes were made, and why, where the history still knows.
func (n *node) date(changes []watched) error {
	var words [][]string
	asked := map[string]int{}
	for _, c := range changes {
		if _, again := asked[c.Name]; !again && c.Name != "" {
			asked[c.Name] = len(words)
			words = append(words, []string{"CONF", "HISTORY", c.Name, "COUNT", historyDepth})
		}
	}
	replies, err := n.Pipeline(n.ctx, words...)
	if err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		at, known := asked[c.Name]
		if !known {
			continue
		}
		var versions []pastVersion
		if _, refused := replies[at].(resp.Error); refused {
			continue // a node without histories
		}
		if err := unpack(replies[at], &versions); err != nil {
			return err
		}
		for _, v := range versions {
			switch c.Revision {
			case v.Revision:
				c.Time, c.Reason = v.Time, v.Reason
			case v.UntilRevision:
				c.Time = v.Until
			}
		}
	}
	return nil
}

// write writes one change: a line, or a document of JSON or YAML.
func (w *watcher) write(c watched) error {
	switch w.output {
	case "json":
		return json.NewEncoder(w.stdout).Encode(c)
	case "yaml":
		text, err := yaml.Marshal(c)
		if err == nil {
			_, err = fmt.Fprintf(w.stdout, "---\n%s", text)
		}
		return err
	}
	colour := map[string]string{"set": green, "del": red, "expired": red, "flush": red}[c.What]
	what := c.What
	if c.Version > 0 && c.What == "set" {
		what = fmt.Sprintf("set to version %d", c.Version)
	}
	line := fmt.Sprintf("%-8d  %s  %s  %s  %s", c.Revision, orDash(c.Time.String()), orDash(c.By), cmp.Or(c.Name, "everything"), what)
	if c.Reason != "" {
		line += "  (" + c.Reason + ")"
	}
	if !w.coloured() {
		colour = ""
	}
	_, err := io.WriteString(w.stdout, painted(line, colour)+"\n")
	return err
}
