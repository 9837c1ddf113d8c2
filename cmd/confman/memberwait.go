package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"confman/resp"
)

// askEvery is how often a command that waits looks at how far things have come.
const askEvery = 200 * time.Millisecond

// errWaiting ends the waiting of a command that was interrupted.
var errWaiting = errors.New("the waiting has ended, and nothing is lost: what was asked for goes on by itself, and confman member list shows how far it is")

// await waits until a goal is reached, and shows the progress on standard error. Whoever was asked first may
// be away meanwhile, or gone for good: then the others are asked.
func (p *program) await(n *node, before []map[string]string, done goal) error {
	addrs := []string{n.addr}
	for _, m := range before {
		if !slices.Contains(addrs, m["resp"]) {
			addrs = append(addrs, m["resp"])
		}
	}
	bar := &progressBar{w: p.stderr}
	if f, isFile := p.stderr.(*os.File); isFile {
		bar.terminal = isTerminal(f)
	}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		if v, seen := p.look(n.ctx, addrs); seen {
			text, reached := done(v)
			bar.show(text)
			if reached {
				bar.end()
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-n.ctx.Done():
			bar.end()
			return errWaiting
		}
	}
}

// look asks the first node that answers, and that is still a member.
func (p *program) look(ctx context.Context, addrs []string) (v view, seen bool) {
	for _, addr := range addrs {
		asking, cancel := context.WithTimeout(ctx, time.Second)
		v, err := p.viewOf(asking, addr)
		cancel()
		if err == nil {
			v.info = func(m map[string]string) map[string]string {
				fields, err := p.infoOf(ctx, m["resp"])
				if err != nil || fields["node_id"] != m["id"] {
					return nil
				}
				return fields
			}
			return v, true
		}
	}
	return view{}, false
}

var errNoView = errors.New("the node knows no leader, or copies the state")

// viewOf asks a node what it knows. One that knows no leader, or that copies the state, may know old news
// alone, or nothing.
func (p *program) viewOf(ctx context.Context, addr string) (v view, err error) {
	n, err := p.dial(ctx, addr)
	if err != nil {
		return v, err
	}
	defer n.Close()
	fields, _, err := info(n)
	if err != nil {
		return v, err
	}
	if fields["raft_leader"] == "0" || fields["loading"] == "1" {
		return v, errNoView
	}
	if v.leader = fields["applied_revision"]; fields["raft_leader"] != fields["node_id"] {
		if led, err := p.infoOf(ctx, fields["raft_leader_addr"]); err == nil {
			v.leader = led["applied_revision"]
		}
	}
	v.members, err = n.members()
	return v, err
}

// members returns what a node knows of each member.
func (n *node) members() (all []map[string]string, err error) {
	reply, err := n.do("MEMBER", "LIST")
	if err != nil {
		return nil, err
	}
	list, fine := reply.([]resp.Reply)
	for _, each := range list {
		pairs, err := texts(each)
		if fine = fine && err == nil && len(pairs)%2 == 0; !fine {
			break
		}
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		all = append(all, m)
	}
	if !fine {
		return nil, fmt.Errorf("MEMBER LIST answers %s", resp.Format(reply))
	}
	return all, nil
}

// text sends a command that answers a text.
func (n *node) text(words ...string) (string, error) {
	reply, err := n.do(words...)
	if err != nil {
		return "", err
	}
	text, fine := reply.(string)
	if !fine {
		return "", fmt.Errorf("%s %s answers %s", words[0], words[1], resp.Format(reply))
	}
	return text, nil
}

// grouped writes a number with commas, as people read large ones.
func grouped(digits string) string {
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// A progressBar shows how far things have come: in one line of a terminal, or else in a line per change.
type progressBar struct {
	w        io.Writer
	terminal bool
	shown    string
}

func (b *progressBar) show(text string) {
	if text == "" || text == b.shown {
		return
	}
	b.shown = text
	if b.terminal {
		fmt.Fprintf(b.w, "\r\x1b[K%s", text)
	} else {
		fmt.Fprintln(b.w, text)
	}
}

// end leaves the last line where it is.
func (b *progressBar) end() {
	if b.terminal && b.shown != "" {
		fmt.Fprintln(b.w)
	}
}
