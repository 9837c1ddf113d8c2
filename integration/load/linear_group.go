package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// A group is the cells that some clients work on for a round, and the history of it.
type group struct {
	namespace string
	names     [cells]string // of the cells' configs

	mu        sync.Mutex
	history   []porcupine.Operation
	ambiguous int
	value     int64 // the last that anybody has written
	clients   int
}

func newGroup(namespace string) *group {
	g := &group{namespace: namespace}
	for i, name := range cellNames {
		g.names[i] = namespace + "/" + name
		if i >= fields {
			g.names[i] = namespace + "-" + name
		}
	}
	return g
}

// fresh returns a value that nobody has written yet.
func (g *group) fresh() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.value++
	return g.value
}

// client returns the number of a client that has done nothing yet: one that does not know what became of its
// last operation goes on under a new one.
func (g *group) client() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clients++
	return g.clients - 1
}

// never is when an operation ends of which nobody knows the outcome.
const never = int64(1) << 62

// add notes an operation. One that reads, and whose answer was lost, says nothing.
func (g *group) add(client int, o operation, call, back time.Duration, out outcome) {
	if out == nil && o.reads() {
		return
	}
	op := porcupine.Operation{ClientId: client, Input: o, Call: int64(call), Output: out, Return: int64(back)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if out == nil {
		op.Return = never
		g.ambiguous++
	}
	g.history = append(g.history, op)
}

// full reports whether the group has as many operations as it is to have, or as many unknown ones as can be
// checked in a moment.
func (g *group) full(most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.history) >= most || g.ambiguous >= mostAmbiguous
}

const mostAmbiguous = 24

// check looks for an order of the operations in which a single store would have answered as the nodes did. What
// it took for the picture is returned if there is none.
func (g *group) check(patience time.Duration) (porcupine.CheckResult, porcupine.LinearizationInfo) {
	g.mu.Lock()
	defer g.mu.Unlock()
	result := porcupine.CheckOperationsTimeout(model, g.history, patience)
	if result != porcupine.Illegal {
		return result, porcupine.LinearizationInfo{}
	}
	_, info := porcupine.CheckOperationsVerbose(model, g.history, patience)
	return result, info
}

// story tells where the history goes wrong: the end of the longest order that was found for a part of it, and the
// operations that should have come next.
func (g *group) story(info porcupine.LinearizationInfo) string {
	const before, behind = 12, 6
	var longest []porcupine.Operation
	for _, part := range info.PartialLinearizationsOperations() {
		for _, order := range part {
			if len(order) > len(longest) {
				longest = order
			}
		}
	}
	var b strings.Builder
	state, ordered := contents{}, map[string]bool{}
	for i, o := range longest {
		state, _ = o.Input.(operation).run(state)
		if ordered[tell(o)] = true; i >= len(longest)-before {
			b.WriteString(tell(o))
		}
	}
	fmt.Fprintf(&b, "\n  behind these there is %s, which does not go with any of", model.DescribeState(state))
	others := slices.DeleteFunc(slices.Clone(g.history), func(o porcupine.Operation) bool { return ordered[tell(o)] })
	slices.SortFunc(others, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	for _, o := range others[:min(len(others), behind)] {
		b.WriteString(tell(o))
	}
	return b.String()
}

// tell tells an operation in a line.
func tell(o porcupine.Operation) string {
	back := "for ever"
	if o.Return != never {
		back = time.Duration(o.Return).String()
	}
	return fmt.Sprintf("\n  client %d, from %v to %s: %s", o.ClientId, time.Duration(o.Call), back, model.DescribeOperation(o.Input, o.Output))
}
