package replication

import (
	"sync"
	"time"
)

// complaints are what was complained about in the log within the last minute: one cause is worth one line.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time // by cause
}

// maxComplaints bounds the causes that are remembered: more of them are a storm, in which a line more tells nobody anything.
const maxComplaints = 256

// worth reports whether a cause is worth a line now.
func (c *complaints) worth(cause string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, known := c.last[cause]; known && now.Sub(last) < complainGap {
		return false
	}
	for old, last := range c.last {
		if now.Sub(last) >= complainGap {
			delete(c.last, old)
		}
	}
	if len(c.last) >= maxComplaints {
		return false
	}
	if c.last == nil {
		c.last = map[string]time.Time{}
	}
	c.last[cause] = now
	return true
}
