package load

import (
	"testing"
	"time"
)

// On a cluster where all is well, the load finds nothing wrong; what it is told wrong it finds.
func TestNotifyLies(t *testing.T) {
	honest := &Notify{Pause: 10 * time.Millisecond}
	all, loads := []*Notify{honest}, []Load{honest}
	for _, lie := range NotifyLies() {
		l := &Notify{Lie: lie, Pause: 20 * time.Millisecond}
		all, loads = append(all, l), append(loads, l)
	}
	together(t, three(t), func() bool {
		for _, l := range all {
			r := l.Report()
			if l.Lie != nil && len(r.Violations) == 0 || l.Lie == nil && r.Checked < 2_000 {
				return false
			}
		}
		return true
	}, loads...)
	for _, l := range all {
		finds(t, l.Lie, l.Report())
	}
	if n := honest.Connections(); n != 6 {
		t.Errorf("%d connections", n)
	}
}
