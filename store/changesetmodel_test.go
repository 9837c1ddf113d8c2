package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// model is what a store with changesets should hold, said as simply as can be.
type model struct {
	now     Millis
	configs map[string]modelConfig
	awaited []*modelChangeset
}

type modelConfig struct {
	value   string
	expires Millis
}

func (c modelConfig) live(now Millis) bool {
	return c.value != "" && (c.expires == 0 || now < c.expires)
}

type modelChangeset struct {
	deadline Millis
	before   map[string]modelConfig // of those that nobody has changed since
	names    map[string]bool
}

// write is what one command does; the value "" deletes.
func (m *model) write(name string, c modelConfig, own *modelChangeset) {
	if c.value == "" && !m.configs[name].live(m.now) {
		return
	}
	if own != nil {
		if _, again := own.before[name]; !again {
			own.before[name] = m.configs[name]
		}
	}
	for _, other := range m.awaited {
		delete(other.before, name)
	}
	m.configs[name] = c
}

func (m *model) show() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.configs)) {
		if m.configs[name].live(m.now) {
			fmt.Fprintf(&b, "%s=%s ", name, m.configs[name].value)
		}
	}
	return strings.TrimSpace(b.String())
}

// reap takes back what is overdue.
func (m *model) reap() {
	m.awaited = slices.DeleteFunc(m.awaited, func(c *modelChangeset) bool {
		if m.now < c.deadline {
			return false
		}
		for name, before := range c.before {
			m.configs[name] = before
		}
		return true
	})
}

// A modelled pair makes random changes to a store and to its model.
type modelled struct {
	*node
	model
	random *rand.Rand
	value  int
}

// command makes up a write to one of a few names.
func (p *modelled) command() (name string, c modelConfig) {
	name = fmt.Sprintf("ns/%c", 'a'+p.random.Intn(6))
	if p.random.Intn(3) == 0 {
		return name, modelConfig{}
	}
	p.value++
	c.value = fmt.Sprint(p.value)
	if p.random.Intn(3) == 0 {
		c.expires = p.node.now + Millis(1+p.random.Intn(40))
	}
	return name, c
}

// update makes up a transaction, and returns what it does to the store, and to the model if it goes through.
func (p *modelled) update() (do func(*Tx) error, carried func() *modelChangeset) {
	type write struct {
		name string
		modelConfig
	}
	var writes []write
	for range 1 + p.random.Intn(3) {
		name, c := p.command()
		writes = append(writes, write{name, c})
	}
	deadline := Millis(0)
	if p.random.Intn(3) == 0 {
		deadline = p.node.now + Millis(1+p.random.Intn(60))
	}
	do = func(tx *Tx) error {
		tx.Confirm(deadline)
		for _, w := range writes {
			if w.value == "" {
				tx.Delete(w.name)
			} else if err := tx.Set(w.name, w.value, w.expires); err != nil {
				return err
			}
		}
		return nil
	}
	return do, func() *modelChangeset {
		var own *modelChangeset
		if deadline > 0 {
			own = &modelChangeset{deadline: deadline, before: map[string]modelConfig{}, names: map[string]bool{}}
		}
		for _, w := range writes {
			p.model.write(w.name, w.modelConfig, own)
		}
		if own == nil || len(own.before) == 0 {
			return nil
		}
		for name := range own.before {
			own.names[name] = true
			if !own.before[name].live(p.model.now) && !p.model.configs[name].live(p.model.now) {
				delete(own.names, name) // it came and went
			}
		}
		if len(own.names) == 0 {
			return nil
		}
		p.model.awaited = append(p.model.awaited, own)
		return own
	}
}

// conflicts reports whether a name of the second changeset awaits confirmation by the model, apart from it.
func (m *model) conflicts(before *model, own *modelChangeset) bool {
	return slices.ContainsFunc(before.awaited, func(c *modelChangeset) bool {
		for name := range own.names {
			if c.names[name] {
				return true
			}
		}
		return false
	})
}

// fork copies the model.
func (m *model) fork() model {
	copied := model{now: m.now, configs: maps.Clone(m.configs)}
	for _, c := range m.awaited {
		copied.awaited = append(copied.awaited, &modelChangeset{c.deadline, maps.Clone(c.before), c.names})
	}
	return copied
}

// entry has a few transactions evaluated together, and those that have to wait behind them.
func (p *modelled) entry() {
	p.Helper()
	dos, carried := make([]Update, 1+p.random.Intn(4)), make([]func() *modelChangeset, 4)
	for i := range dos {
		dos[i].Do, carried[i] = p.update()
	}
	for len(dos) > 0 {
		done := 0
		p.seq++
		e := Entry{Node: 1, Seq: p.seq, At: p.node.now}
		_ = p.Evaluate(p.node.now, dos, func(i int, txn Txn, err error) bool {
			if errors.Is(err, ErrNextEntry) {
				return false
			}
			done++
			before := p.model.fork()
			own := carried[i]()
			if refused := own != nil && p.model.conflicts(&before, own); refused != errors.Is(err, ErrAwaited) {
				p.Fatalf("refused: %t, but: %v", refused, err)
			} else if refused {
				p.model = before
			} else if err != nil {
				p.Fatal(err)
			}
			e.Txns = append(e.Txns, txn)
			return true
		})
		if failed := strings.Trim(p.apply(e), ","); failed != "" {
			p.Fatalf("failed: %q", failed)
		}
		dos, carried = dos[done:], carried[done:]
	}
}

// confirmAny confirms one changeset, which goes through as long as its time is not up.
func (p *modelled) confirmAny() {
	var all []Changeset
	_ = p.View(p.node.now, func(tx *Tx) error { all = tx.Unconfirmed(); return nil })
	open := 0
	for _, c := range p.awaited {
		if p.model.now < c.deadline {
			open++
		}
	}
	if len(all) != open {
		p.Fatalf("%d await confirmation, want %d", len(all), open)
	}
	if open == 0 {
		return
	}
	i := p.random.Intn(open)
	if !p.confirm(all[i].Revision) {
		p.Fatalf("%+v could not be confirmed", all[i])
	}
	p.awaited = slices.DeleteFunc(p.awaited, func(c *modelChangeset) bool {
		if p.model.now < c.deadline {
			i--
			return i == -1
		}
		return false
	})
}

// Whatever is written, awaits confirmation, is confirmed and is taken back, in whatever order, the store holds what
// its model says.
func TestChangesetsAreAsTheirModel(t *testing.T) {
	takenBack := 0
	for seed := range int64(rounds(200)) {
		p := &modelled{node: newNode(t), random: rand.New(rand.NewSource(seed)), model: model{now: 1000, configs: map[string]modelConfig{}}}
		for range 60 {
			switch p.random.Intn(12) {
			case 0:
				p.confirmAny()
			case 1:
				if p.random.Intn(4) == 0 {
					p.do(func(tx *Tx) error { tx.Flush(); return nil })
					clear(p.configs)
					for _, c := range p.awaited {
						clear(c.before)
					}
				}
			case 2, 3:
				p.node.now += Millis(p.random.Intn(25))
				p.model.now = p.node.now
			case 4, 5:
				takenBack += len(p.awaited)
				p.pass(0)
				p.reap()
				takenBack -= len(p.awaited)
			default:
				p.entry()
			}
			if got, want := p.node.show(), p.model.show(); got != want {
				t.Fatalf("seed %d: there is %q, want %q", seed, got, want)
			}
		}
		_ = p.Close()
	}
	if takenBack < rounds(500) {
		t.Errorf("only %d changesets were taken back: this tests little", takenBack)
	}
}
