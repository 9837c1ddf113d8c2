package promises

import (
	"fmt"
	"testing"
	"time"

	"confman/integration/ground"
)

// stamps counts a config up until the function is called that it returns, through all nodes by turns, and returns where the
// time that a write is stamped with is earlier than that of one before it.
func stamps(t *testing.T, h *ground.Host, at func() (int64, error), jump func()) (wrong []string) {
	t.Helper()
	last := int64(0)
	look := func() {
		for range 5 {
			now, err := at()
			if err != nil {
				t.Fatal(err)
			}
			if now < last {
				wrong = append(wrong, fmt.Sprintf("at %s it is %v, and was %v", h.Name, time.UnixMilli(now), time.UnixMilli(last)))
			}
			last = max(last, now)
		}
	}
	look()
	jump()
	look()
	return wrong
}

// Class 16: a clock that jumps by an hour brings back what has expired, drops what has not, or stops the cluster.
func TestClocksMayJump(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.Clocks = true
	if err := g.Can(ground.Clock); err != nil {
		t.Skip(err)
	}
	tell(t, g, "16_clocks.txt", only(counter(nil)))

	leads := g.Leader()
	jump := func() {
		leads.SetClock(-time.Hour)
		await(t, "its clock is set", func() bool {
			seconds, err := asks(leads, []any{"TIME"})
			words, _ := seconds.([]any)
			var at int64
			if err == nil && len(words) > 0 {
				_, _ = fmt.Sscan(fmt.Sprint(words[0]), &at)
			}
			return at > 0 && time.Since(time.Unix(at, 0)) > 50*time.Minute
		})
	}
	written := func() (int64, error) {
		answer, err := asks(leads, []any{"INCR", "clock/count"}, []any{"CONF", "META", "clock/count"})
		facts, _ := answer.(map[any]any)
		at, _ := facts["updated"].(int64)
		return at, err
	}
	holds(t, stamps(t, leads, written, jump))
	leads.SetClock(0)
	told := func() (int64, error) {
		answer, err := asks(leads, []any{"TIME"})
		words, _ := answer.([]any)
		var at int64
		if len(words) > 0 {
			_, _ = fmt.Sscan(fmt.Sprint(words[0]), &at)
		}
		return 1000 * at, err
	}
	await(t, "its clock is right", func() bool {
		at, err := told()
		return err == nil && time.Since(time.UnixMilli(at)) < time.Minute
	})
	noticed(t, "writes have the node's own time", stamps(t, leads, told, jump))
}

// Class 17: a disk that is full, fails, hangs or is read-only costs what was acknowledged, or the whole cluster.
func TestDisksMayFail(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.Disk = 96 << 20
	l := counter(nil)
	tell(t, g, "17_disks.txt", only(l))

	h := g.Host("n1")
	for _, h := range g.Hosts() {
		h.Kill()
	}
	h.Wipe()
	h.Start()
	l.Finish(t.Context(), []string{h.Addr})
	noticed(t, "all disks have lost everything", l.Report().Violations)
}
