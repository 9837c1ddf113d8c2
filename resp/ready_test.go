package resp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"confman/store"
)

// A pantry is a larder before a store with many namespaces of the same size.
type pantry struct {
	testing.TB
	larder
	node *laneNode
	out  []byte
	now  int64
}

func newPantry(t testing.TB, namespaces, configs int) *pantry {
	p := &pantry{TB: t, node: newLaneNode(false)}
	for ns := range namespaces {
		p.write(ns, configs)
	}
	return p
}

// write writes all configs of a namespace.
func (p *pantry) write(ns, configs int) {
	p.Helper()
	if _, err := p.node.Update(context.Background(), "default", func(tx *store.Tx) error {
		for i := range configs {
			if err := tx.Set(fmt.Sprintf("many/%05d/key%05d", ns, i), strings.Repeat("x", 100), 0); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		p.Fatal(err)
	}
}

// ask asks for a namespace, and reports whether the answer was ready.
func (p *pantry) ask(ns int) (ready bool) {
	p.Helper()
	name := fmt.Appendf(nil, "many/%05d", ns)
	p.now++
	_ = p.node.Glance(func(g store.Glance) {
		revision, _ := g.Revision(name)
		ready = p.find(name, revision, p.now) != nil
		var answered bool
		if p.out, answered = p.answer(p.out[:0], g, name, 2, p.now); !answered {
			p.Errorf("no answer for %s", name)
		}
	})
	return ready
}

// weighs checks that the larder counts right what it keeps, and keeps no more than it may.
func (p *pantry) weighs() {
	p.Helper()
	var size int64
	for name, r := range p.kept {
		size += int64(len(name) + len(r.body) + readyCost)
	}
	if size != p.size || size > p.most {
		p.Errorf("what is kept takes %d bytes, %d are counted, and %d allowed", size, p.size, p.most)
	}
}

// When more is asked for than there is room for, what is asked for often is ready, and the rest does not drive it out.
func TestWhatIsAskedForOftenIsReady(t *testing.T) {
	const often, seldom = 5, 100
	p := newPantry(t, often+seldom, 10)
	p.bound(20 << 10)
	for ns := range often + seldom {
		p.ask(often + seldom - 1 - ns) // these come too late
	}
	ready, all := 0, 0
	for round := range 40 * seldom {
		if round >= 20*seldom {
			all++
			if p.ask(round % often) {
				ready++
			}
		} else {
			p.ask(round % often)
		}
		p.ask(often + round%seldom)
		p.weighs()
	}
	if ready < all*9/10 {
		t.Errorf("of %d answers that are asked for often %d were ready", all, ready)
	}
	p.bound(0)
	if p.weighs(); len(p.kept) > 0 || p.ask(0) || p.ask(0) {
		t.Error("something is kept where nothing may be")
	}
}

// A namespace that has changed is answered as it is, and ready again at once: its place is free.
func TestWhatHasChangedIsReadyAgain(t *testing.T) {
	p := newPantry(t, 1, 10)
	p.bound(2 << 10)
	for _, configs := range []int{10, 11} {
		p.write(0, configs)
		if p.ask(0) || !p.ask(0) {
			t.Error("an answer is not ready the second time, or is the first time")
		}
		if want := fmt.Sprintf("*%d\r\n$8\r\nkey00000\r\n$100\r\nxx", 2*configs); !strings.HasPrefix(string(p.out), want) {
			t.Errorf("%.40q is answered, and not %.40q", p.out, want)
		}
		p.weighs()
	}
}

// What is not kept costs next to no memory to answer: a store's garbage is collected by walking over all that it has.
func TestAnswersThatAreNotKeptAreNoGarbage(t *testing.T) {
	p := newPantry(t, 1, 100)
	p.ask(0)
	name := []byte("many/00000")
	look := func(g store.Glance) { p.out, _ = p.answer(p.out[:0], g, name, 2, 1) }
	if got := testing.AllocsPerRun(100, func() { _ = p.node.Glance(look) }); got > 20 {
		t.Errorf("an answer that is not kept allocates %v times", got)
	}
}
