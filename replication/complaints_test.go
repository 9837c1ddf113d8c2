package replication

import (
	"strconv"
	"testing"
	"time"
)

// One cause is complained about once a minute, others beside it, and no storm of them takes more than a bounded
// number of lines.
func TestOneCauseIsWorthOneLine(t *testing.T) {
	var c complaints
	now := time.Now()
	for _, step := range []struct {
		after time.Duration
		cause string
		worth bool
	}{
		{0, "a", true},
		{time.Second, "a", false},
		{time.Second, "b", true},
		{complainGap, "a", true},
		{complainGap + time.Second, "a", false},
	} {
		if got := c.worth(step.cause, now.Add(step.after)); got != step.worth {
			t.Errorf("after %v %q is worth a line: %v", step.after, step.cause, got)
		}
	}
	lines := 0
	for i := range 10 * maxComplaints {
		if c.worth(strconv.Itoa(i), now) {
			lines++
		}
	}
	if lines == 0 || lines > maxComplaints {
		t.Errorf("a storm takes %d lines", lines)
	}
	if !c.worth("later", now.Add(3*complainGap)) {
		t.Error("behind a storm nothing is worth a line")
	}
}
