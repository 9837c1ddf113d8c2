package resp

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"confman/store"
)

// A larder keeps what HGETALL answers, ready to be sent, for as long as nothing in the namespace changes: its revision says so.
// The zero value is empty, and keeps nothing before it is told how much it may.
type larder struct {
	mu   sync.RWMutex
	most int64             // bytes that it keeps
	kept map[string]*ready // by namespace, the root being ""
	size int64             // bytes
	late int               // how many answers found it full
}

// ready are the configs of a namespace, encoded without a head.
type ready struct {
	revision uint64
	words    int // keys and values, in turn; none if the lane has no answer
	body     []byte
	asked    atomic.Int64 // when it was asked for last, in Unix milliseconds
}

const (
	// mostReady is how many bytes of answers are kept unless somebody says otherwise.
	mostReady = 16 << 20
	// maxReady is how large one answer may be, in bytes, and maxReadyConfigs how many configs it may have.
	maxReady, maxReadyConfigs = 128 << 10, 1000
	// readyCost is about what an answer takes beside its bytes.
	readyCost = 150
	// admits is of how many answers that find the larder full one is kept. When more is asked for than there is room for, most
	// of what is kept goes before it is asked for again, and is garbage; what is asked for often gets in all the same.
	admits = 16
	// candidates are of how many the one goes that was asked for longest ago.
	candidates = 5
)

// answer appends what HGETALL answers for a namespace, in a version of the protocol, and reports whether it has: not if
// there is nothing, or it is too large. The time is in Unix milliseconds.
func (l *larder) answer(out []byte, g store.Glance, namespace []byte, protocol int, at int64) ([]byte, bool) {
	revision, found := g.Revision(namespace)
	if !found {
		return out, false
	}
	if r := l.find(namespace, revision, at); r != nil {
		if r.words == 0 {
			return out, false
		}
		return append(appendPairs(out, r.words, protocol), r.body...), true
	}
	begin := len(out)
	out, words, lasts := prepare(out, g, namespace)
	if lasts {
		l.keep(namespace, &ready{revision: revision, words: words}, out[begin:], at)
	}
	var head [16]byte
	if words > 0 {
		out = slices.Insert(out, begin, appendPairs(head[:0], words, protocol)...)
	}
	return out, words > 0
}

// appendPairs appends the head of a reply of so many keys and values.
func appendPairs(out []byte, words, protocol int) []byte {
	return appendHead(out, pick(protocol, "*", "%")[0], words/(protocol-1))
}

// prepare appends the configs of a namespace, and returns how many words they are: none if that is too large, or nothing can be seen
// there. It lasts until the namespace changes, unless something in it expires.
func prepare(out []byte, g store.Glance, namespace []byte) (_ []byte, words int, lasts bool) {
	lasts = true
	begin := len(out)
	more, err := g.Items(namespace, maxReadyConfigs, func(item store.Item) {
		if len(out)-begin <= maxReady {
			words += 2
			out = appendBulk(appendBulk(out, item.Key), item.Value)
		}
		lasts = lasts && item.Expires == 0
	})
	if err != nil || more || len(out)-begin > maxReady {
		return out[:begin], 0, err == nil // whatever expires
	}
	return out, words, lasts
}

// find returns what is kept for a namespace at a revision, or nil.
func (l *larder) find(namespace []byte, revision uint64, at int64) *ready {
	l.mu.RLock()
	r := l.kept[string(namespace)]
	l.mu.RUnlock()
	if r == nil || r.revision != revision {
		return nil
	}
	if r.asked.Load() != at { // whoever only looks leaves the processors' caches alone
		r.asked.Store(at)
	}
	return r
}

// keep keeps an answer with a copy of its body in place of an earlier one. If others would have to go for it, that is not sure.
func (l *larder) keep(namespace []byte, r *ready, body []byte, at int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(string(namespace))
	size := int64(len(namespace) + len(body) + readyCost)
	if l.size+size > l.most {
		if l.late++; l.late%admits != 0 || size > l.most {
			return
		}
		l.shrink(l.most - size)
	}
	if l.kept == nil {
		l.kept = map[string]*ready{}
	}
	r.body = slices.Clone(body)
	r.asked.Store(at)
	l.kept[string(namespace)] = r
	l.size += size
}

// bound has the larder keep so many bytes from now on.
func (l *larder) bound(most int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = most
	l.shrink(most)
}

// shrink has answers go until the others take no more than so many bytes. The lock is held.
func (l *larder) shrink(most int64) {
	for l.size > most {
		l.drop(l.stalest())
	}
}

// stalest returns the namespace of which the answer was asked for longest ago, of a few. The lock is held.
func (l *larder) stalest() (namespace string) {
	oldest, seen := int64(math.MaxInt64), 0
	for name, r := range l.kept { // it begins anywhere
		if at := r.asked.Load(); at < oldest {
			namespace, oldest = name, at
		}
		if seen++; seen == candidates {
			break
		}
	}
	return namespace
}

// drop has the answer for a namespace go, if there is one. The lock is held.
func (l *larder) drop(namespace string) {
	if r, kept := l.kept[namespace]; kept {
		l.size -= int64(len(namespace) + len(r.body) + readyCost)
		delete(l.kept, namespace)
	}
}

// clear forgets all answers.
func (l *larder) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept, l.size = nil, 0
}
