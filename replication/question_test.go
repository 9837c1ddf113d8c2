package replication

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// inquisitive starts three nodes that answer questions, between which connections can be cut; the third
// declines.
func inquisitive(t *testing.T) (*cluster, *fences) {
	c, f := newCluster(t), &fences{apart: map[string]bool{}}
	for i := range 3 {
		join := ""
		if len(c.nodes) > 0 {
			join = c.nodes[0].Raft.Addr().String()
		}
		n := c.node(t.TempDir(), join)
		n.dial = f.dialFrom(n.Raft.Addr().String())
		n.Asked = func(question []byte) ([]byte, error) {
			if i == 2 {
				return nil, errors.New("it is none of your business")
			}
			return fmt.Appendf(nil, `{"node":%d,"asked":%s}`, i+1, question), nil
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
	}
	c.votersAre(1, 2, 3)
	return c, f
}

// All others are asked, and each answers, declines, or cannot be asked; nobody is waited for longer than
// there is time.
func TestNodesAskEachOther(t *testing.T) {
	c, f := inquisitive(t)
	ask := func(n *Node) []Answer {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return n.Ask(ctx, json.RawMessage(`{"name":"a"}`))
	}
	answers := ask(c.nodes[0])
	if len(answers) != 2 || answers[0].ID != 2 || answers[1].ID != 3 {
		t.Fatalf("%+v", answers)
	}
	if text := string(answers[0].Text); answers[0].Err != nil || text != `{"node":2,"asked":{"name":"a"}}` {
		t.Errorf("%s, %v", text, answers[0].Err)
	}
	if err := answers[1].Err; !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "none of your business") {
		t.Errorf("%v", err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if answers := ask(c.nodes[2]); answers[0].Err != nil || answers[1].Err != nil {
				t.Errorf("%+v", answers)
			}
		})
	}
	all.Wait()
	f.put(c.nodes[1], true)
	began := time.Now()
	answers = ask(c.nodes[0])
	if took := time.Since(began); answers[0].Err == nil || answers[1].Err == nil || took > 10*time.Second {
		t.Errorf("%+v after %v", answers, took)
	}
	c.stop(c.nodes[2])
	if answers = ask(c.nodes[0]); answers[1].Err == nil {
		t.Errorf("%+v", answers)
	}
}
