package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"confman/replication"
	"confman/resp"
)

// historyNode is a node with a config of two versions.
func historyNode(t *testing.T) (addr string) {
	t.Helper()
	addr = serveStore(t, &resp.Server{}, replication.Status{Leader: 2})
	for _, value := range []string{"1", "2"} {
		if got := confman(t, nil, "", "set a "+value+" -a "+addr); got != "" {
			t.Fatal(got)
		}
	}
	return addr
}

// Colours are for people who see them and want them.
func TestWhoSeesColours(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	for _, c := range []struct {
		out     io.Writer
		environ string
		plain   bool
		want    bool
	}{
		{terminal, "", false, true},
		{terminal, "NO_COLOR=", false, true},
		{terminal, "NO_COLOR=1", false, false},
		{terminal, "TERM=dumb", false, false},
		{terminal, "", true, false},
		{&lockedBuffer{}, "", false, false},
	} {
		p := &program{stdout: c.out, environ: []string{c.environ}, plain: c.plain}
		if got := p.coloured(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
		var b strings.Builder
		if err := p.writeDiff(&b, "--- a\n+++ b\n@@ -1 +1 @@\n-1\n+2\n x\n"); err != nil {
			t.Fatal(err)
		}
		want := "--- a\n+++ b\n@@ -1 +1 @@\n-1\n+2\n x\n"
		if c.want {
			want = bold + "--- a" + plain + "\n" + bold + "+++ b" + plain + "\n" + cyan + "@@ -1 +1 @@" + plain + "\n" + red + "-1" + plain + "\n" + green + "+2" + plain + "\n x\n"
		}
		if b.String() != want {
			t.Errorf("%+v: %q", c, b.String())
		}
	}
}

// Tables stand in the same columns with colours and without.
func TestPaintedColumns(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var tables [2]string
	for i, p := range []*program{{stdout: terminal}, {stdout: terminal, plain: true}} {
		var b strings.Builder
		rows := [][]string{{"NAME", "STATE"}, {"a", ""}, {"long name", "gone"}}
		err := p.paintColumns(&b, rows, func(row int) string { return []string{"", red}[row] })
		if err != nil {
			t.Fatal(err)
		}
		tables[i] = b.String()
	}
	if want := "NAME       STATE\na          -\nlong name  gone\n"; tables[1] != want {
		t.Errorf("%q", tables[1])
	}
	if want := bold + "NAME       STATE" + plain + "\na          -\n" + red + "long name  gone" + plain + "\n"; tables[0] != want {
		t.Errorf("%q", tables[0])
	}
}

// Who is asked says yes, or nothing happens.
func TestAgreed(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, " yes ": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		var asked lockedBuffer
		err := (&program{stdin: strings.NewReader(answer), stderr: &asked}).agreed("do it?")
		if (err == nil) != want || !strings.HasPrefix(asked.String(), "do it? [y/N] ") {
			t.Errorf("%q: %v, %q", answer, err, asked.String())
		}
	}
	p := &program{stdin: strings.NewReader("y\n"), stderr: io.Discard}
	if err := p.confirm("do it?"); err == nil || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody is there to ask: %v", err)
	}
	terminal, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	p.stdin = terminal
	if err := p.confirm("do it?"); err == nil || strings.Contains(err.Error(), "--yes") {
		t.Errorf("somebody is asked, and says nothing: %v", err)
	}
}
