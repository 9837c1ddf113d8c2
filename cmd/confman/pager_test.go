package main

import (
	"os"
	"strings"
	"testing"
)

// A pager shows what it is given, is told how to be less if it is that, and may end when it likes.
func TestPage(t *testing.T) {
	for _, c := range []struct {
		pager, want string
		environ     []string
	}{
		{"cat", "one\ntwo\n", nil},
		{"sed s/^/+/", "+one\n+two\n", nil},
		{"head -n 1", "one\n", nil},
		{"echo $LESS; exit 3", "FRX\n", nil},
		{"echo $LESS", "S\n", []string{"LESS=S"}},
		{"nosuchpager", "one\ntwo\n", nil},
	} {
		var out, failed lockedBuffer
		p := &program{environ: append([]string{"PATH=" + os.Getenv("PATH")}, c.environ...), stdout: &out, stderr: &failed}
		if err := p.page(c.pager, []byte("one\ntwo\n")); err != nil || out.String() != c.want {
			t.Errorf("%s: %v, %q, want %q", c.pager, err, out.String(), c.want)
		}
	}
}

// $PAGER is asked first; what is no terminal is not paged.
func TestPager(t *testing.T) {
	for _, c := range []struct{ environ, want string }{{"PAGER=more", "more"}, {"PAGER= ", ""}, {"PAGER=cat -A", "cat -A"}} {
		if got := (&program{environ: []string{c.environ}}).pager(); got != c.want {
			t.Errorf("%q: %q", c.environ, got)
		}
	}
	addr := historyNode(t)
	if got := confman(t, []string{"PAGER=echo paged"}, "", "history a -a "+addr); strings.Contains(got, "paged") || !strings.Contains(got, "current") {
		t.Error(got)
	}
}
