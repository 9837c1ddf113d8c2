package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"confman/resp"

	"github.com/urfave/cli/v2"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "show all nodes of the cluster as they see themselves",
		Flags: p.clientFlags(&cli.BoolFlag{Name: "watch", Usage: "show it again every second until Ctrl-C", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			if c.Bool("watch") {
				return p.watchStatus(c)
			}
			return p.ask(c, p.status)
		},
	}
}

// watchEvery is how often a status that is watched is shown anew.
const watchEvery = time.Second

// watchStatus shows the status again and again: on a terminal in the same place, elsewhere one
// below the other with an empty line between. That nobody answers is shown too, since nodes come back.
func (p *program) watchStatus(c *cli.Context) error {
	between := "\n"
	if onTerminal(p.stdout) {
		between = "\x1b[H\x1b[J"
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		var shown bytes.Buffer
		once := *p
		once.stdout = &shown
		if err := once.ask(c, once.status); c.Context.Err() != nil {
			return nil
		} else if err != nil {
			fmt.Fprintf(&shown, "confman: %v\n", err)
		}
		if !first || between != "\n" {
			fmt.Fprint(p.stdout, between)
		}
		if _, err := p.stdout.Write(shown.Bytes()); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-c.Context.Done():
			return nil
		}
	}
}

// onTerminal reports whether people watch what is written.
func onTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// nodeStatus is how status shows a node.
type nodeStatus struct {
	Node     string `json:"node" yaml:"node"`
	Role     string `json:"role" yaml:"role"`
	RESP     string `json:"resp" yaml:"resp"`
	Raft     string `json:"raft" yaml:"raft"`
	Revision string `json:"revision" yaml:"revision"`
	Hash     string `json:"state_hash" yaml:"state_hash"`
	Contact  string `json:"leader_contact_ms" yaml:"leader_contact_ms"`
	Stale    string `json:"staleness_ms" yaml:"staleness_ms"`
	Health   string `json:"health" yaml:"health"`
	Version  string `json:"version" yaml:"version"`
	Error    string `json:"error,omitempty" yaml:"error,omitempty"`
}

func (p *program) status(n *node) error {
	asked, members, err := info(n)
	if err != nil {
		return err
	}
	led := asked["raft_leader"] != "0"
	var all []nodeStatus
	for _, m := range members {
		st := nodeStatus{Node: m["id"], RESP: m["resp"], Raft: m["raft"], Role: "unreachable"}
		fields := asked
		if m["id"] != asked["node_id"] {
			fields, err = p.infoOf(n.ctx, m["resp"])
		}
		if err != nil {
			st.Error, err = err.Error(), nil
		} else {
			st.Role, st.Revision, st.Hash = fields["raft_role"], fields["applied_revision"], fields["state_hash"]
			st.Contact, st.Stale = fields["leader_contact_ms"], fields["staleness_ms"]
			st.Version, st.Health = fields["confman_version"], fields["health"]
			led = led || fields["raft_leader"] != "0"
		}
		all = append(all, st)
	}
	err = p.show(all, func(w io.Writer) error { return statusTable(w, all) })
	if err == nil && !led {
		err = failure{exitNoQuorum, errors.New("no node knows a leader: reads work, writes wait for a majority of the nodes")}
	}
	return err
}

func statusTable(w io.Writer, all []nodeStatus) error {
	rows := [][]string{{"NODE", "ROLE", "RESP", "RAFT", "REVISION", "STATE_HASH", "CONTACT_MS", "STALE_MS", "HEALTH", "VERSION"}}
	for _, st := range all {
		row := []string{st.Node, st.Role, st.RESP, st.Raft, st.Revision, st.Hash, st.Contact, st.Stale, st.Health, st.Version}
		for i := range row {
			row[i] = orDash(row[i])
		}
		rows = append(rows, row)
	}
	return columns(w, rows)
}

// infoOf asks another node.
func (p *program) infoOf(ctx context.Context, addr string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	n, err := p.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	fields, _, err := info(n)
	return fields, err
}

// info returns the fields of a node's INFO confman, and those of its members' lines.
func info(n *node) (fields map[string]string, members []map[string]string, err error) {
	reply, err := n.do("INFO", "confman")
	if err != nil {
		return nil, nil, err
	}
	fields = map[string]string{}
	for line := range strings.Lines(fmt.Sprint(reply)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case !found:
		case strings.HasPrefix(name, "member"):
			m := map[string]string{}
			for pair := range strings.SplitSeq(value, ",") {
				k, v, _ := strings.Cut(pair, "=")
				m[k] = v
			}
			members = append(members, m)
		default:
			fields[name] = value
		}
	}
	if fields["node_id"] == "" {
		return nil, nil, fmt.Errorf("what answers there is no confman: %s", resp.Format(reply))
	}
	return fields, members, nil
}
