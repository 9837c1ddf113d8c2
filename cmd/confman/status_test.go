package main

import (
	"context"
	"strings"
	"testing"
)

// What watches a status gets it again and again, with an empty line between where it is no
// terminal, and also what is wrong; Ctrl-C is a good end.
func TestStatusIsWatched(t *testing.T) {
	m := serveUntilEnd(t, "")
	addr := m.addr
	eventually(t, "it answers", func() bool { return m.info(t)["raft_role"] == "leader" })
	for _, e := range []struct {
		args  []string
		shown string
	}{
		{[]string{"status", "--watch", "--addr", addr}, "NODE  ROLE"},
		{[]string{"status", "--watch", "--addr", freeAddr(t)}, "confman: nobody answers at 127.0.0.1:"},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var out, errs lockedBuffer
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, e.args, nil, strings.NewReader(""), &out, &errs) }()
		eventually(t, "it is shown twice", func() bool { return strings.Count(out.String(), e.shown) >= 2 })
		cancel()
		if code := <-ended; code != 0 || errs.String() != "" {
			t.Errorf("%q ended with %d: %s", e.args, code, errs.String())
		}
		if got := out.String(); !strings.HasPrefix(got, e.shown) || !strings.Contains(got, "\n\n"+e.shown) || strings.Contains(got, "\x1b") {
			t.Errorf("%q shows\n%s", e.args, got)
		}
	}
}
