package promises

import (
	"slices"
	"testing"
	"time"

	"confman/integration/load"
)

// enough is how much loads check, or are told, while they are told a lie: no more than they need to notice.
const enough = 5000

// Class 11: a change is missing in the feed, comes twice, or comes late; so does a notification; and nobody is told that
// something is missing.
func TestStreamsAreWhole(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	feed := &load.Feed{Pause: 20 * time.Millisecond, Nap: time.Second}
	notify := &load.Notify{Pause: 20 * time.Millisecond}
	tell(t, g, "11_streams.txt", only(feed, notify))
	if n := feed.Report().Checked; n < 500 {
		t.Errorf("only %d changes were checked", n)
	}
	if n := notify.Report().Checked; n < 500 {
		t.Errorf("only %d notifications were checked", n)
	}
	for _, lie := range load.FeedLies() {
		if slices.Contains([]string{"a change is swallowed", "a change is told twice", "two changes are swapped"}, lie.Name) {
			l := &load.Feed{Lie: lie, Pause: 10 * time.Millisecond, Nap: time.Second}
			noticed(t, lie.Name, works(t, l, g.Addrs(), checked(l, enough)))
		}
	}
	for _, lie := range load.NotifyLies()[:2] {
		l := &load.Notify{Lie: lie, Pause: 10 * time.Millisecond}
		noticed(t, lie.Name, works(t, l, g.Addrs(), checked(l, enough)))
	}
}

// Class 12: a client that keeps what it has read is not told that it has changed.
func TestCachesAreTold(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	l := &load.Tracking{Pause: 20 * time.Millisecond}
	tell(t, g, "12_caches.txt", only(l))
	if n := l.Report().Checked; n < 100 {
		t.Errorf("only %d reads were checked", n)
	}
	for _, lie := range load.TrackingLies()[:2] {
		l := &load.Tracking{Lie: lie, Pause: 10 * time.Millisecond}
		told := func() bool { return l.Invalidations() >= enough } // what it reads while writers stand still shows no lie
		noticed(t, lie.Name, works(t, l, g.Addrs(), told))
	}
}

// checked returns what reports whether a load has checked so much.
func checked(l load.Load, n int64) func() bool { return func() bool { return l.Report().Checked >= n } }
