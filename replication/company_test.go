package replication

import (
	"testing"
	"time"
)

// lateLog has an update come while an entry waits for company.
type lateLog struct {
	raftLog
	queue chan<- *update
	asked int
}

func (l *lateLog) leader() (bool, <-chan struct{}) {
	if l.asked++; l.asked == 2 {
		l.queue <- &update{}
	}
	return true, nil
}

// Whoever has just been answered and comes back in time shares the next entry with those who wait. An entry does not wait
// for who does not come.
func TestAnEntryWaitsForCompanyAndNotForLong(t *testing.T) {
	for _, c := range []struct {
		company int
		left    time.Duration
		want    int
	}{{1, time.Hour, 1}, {2, time.Hour, 2}, {3, -time.Hour, 2}} {
		waiting := &committer{now: time.Now, company: c.company, until: time.Now().Add(c.left)}
		waiting.init()
		waiting.log = &lateLog{queue: waiting.queue}
		signal(waiting.applied) // wakes it up, so that it looks again
		if got := waiting.gather(t.Context(), []*update{{}}, false); len(got) != c.want {
			t.Errorf("%+v: %d updates share the entry", c, len(got))
		}
	}
}
