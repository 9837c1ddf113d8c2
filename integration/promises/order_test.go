package promises

import (
	"fmt"
	"sync"
	"testing"

	"confman/integration/ground"
)

// differences asks each node the same, and returns what one answers otherwise than the first.
func differences(t *testing.T, hosts []*ground.Host, questions ...[]any) (wrong []string) {
	t.Helper()
	for _, q := range questions {
		first, err := asks(hosts[0], q)
		if err != nil {
			t.Errorf("%v: %v", q, err)
		}
		for _, h := range hosts[1:] {
			if answer, err := asks(h, q); err != nil || fmt.Sprint(answer) != fmt.Sprint(first) {
				wrong = append(wrong, fmt.Sprintf("%v is answered by %s %v (%v), and by %s %v", q, hosts[0].Name, first, err, h.Name, answer))
			}
		}
	}
	return wrong
}

// law are changes of what holds for all clients and nodes, of which the last one counts.
func law(n int) [][]any {
	return [][]any{
		{"NS", "SET", "law", "DESCRIPTION", fmt.Sprint("text ", n), "KEEP", 10 + n},
		{"NS", "RULE", "law", "port", fmt.Sprintf("numeric,max=%d", 1000+n)},
		{"NS", "SET", "law/below", "QUOTA", 10 + n, 1000 + n},
		{"CONFIG", "SET", "notify-keyspace-events", []string{"KEA", "Kx", "Eg"}[n%3]},
		{"SET", "law/port", 1 + n},
		{"CONFIG", "SET", "audit-bytes", (1 + n) << 20},
	}
}

var lawQuestions = [][]any{
	{"NS", "GET", "law"},
	{"NS", "GET", "law/below"},
	{"GET", "law/port"},
	{"NS", "RULE", "law"},
	{"CONFIG", "GET", "notify-keyspace-events"},
	{"CONFIG", "GET", "audit-bytes"},
}

// Class 14: what is changed for all at once, be it rules, quotas or settings, is changed in another order at another node.
func TestRulesChangeInOneOrder(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	hosts := g.Found(3)
	var work sync.WaitGroup
	changes := func(h *ground.Host, from int) {
		for n := range 15 {
			for _, words := range law(from + 3*n) {
				_, _ = asks(h, words) // its leader may be gone
			}
		}
	}
	for i, h := range hosts {
		work.Go(func() { changes(h, i) })
	}
	leads := g.Leader()
	leads.Kill()
	leads.Start()
	work.Wait()
	for i, h := range hosts {
		h.Eventually("it takes part", h.TakesPart)
		work.Go(func() { changes(h, i) })
	}
	work.Wait()
	g.Settled()
	all := append(lawQuestions, []any{"CONF", "CHAIN", "SINCE", 1, "COUNT", 1000})
	holds(t, differences(t, hosts, all...))

	t.Run("control", func(t *testing.T) {
		g := newGround(t)
		two := []*ground.Host{g.Host("n1"), g.Host("n2")}
		for i, h := range two {
			h.Start() // a cluster of its own
			for _, n := range []int{i, 1 - i} {
				for _, words := range law(n) {
					if _, err := asks(h, words); err != nil {
						t.Fatalf("%v: %v", words, err)
					}
				}
			}
		}
		for _, q := range lawQuestions {
			noticed(t, fmt.Sprintf("changes come in another order: %v", q), differences(t, two, q))
		}
	})
}
