package load

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/integration/ground"
)

// together has loads work side by side for a while, and then finishes them.
func together(t *testing.T, addrs []string, until func() bool, loads ...Load) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for i, l := range loads {
		all.Go(func() { l.Run(ctx, addrs, uint64(i)) })
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); !until(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Error("never: there is enough to check")
			stop()
			all.Wait()
			return
		}
	}
	stop()
	all.Wait()
	for _, l := range loads {
		if len(l.Report().Violations) == 0 { // or it has found enough
			all.Go(func() { l.Finish(t.Context(), addrs) })
		}
	}
	all.Wait()
}

// finds checks that a load has found something wrong if it was lied to, and nothing if not.
func finds(t *testing.T, lie *Lie, r Report) {
	t.Helper()
	switch {
	case lie == nil && len(r.Violations) > 0:
		t.Errorf("nothing is wrong, and it was found: %q", r.Violations)
	case lie != nil && len(r.Violations) == 0:
		t.Errorf("%s, and nobody has noticed: %v", lie.Name, r)
	case lie != nil:
		t.Logf("%s: %.300q", lie.Name, r.Violations[0])
	default:
		t.Logf("no lie: %v", r)
	}
}

// startNodes starts so many nodes, on the ground that costs least.
func startNodes(t *testing.T, n int) (addrs []string) {
	t.Setenv("CONFMAN_GROUND", "processes")
	g := ground.New(t)
	g.Found(n)
	return g.Addrs()
}

// On a cluster where all is well, the load finds nothing wrong; what it is told wrong it finds.
func TestFeedLies(t *testing.T) {
	honest := &Feed{Pause: 10 * time.Millisecond, Nap: 200 * time.Millisecond}
	feeds, loads := []*Feed{honest}, []Load{honest}
	for _, lie := range FeedLies() {
		f := &Feed{Lie: lie, Pause: time.Second, Nap: 200 * time.Millisecond}
		feeds, loads = append(feeds, f), append(loads, f)
	}
	together(t, three(t), func() bool { return honest.Report().Checked > 10_000 && honest.Moves() > 3 }, loads...)
	for _, f := range feeds {
		finds(t, f.Lie, f.Report())
	}
}

// A consumer that is away too long is told so, reads anew, and goes on as well as others.
func TestFeedResyncs(t *testing.T) {
	addrs := startNodes(t, 1)
	honest := &Feed{Keep: 1 << 20, Pause: 10 * time.Millisecond, Nap: 500 * time.Millisecond}
	liar := &Feed{Lie: FeedLieGone(), Pause: 10 * time.Millisecond, Nap: time.Second}
	client := Client(addrs[0], nil)
	defer client.Close()
	n, long := 0, strings.Repeat("x", 900) // so that few are many bytes
	together(t, addrs, func() bool {
		var others []any
		for range 100 {
			n++
			others = append(others, fmt.Sprintf("others/%d/%s", n%1000, long), n)
		}
		if err := client.MSet(t.Context(), others...).Err(); err != nil {
			t.Error(err)
		}
		return honest.Resyncs() >= 2 && len(liar.Report().Violations) > 0 || len(honest.Report().Violations) > 0
	}, honest, liar)
	finds(t, nil, honest.Report())
	finds(t, liar.Lie, liar.Report())
	if liar.Resyncs() > 0 {
		t.Error("the lie was not told")
	}
	t.Logf("%d resyncs", honest.Resyncs())
}
