package resp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// usageOf returns what a server knows of a name, but for since when.
func usageOf(s *resp.Server, name string) resp.ReadUsage {
	u := s.ReadUsage(name)
	u.Since = 0
	return u
}

// What answers with what configs hold counts, for those for which there was something; what reads a
// namespace counts for that.
func TestWhatCountsAsARead(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	s := &resp.Server{Now: func() time.Time { return now }}
	c := dial(t, serve(t, s))
	at := now.UnixMilli()
	for _, line := range []string{"MSET u/a 1 u/b 2 u/empty ''", "SET top x"} {
		do(t, c, line)
	}
	for _, step := range []struct{ line, counted string }{
		{"GET u/a", "u/a"},
		{"GET u/empty", "u/empty"},
		{"GET u/none", ""},
		{"GET u", ""}, // WRONGTYPE
		{"MGET u/a u/none u/b", "u/a u/b"},
		{"HGET u a", "u/a"},
		{"HGET / top", "top"},
		{"HMGET u none b a", "u/b u/a"},
		{"STRLEN u/a", "u/a"},
		{"STRLEN u/none", ""},
		{"HSTRLEN u a", "u/a"},
		{"GETRANGE u/a 0 0", "u/a"},
		{"SUBSTR u/none 0 0", ""},
		{"LCS u/a u/b", ""}, // nothing in common
		{"LCS u/a u/a", "u/a u/a"},
		{"DIGEST u/a", "u/a"},
		{"GETEX u/a PERSIST", "u/a"},
		{"GETSET u/a 1", "u/a"},
		{"SET u/a 1", ""},
		{"SET u/a 1 GET", "u/a"},
		{"HGETEX u PERSIST FIELDS 2 a none", "u/a"},
		{"HGETALL u", "u"},
		{"HGETALL /", "/"},
		{"HKEYS u", "u"},
		{"HVALS u", "u"},
		{"HVALS v", ""},
		{"HRANDFIELD u", "u"},
		{"HSCAN u 0", "u"},
		{"HSCAN v 0", ""},
		{"HGETDEL u FIELDS 1 a", "u/a"},
		{"GETDEL u/b", "u/b"},
		{"INCR u/a", ""},
		{"EXISTS u/a", ""},
		{"HEXISTS u a", ""},
		{"HLEN u", ""},
		{"TTL u/a", ""},
		{"TYPE u/a", ""},
		{"DUMP u/a", ""},
		{"OBJECT ENCODING u/a", ""},
		{"SCAN 0", ""},
		{"KEYS *", ""},
		{"CONF USAGE u/a", ""},
	} {
		names := []string{"u", "/", "u/a", "u/b", "u/empty", "u/none", "v", "top"}
		want := map[string]resp.ReadUsage{}
		now = now.Add(time.Second)
		at += 1000
		for _, name := range names {
			u := usageOf(s, name)
			for _, counted := range strings.Fields(step.counted) {
				switch {
				case counted == name:
					u.Last, u.Count = at, u.Count+1
				case counted == "u" && strings.HasPrefix(name, "u/"), counted == "/" && !strings.Contains(name, "/"):
					u.NamespaceLast, u.NamespaceCount = at, u.NamespaceCount+1
				}
			}
			want[name] = u
		}
		answer := do(t, c, step.line)
		for _, name := range names {
			if got := usageOf(s, name); got != want[name] {
				t.Errorf("%s answers %s: of %s %+v, want %+v", step.line, answer, name, got, want[name])
			}
		}
	}
}

// What is read within a transaction counts when it is carried out.
func TestReadsWithinATransaction(t *testing.T) {
	s := &resp.Server{}
	c := dial(t, serve(t, s))
	for _, line := range []string{"SET u/a 1", "MULTI", "GET u/a"} {
		do(t, c, line)
	}
	if got := s.ReadUsage("u/a").Count; got != 0 {
		t.Errorf("%d reads before EXEC", got)
	}
	do(t, c, "EXEC")
	for _, line := range []string{"MULTI", "GET u/a", "SET u/b 2", "EXEC"} {
		do(t, c, line)
	}
	if got := s.ReadUsage("u/a").Count; got != 2 {
		t.Errorf("%d reads, want 2", got)
	}
}

// What is known survives a restart; what was damaged on the way is not taken up.
func TestUsageIsSavedAndLoaded(t *testing.T) {
	s := &resp.Server{}
	c := dial(t, serve(t, s))
	for _, line := range []string{"SET u/a 1", "SET 'with space' 2", "GET u/a", "GET u/a", "GET 'with space'", "HGETALL u"} {
		do(t, c, line)
	}
	var file bytes.Buffer
	if err := s.SaveUsage(&file); err != nil {
		t.Fatal(err)
	}
	saved := file.String()
	next := &resp.Server{}
	if err := next.LoadUsage(strings.NewReader(saved)); err != nil {
		t.Fatal(err)
	}
	d := dial(t, serve(t, next))
	for _, name := range []string{"u/a", "with space", "u", "none"} {
		if got, want := next.ReadUsage(name), s.ReadUsage(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	do(t, d, "SET u/a 1")
	do(t, d, "GET u/a")
	if got := next.ReadUsage("u/a").Count; got != 3 {
		t.Errorf("%d reads, want 3", got)
	}
	lines := strings.SplitAfter(saved, "\n")
	for _, damaged := range []string{
		"", "\n", saved[:len(saved)-1], saved[:len(saved)/2], saved + "\n", lines[0], strings.Join(lines[1:], ""),
		strings.Replace(saved, "u/a", "u/b", 1), strings.Replace(saved, "usage 1", "usage 2", 1),
	} {
		fresh := &resp.Server{}
		if err := fresh.LoadUsage(strings.NewReader(damaged)); err == nil || fresh.ReadUsage("u/a").Count != 0 {
			t.Errorf("%q: %v, %+v", damaged, err, fresh.ReadUsage("u/a"))
		}
	}
	if err := s.SaveUsage(brokenWriter{}); err == nil {
		t.Error("an error of the disk is lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// The form on disk is as it was.
func TestUsageFileFormat(t *testing.T) {
	const golden = "confman usage 1 since 1790000000000\n1790000001000 42 prod/api/timeout\n1790000002000 1 with space\nend 2 "
	s := &resp.Server{}
	if err := s.LoadUsage(strings.NewReader(golden + "db42958a\n")); err != nil {
		t.Fatal(err)
	}
	want := resp.ReadUsage{Since: 1790000000000, Last: 1790000001000, Count: 42}
	if got := s.ReadUsage("prod/api/timeout"); got != want {
		t.Errorf("%+v", got)
	}
	if got := s.ReadUsage("with space"); got.Last != 1790000002000 || got.Count != 1 {
		t.Errorf("%+v", got)
	}
}

func FuzzLoadUsage(f *testing.F) {
	var empty bytes.Buffer
	if err := (&resp.Server{}).SaveUsage(&empty); err != nil {
		f.Fatal(err)
	}
	f.Add(empty.Bytes())
	f.Add([]byte("confman usage 1 since 5\n1 2 a\nend 1 00000000\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &resp.Server{}
		if s.LoadUsage(bytes.NewReader(content)) != nil {
			return
		}
		var again bytes.Buffer
		if err := s.SaveUsage(&again); err != nil {
			t.Fatal(err)
		}
		if err := (&resp.Server{}).LoadUsage(&again); err != nil {
			t.Errorf("%q is loaded, and what is saved of it is not: %v", content, err)
		}
	})
}

// All nodes answer, and one that could not be asked says why.
func TestUsageOfAllNodes(t *testing.T) {
	s := &resp.Server{}
	s.Usage = func(_ context.Context, name string) []resp.Usage {
		return []resp.Usage{
			{Node: 1, Host: "h1:1", ReadUsage: s.ReadUsage(name)},
			{Node: 2, Host: "h2:2", Err: errors.New("connection refused")},
		}
	}
	c := dial(t, serve(t, s))
	do(t, c, "SET u/a 1")
	do(t, c, "GET u/a")
	got := do(t, c, "CONF USAGE u/a")
	u := s.ReadUsage("u/a")
	for _, want := range []string{
		fmt.Sprintf(`1)  1) "node"
    2) (integer) 1
    3) "host"
    4) "h1:1"
    5) "since"
    6) (integer) %d
    7) "last"
    8) (integer) %d
    9) "reads"
   10) (integer) 1
`, u.Since, u.Last),
		`2)  1) "node"
    2) (integer) 2
    3) "host"
    4) "h2:2"
`, `"connection refused"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nhas no\n%s", got, want)
		}
	}
}
