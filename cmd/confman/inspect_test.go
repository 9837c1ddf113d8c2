package main

import (
	"path/filepath"
	"strings"
	"testing"

	"confman/resp/transcript"
	"confman/store"
)

// inspected makes a file of what an update leaves behind, and inspects it.
func inspected(t *testing.T, at store.Millis, set func(*store.Tx) error, words string) string {
	t.Helper()
	s := store.OpenMemory()
	var txn store.Txn
	err := s.Evaluate(at, []store.Update{{By: "ann", Do: set}}, func(_ int, made store.Txn, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		txn = made
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := store.Entry{Node: 1, Seq: 1, At: at, Txns: []store.Txn{txn}}
	if _, err := s.Apply([]store.Indexed{{Index: 9, Entry: entry}}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "f")
	write(t, file, frame(t, s))
	return confman(t, nil, "", "inspect "+file+" "+words)
}

// What had not expired at the last write is there, however long ago that was.
func TestInspectJudgesByTheTimeOfTheFile(t *testing.T) {
	const at = 1_600_000_000_000
	got := inspected(t, at, func(tx *store.Tx) error { return tx.Set("a/b", "\xff\x00", at+60_000) }, "a/b")
	const want = `name      a/b
value     /wA= (base64)
version   1
revision  9
created   2020-09-13T12:26:40.000Z
updated   2020-09-13T12:26:40.000Z
by        ann
expires   2020-09-13T12:27:40.000Z
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// No value is shown unless its name is given: not in the summary, nor in a listing.
func TestInspectShowsNoOtherValues(t *testing.T) {
	set := func(tx *store.Tx) error { return tx.Set("db/password", "hunter2", 0) }
	for _, words := range []string{"", "-o json", "-o yaml", "/", "db", "db -o json", "/ -o yaml", "db/pass", "db/password/x"} {
		if got := inspected(t, 1, set, words); strings.Contains(got, "hunter2") {
			t.Errorf("%s shows\n%s", words, got)
		}
	}
	if got := inspected(t, 1, set, "db/password"); !strings.Contains(got, "hunter2") {
		t.Errorf("the name shows\n%s", got)
	}
}

// A node may run meanwhile: its file is one of a node, whole, and stays as it is.
func TestInspectWhileANodeHasTheFile(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	local := &transcript.Local{Store: s}
	fill(t, local)
	if got := confman(t, nil, "", "inspect "+dir); !strings.Contains(got, "condition   whole\n") || !strings.Contains(got, "revision    3\n") {
		t.Error(got)
	}
	if _, err := local.Update(t.Context(), "ann", func(tx *store.Tx) error { return tx.Set("plain", "more", 0) }); err != nil {
		t.Fatal(err)
	}
	if got := confman(t, nil, "", "inspect "+dir+" plain"); !strings.Contains(got, "value     more\n") {
		t.Error(got)
	}
}
