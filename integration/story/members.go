package story

import (
	"context"
	"fmt"
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
		if out, err := through.Try("member", verb, id, "--addr", through.Addr); err != nil {
			return fmt.Errorf("%s$ confman member %s %s: %w: %s", through.Name, verb, id, err, out)
		}
		return nil
	}
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
