package store

import (
	"cmp"
	"sort"

	"github.com/tidwall/btree"
)

// What has expired looks gone to whoever reads. It is removed by a transaction like any other,
// which somebody has to propose: so the store keeps, in memory only, in which order its configs
// expire.

// A deadline is when the config at a key of the database expires.
type deadline struct {
	at  Millis
	key string
}

// A due is a set of deadlines, in the order of their times.
type due struct{ *btree.BTreeG[deadline] }

func newDue() due {
	return due{btree.NewBTreeGOptions(func(a, b deadline) bool {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key)) < 0
	}, btree.Options{NoLocks: true})}
}

// passed returns how many of them have passed.
func (d due) passed(now Millis) int {
	if first, some := d.Min(); !some || now < first.at {
		return 0
	}
	return sort.Search(d.Len(), func(i int) bool {
		item, _ := d.GetAt(i)
		return now < item.at
	})
}

// expiries are the deadlines of all configs that have one.
type expiries struct{ clients, system due }

func newExpiries() expiries { return expiries{newDue(), newDue()} }

// of returns the set that a key belongs to.
func (x expiries) of(key string) due {
	if systemKey(key) {
		return x.system
	}
	return x.clients
}

// A move adds a deadline to the expiries, or takes it away.
type move struct {
	deadline
	sign int
}

func (x expiries) apply(moves []move) {
	for _, m := range moves {
		if m.sign > 0 {
			x.of(m.key).Set(m.deadline)
		} else {
			x.of(m.key).Delete(m.deadline)
		}
	}
}

// next returns when the next config expires, or zero if none does.
func (x expiries) next() Millis {
	c, some := x.clients.Min()
	s, more := x.system.Min()
	if !some || more && s.at < c.at {
		return s.at
	}
	return c.at
}

// NextExpiry returns how many milliseconds after the given time the next config expires, unless
// an entry is applied before. It is zero for one that has expired and was not removed yet, by the
// store's time: the given one, or the latest that an applied entry carried if that is later.
func (s *Store) NextExpiry(now Millis) (left Millis, some bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch at := s.expiries.next(); {
	case at == 0:
		return 0, false
	case at <= max(now, s.clock):
		return 0, true
	default:
		return at - now, true
	}
}

// Expired returns how many configs that had expired were removed or written over since the store
// was opened, and not deleted by a flush.
func (s *Store) Expired() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.expired
}

// Reap removes configs that have expired, the system's too, up to a limit, and returns how many.
// They look gone before and after: the transaction is refused if one of them was set anew. A changeset that
// nobody has confirmed in time is taken back before, in a transaction of its own.
func (tx *Tx) Reap(limit int) (n int) {
	if tx.takeBackOverdue() {
		return 1
	}
	for _, d := range []due{tx.store.expiries.system, tx.store.expiries.clients} {
		d.Scan(func(d deadline) bool {
			if n == limit || tx.now < d.at {
				return false
			}
			if rec, found := loadRecord(tx.src, d.key); found && !rec.live(tx.now) {
				tx.guard(d.key, 0)
				tx.write(Write{Name: configName(d.key), Delete: true})
				n++
			}
			return true
		})
	}
	return n
}

// Expiring returns how many configs have an expiry, and how much time is left for them on
// average, in milliseconds: of more than a thousand, for a thousand of them that are spread evenly over
// the order in which they expire. What this transaction and those before it in its entry have
// written does not count.
func (tx *Tx) Expiring() (n int, meanLeft Millis) {
	const samples = 1000
	due := tx.store.expiries.clients
	gone := due.passed(tx.now)
	if n = due.Len() - gone; n == 0 {
		return 0, 0
	}
	sampled := min(n, samples)
	var sum float64
	for i := range sampled {
		item, _ := due.GetAt(gone + (2*i+1)*n/(2*sampled))
		sum += float64(item.at - tx.now)
	}
	return n, Millis(sum / float64(sampled))
}
