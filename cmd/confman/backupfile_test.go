package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func begun(revision uint64) string { return fmt.Sprintf("*2\r\n$8\r\nrevision\r\n:%d\r\n", revision) }
func bulk(b []byte) string         { return fmt.Sprintf("$%d\r\n%s\r\n", len(b), b) }

// answering is a server that gives one answer to each command, and hangs up on the next.
func answering(t *testing.T, answers []string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			command := make([]byte, 1<<10)
			for _, answer := range answers {
				if _, err := c.Read(command); err != nil {
					break
				}
				_, _ = io.WriteString(c, answer) // the client may have gone
			}
			_ = c.Close()
		}
	}()
	return ln.Addr().String()
}

// Whatever goes wrong in the middle of a backup, nothing is left of it, and an older backup
// stays as it is.
func TestBackupsThatFailLeaveNothing(t *testing.T) {
	content, revision := small(t)
	first, second, changed := content[:200], content[200:], bytes.Clone(content)
	changed[len(changed)/2]++
	for _, c := range []struct {
		what    string
		answers []string
		says    string
	}{
		{"no backup begins", nil, "the node hung up"},
		{"the node ends at once", []string{begun(revision)}, "the node hung up"},
		{"the node ends half-way", []string{begun(revision), bulk(first)}, "the node hung up"},
		{"the node ends within a piece", []string{begun(revision), bulk(content)[:300]}, "the node hung up"},
		{"the node ends before it says that this was all", []string{begun(revision), bulk(first), bulk(second)}, "the node hung up"},
		{"a piece is missing", []string{begun(revision), bulk(second), "$-1\r\n"}, "none of its"},
		{"pieces come twice", []string{begun(revision), bulk(content), bulk(second), "$-1\r\n"}, "damaged from byte"},
		{"the end is missing", []string{begun(revision), bulk(first), "$-1\r\n"}, "none of its"},
		{"a bit is wrong", []string{begun(revision), bulk(changed), "$-1\r\n"}, "none of its"},
		{"the revision is another", []string{begun(revision + 1), bulk(content), "$-1\r\n"}, "it is of revision 4, not 5"},
		{"nothing is in it", []string{begun(revision), "$-1\r\n"}, "is empty"},
		{"it is refused", []string{"-ERR this server gives no backups\r\n"}, "this server gives no backups"},
		{"it breaks off", []string{begun(revision), bulk(first), "-TRYAGAIN gone\r\n"}, "TRYAGAIN gone"},
		{"it is no backup", []string{"+OK\r\n"}, "BACKUP START answers OK"},
		{"its pieces are none", []string{begun(revision), ":1\r\n"}, "BACKUP READ answers (integer) 1"},
	} {
		dir := t.TempDir()
		line := "backup " + filepath.Join(dir, "b.db") + " --addr " + answering(t, c.answers)
		if got := confman(t, nil, "", line); !strings.Contains(got, c.says) || !strings.Contains(got, "[exit ") {
			t.Errorf("%s: it does not say %q:\n%s", c.what, c.says, got)
		}
		if left := in(t, dir); left != "" {
			t.Errorf("%s: it leaves %s", c.what, left)
		}
		write(t, filepath.Join(dir, "b.db"), []byte("older"))
		confman(t, nil, "", line+" --force")
		if left := in(t, dir); left != "b.db" || string(read(t, filepath.Join(dir, "b.db"))) != "older" {
			t.Errorf("%s: over an older backup it leaves %s", c.what, left)
		}
	}
	// The answers would do, if they were those of a backup.
	file := filepath.Join(t.TempDir(), "b.db")
	confman(t, nil, "", "backup "+file+" --addr "+answering(t, []string{begun(revision), bulk(first), bulk(second), "$-1\r\n"}))
	if !bytes.Equal(read(t, file), content) {
		t.Error("what comes in two pieces is not put together")
	}
}

// Ctrl-C leaves nothing either.
func TestBackupsThatAreInterruptedLeaveNothing(t *testing.T) {
	_, revision := small(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		command := make([]byte, 1<<10)
		_, _ = c.Read(command) // START
		_, _ = io.WriteString(c, begun(revision))
		_, _ = c.Read(command) // READ: the file is there by now
		interrupt()
		_, _ = c.Read(command) // until the client hangs up
	}()
	dir := t.TempDir()
	var out lockedBuffer
	code := run(ctx, []string{"backup", filepath.Join(dir, "b.db"), "--addr", ln.Addr().String()}, nil, strings.NewReader(""), &out, &out)
	if left := in(t, dir); code != exitFailure || left != "" {
		t.Errorf("exit code %d; left: %q; %s", code, left, out.String())
	}
}

// Half a backup, of another process or of one that was killed, is in the way, unless it is
// said that it is not.
func TestHalfABackupIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "b.db")
	line := "backup " + file + " --data-dir " + nodeFile(t)
	write(t, file+newSuffix, []byte("half"))
	if got := confman(t, nil, "", line); !strings.Contains(got, "b.db.new is there already") || !strings.HasSuffix(got, "[exit 4]\n") {
		t.Error(got)
	}
	if string(read(t, file+newSuffix)) != "half" {
		t.Error("it was changed")
	}
	if got := confman(t, nil, "", line+" --force"); strings.Contains(got, "[exit") {
		t.Error(got)
	}
	if left := in(t, dir); left != "b.db" {
		t.Errorf("left: %s", left)
	}
}

// Two backups to one place at a time: the first notices that its file has gone.
func TestABackupWhoseFileIsTaken(t *testing.T) {
	content, revision := small(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "b.db")
	_, err := backupToFile(t.Context(), file, false, func(w io.Writer) (uint64, error) {
		_, err := backupToFile(t.Context(), file, true, func(w io.Writer) (uint64, error) {
			_, err := w.Write(content)
			return revision, err
		})
		if err != nil {
			t.Error(err)
		}
		write(t, file+newSuffix, content) // the next one
		_, err = w.Write(content)
		return revision, err
	})
	if err == nil || !strings.Contains(err.Error(), "was replaced or removed meanwhile") {
		t.Error(err)
	}
	if !bytes.Equal(read(t, file), content) {
		t.Error("the backup that went through is not there")
	}
}
