package resp

import (
	"sync"

	"confman/store"
)

// A larder keeps what HGETALL answers, ready to be sent, for as long as nothing in the namespace changes: its revision says so.
// The zero value is empty.
type larder struct {
	mu   sync.RWMutex
	kept map[string]ready // by namespace, the root being ""
	size int              // bytes
}

// ready are the configs of a namespace, encoded without a head.
type ready struct {
	revision uint64
	words    int // keys and values, in turn
	body     []byte
}

const (
	// maxLarder bounds what is kept, in bytes. When it is full, all goes: what is asked for comes again.
	maxLarder = 16 << 20
	// maxReady is how large one answer may be, in bytes, and maxReadyConfigs how many configs it may have.
	maxReady, maxReadyConfigs = 128 << 10, 1000
	// readyCost is about what an answer takes beside its bytes.
	readyCost = 100
)

// all returns the answer for a namespace, unless there is none, or it is too large.
func (l *larder) all(g store.Glance, namespace []byte) (ready, bool) {
	revision, found := g.Revision(namespace)
	if !found {
		return ready{}, false
	}
	l.mu.RLock()
	r, kept := l.kept[string(namespace)]
	l.mu.RUnlock()
	if kept && r.revision == revision {
		return r, r.words > 0
	}
	r, lasts := prepare(g, namespace)
	r.revision = revision
	if lasts {
		l.keep(string(namespace), r)
	}
	return r, r.words > 0
}

// prepare makes the answer for a namespace, which has no words if it is too large, or nothing can be seen there. It lasts
// until the namespace changes, unless something in it expires.
func prepare(g store.Glance, namespace []byte) (r ready, lasts bool) {
	lasts = true
	more, err := g.Items(namespace, maxReadyConfigs, func(item store.Item) {
		if len(r.body) <= maxReady {
			r.words += 2
			r.body = appendBulk(appendBulk(r.body, item.Key), item.Value)
		}
		lasts = lasts && item.Expires == 0
	})
	if err != nil || more || len(r.body) > maxReady {
		return ready{}, err == nil // whatever expires
	}
	return r, lasts
}

// clear forgets all answers.
func (l *larder) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept, l.size = nil, 0
}

// keep keeps an answer in place of an earlier one.
func (l *larder) keep(namespace string, r ready) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, kept := l.kept[namespace]; kept {
		l.size -= len(namespace) + len(old.body) + readyCost
		delete(l.kept, namespace)
	}
	size := len(namespace) + len(r.body) + readyCost
	if l.kept == nil || l.size+size > maxLarder {
		l.kept, l.size = map[string]ready{}, 0
	}
	l.kept[namespace] = r
	l.size += size
}
