package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
	"confman/store"

	"github.com/tidwall/buntdb"
)

// small is a backup of a few configs, and the revision it is of.
func small(t *testing.T) (content []byte, revision uint64) {
	t.Helper()
	local := memberStore(t)
	fill(t, local)
	return frame(t, local.Store), local.Store.Applied()
}

// fill sets three configs, each in an entry of its own.
func fill(t *testing.T, local *transcript.Local) {
	t.Helper()
	for _, name := range []string{"prod/api/timeout", "prod/api/retries", "plain"} {
		_, err := local.Update(t.Context(), "ann", func(tx *store.Tx) error { return tx.Set(name, "of "+name, 0) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// frame is a store as one frame.
func frame(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Snapshot().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// nodeFile makes the data directory of a node that does not run, whose file has several frames.
func nodeFile(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := store.Open(store.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, &transcript.Local{Store: s})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// in lists what is in a directory.
func in(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// A backup is what BuntDB opens, for its owner alone.
func TestBackupsAreBuntDBFiles(t *testing.T) {
	local := memberStore(t)
	fill(t, local)
	addr := serveStore(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot}, replication.Status{})
	file := filepath.Join(t.TempDir(), "b.db")
	if got := confman(t, nil, "", "backup "+file+" --addr "+addr); !strings.HasPrefix(got, file+": revision 4, 3 configs, ") {
		t.Fatal(got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if !bytes.Equal(read(t, file), frame(t, local.Store)) {
		t.Error("it is not what the node holds")
	}
	db, err := buntdb.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *buntdb.Tx) error {
		value, err := tx.Get("cprod/api\x00timeout")
		if !strings.HasSuffix(value, "of prod/api/timeout") {
			t.Errorf("BuntDB finds %q", value)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// On standard output is the backup and nothing else; if it fails, nothing at all.
func TestBackupsToStandardOutput(t *testing.T) {
	content, revision := small(t)
	for _, c := range []struct {
		answers []string
		out     string
		says    string
	}{
		{[]string{begun(revision), bulk(content), "$-1\r\n"}, string(content), "-: revision 4, 3 configs, "},
		{[]string{begun(revision), bulk(content[:100])}, "", "confman: the node hung up before the end of the backup\n"},
	} {
		var stdout, stderr bytes.Buffer
		run(t.Context(), []string{"backup", "-", "--addr", answering(t, c.answers)}, nil, strings.NewReader(""), &stdout, &stderr)
		if stdout.String() != c.out || !strings.HasPrefix(stderr.String(), c.says) {
			t.Errorf("%d bytes, want %d; %s", stdout.Len(), len(c.out), stderr.String())
		}
	}
}

// A backup of a data directory is the state that the node had, in one frame, and nothing in
// the directory changes.
func TestBackupsOfADataDirectory(t *testing.T) {
	data, dir := nodeFile(t), t.TempDir()
	db, file := filepath.Join(data, store.FileName), filepath.Join(dir, "b.db")
	whole := read(t, db)
	if got := confman(t, nil, "", "backup "+file+" --data-dir "+data); !strings.HasPrefix(got, file+": revision 3, 3 configs, ") {
		t.Error(got)
	}
	was, err := openStore(data)
	if err != nil {
		t.Fatal(err)
	}
	defer was.Close()
	if sum, err := checkBackup(file, read(t, file)); err != nil || sum.StateHash != was.StateHash || sum.Revision != was.Revision {
		t.Errorf("%+v, %v; the node had %+v", sum, err, was.summary)
	}
	if in(t, data) != store.FileName || !bytes.Equal(read(t, db), whole) {
		t.Error("the data directory has changed")
	}
}

// Of a damaged data directory a backup has what is whole, if that is what is wanted, and
// says what is lost.
func TestBackupsOfADamagedDataDirectory(t *testing.T) {
	data, dir := nodeFile(t), t.TempDir()
	db, file := filepath.Join(data, store.FileName), filepath.Join(dir, "b.db")
	whole := read(t, db)
	damaged := append(bytes.Clone(whole), "*3\r\n$3\r\nset\r\n"...)
	write(t, db, damaged)
	line := "backup " + file + " --data-dir " + data
	want := fmt.Sprintf("confman: %s is damaged from byte %d on: --force backs up what is before, without the last 13 of its %d bytes\n[exit 1]\n", db, len(whole), len(damaged))
	if got := confman(t, nil, "", line); got != want || in(t, dir) != "" {
		t.Errorf("%s, want %s; left: %s", got, want, in(t, dir))
	}
	want = fmt.Sprintf("confman: warning: the last 13 of the %d bytes of %s are damaged, and not in the backup\n%s: revision 3, 3 configs, ", len(damaged), db, file)
	if got := confman(t, nil, "", line+" --force"); !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
	if got := confman(t, nil, "", "inspect "+data+" plain"); !strings.HasPrefix(got, fmt.Sprintf("confman: warning: %s is damaged from byte %d on of", db, len(whole))) {
		t.Error(got)
	}
	if got := read(t, db); !bytes.Equal(got, damaged) {
		t.Error("the damaged file has changed")
	}
	write(t, db, whole[:5])
	if got := confman(t, nil, "", line+" --force"); !strings.Contains(got, "none of its 5 bytes can be used") {
		t.Error(got)
	}
}
