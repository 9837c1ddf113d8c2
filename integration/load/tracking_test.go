package load

import (
	"testing"
	"time"
)

// On a cluster where all is well, the load finds nothing wrong; what it is told wrong it finds.
func TestTrackingLies(t *testing.T) {
	honest := &Tracking{Pause: 5 * time.Millisecond}
	all, loads := []*Tracking{honest}, []Load{honest}
	for _, lie := range TrackingLies() {
		l := &Tracking{Lie: lie, Pause: 20 * time.Millisecond}
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
	t.Logf("%d invalidations", honest.Invalidations())
}
