package story

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"confman/integration/ground"
)

// member has another node ask for a change of the cluster's members that concerns a host.
func member(verb string) func(*Teller, []string) error {
	return func(t *Teller, args []string) error {
		hosts, err := t.hosts(args[:1])
		if err != nil {
			return err
		}
		h := hosts[0]
		id, through := t.ids[h], t.other(h)
		if now := h.Info()["node_id"]; now != "" {
			id = now
		}
		if id == "" || through == nil {
			return fmt.Errorf("%s %s: its number is not known, or nobody is there to ask", verb, h.Name)
		}
		words := []string{"member", verb, id, "--addr", through.Addr}
		if t.trying && verb != "lead" {
			words = append(words, "--no-wait")
		}
		if out, err := through.Try(words...); err != nil {
			return fmt.Errorf("%s$ confman member %s %s: %w: %s", through.Name, verb, id, err, out)
		}
		return nil
	}
}

// votes waits until a node has a vote and is meant to have it, and promotes it if it is not: a demotion goes on by itself
// when whoever asked for it has given up waiting.
func votes(t *Teller, args []string) error {
	hosts, err := t.hosts(args)
	for _, h := range hosts {
		h.Eventually("it votes", func() bool {
			through := t.other(h)
			if through == nil {
				return false
			}
			m, known := memberAt(through, h.Raft)
			if known && m.Meant != "voter" {
				_, _ = through.Try("member", "promote", m.Node, "--addr", through.Addr) // or the next time
			}
			return known && m.Meant == "voter" && (m.Role == "voter" || m.Role == "leader") && h.TakesPart()
		})
	}
	return err
}

// A listed member is a row of confman member list.
type listed struct {
	Node, Role, Meant, Raft string
}

// memberAt returns the member with a raft address, as a node lists it.
func memberAt(through *ground.Host, raft string) (m listed, known bool) {
	out, err := through.Try("member", "list", "--addr", through.Addr, "--output", "json")
	var all []listed
	if err == nil {
		err = json.Unmarshal([]byte(out), &all)
	}
	at := slices.IndexFunc(all, func(m listed) bool { return m.Raft == raft })
	if err != nil || at < 0 {
		return listed{}, false
	}
	return all[at], true
}

// transfer asks the node itself, so that it knows at once that it leads.
func transfer(t *Teller, args []string) error { return member("lead")(t, args) }

func join(t *Teller, args []string) error {
	h := t.Ground.Host(args[0])
	flags := []string{}
	if len(args) > 1 {
		flags = append(flags, "--"+args[1])
	}
	through := t.other(h)
	if through == nil {
		return fmt.Errorf("join %s: there is no node to join", h.Name)
	}
	h.Start("--join", through.Token(flags...))
	h.Eventually("it is a member", func() bool {
		role := h.Info()["raft_role"]
		return (h.TakesPart() || role == "non-voter") && h.Info()["loading"] == "0"
	})
	t.ids[h] = h.Info()["node_id"]
	return nil
}

// replace waits until the node's place is taken and the one before is no member any more.
func replace(t *Teller, args []string) error {
	hosts, err := t.hosts(args[:1])
	if err != nil {
		return err
	}
	through := t.other(hosts[0])
	if through == nil {
		return fmt.Errorf("replace %s: there is no other node", hosts[0].Name)
	}
	hosts[0].Replace(through)
	return nil
}

// remove removes a node, and its machine with it: a removed node cannot be started again.
func remove(t *Teller, args []string) error {
	hosts, err := t.hosts(args[:1])
	if err != nil {
		return err
	}
	h := hosts[0]
	if now := h.Info()["node_id"]; now != "" {
		t.ids[h] = now
	}
	if err := member("remove")(t, args); err != nil {
		return err
	}
	h.Kill()
	h.Wipe()
	return nil
}

// writes waits until a write goes through a node.
func (t *Teller) writes(h *ground.Host) {
	client := h.Client()
	defer client.Close()
	h.Eventually("a write goes through it", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return client.Set(ctx, "story/progress", h.Name, 0).Err() == nil
	})
}
