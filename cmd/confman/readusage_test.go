package main

import (
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"confman/replication"
	"confman/resp"
)

// Who has read what outlives the process; a file that is damaged is not believed, and said so.
func TestUsageIsKept(t *testing.T) {
	dir := t.TempDir()
	var logged lockedBuffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	life := func(do func(environ []string)) *resp.Server {
		server := &resp.Server{}
		stop := keepUsage(server, dir, time.Hour, log)
		do([]string{"CONFMAN_RESP_ADDR=" + serveStore(t, server, replication.Status{})})
		stop()
		return server
	}
	first := life(func(environ []string) {
		confman(t, environ, "", "set a 1")
		confman(t, environ, "", "get a")
	})
	second := life(func(environ []string) {
		confman(t, environ, "", "set a 1")
		confman(t, environ, "", "get a")
	})
	if a, b := first.ReadUsage("a"), second.ReadUsage("a"); a.Count != 1 || b.Count != 2 || a.Since != b.Since {
		t.Errorf("%+v, and then %+v", a, b)
	}
	if logged.String() != "" {
		t.Error(logged.String())
	}
	path := filepath.Join(dir, usageFile)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	third := life(func(environ []string) { confman(t, environ, "", "set a 1") })
	if u := third.ReadUsage("a"); u.Count != 0 || u.Since < second.ReadUsage("a").Last {
		t.Errorf("%+v", u)
	}
	if !strings.Contains(logged.String(), "counted anew") || !strings.Contains(logged.String(), path) {
		t.Error(logged.String())
	}
}

// usageSince is a file of a server that knows of no reads since then.
func usageSince(unixMillis int) string {
	head := fmt.Sprintf("confman usage 1 since %d\n", unixMillis)
	return head + fmt.Sprintf("end 0 %08x\n", crc32.Checksum([]byte(head), crc32.MakeTable(crc32.Castagnoli)))
}

// What is known is written while the node runs, too, when there is anything new; where that fails, it is said, and the node goes on.
func TestUsageIsWrittenEveryWhile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	var logged lockedBuffer
	server := &resp.Server{}
	defer keepUsage(server, dir, time.Millisecond, slog.New(slog.NewTextHandler(&logged, nil)))()
	if err := server.LoadUsage(strings.NewReader(usageSince(7))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "that it cannot be written is said", func() bool { return strings.Contains(logged.String(), "could not be written") })
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is written", func() bool {
		content, err := os.ReadFile(filepath.Join(dir, usageFile))
		return err == nil && string(content) == usageSince(7)
	})
	if err := os.Remove(filepath.Join(dir, usageFile)); err != nil {
		t.Fatal(err)
	}
	if err := server.LoadUsage(strings.NewReader(usageSince(8))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is new is written", func() bool {
		content, err := os.ReadFile(filepath.Join(dir, usageFile))
		return err == nil && string(content) == usageSince(8)
	})
}

// Where nothing is read, nothing is written.
func TestUsageLetsTheDiskSleep(t *testing.T) {
	dir := t.TempDir()
	server := &resp.Server{}
	if err := server.LoadUsage(strings.NewReader(usageSince(7))); err != nil {
		t.Fatal(err)
	}
	if err := saveUsage(server, dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, usageFile)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	keepUsage(server, dir, time.Hour, slog.New(slog.DiscardHandler))() // it looks once more at the end
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written anew: %v", err)
	}
}

// Each node of a cluster tells what its clients have read.
func TestUsageOfACluster(t *testing.T) {
	all := threeMembers(t)
	confman(t, nil, "", "set us/api/timeout 30s -a "+all[0].addr)
	eventually(t, "all have it", func() bool {
		return confman(t, nil, "", "get us/api/timeout -a "+all[1].addr) == "30s\n"
	})
	n, err := (&program{}).dial(t.Context(), all[2].addr)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	reply, err := n.do("CONF", "USAGE", "us/api/timeout")
	if err != nil {
		t.Fatal(err)
	}
	shown := resp.Format(reply)
	for i, m := range all { // which number a node has depends on who joined first
		reads := 0
		if i == 1 {
			reads = 1
		}
		want := fmt.Sprintf(`"host"\n    4\) "%s"\n    5\) "since"\n    6\) \(integer\) \d+\n    7\) "last"\n    8\) \(integer\) \d+\n    9\) "reads"\n   10\) \(integer\) %d\n`, m.addr, reads)
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("there is no\n%s in\n%s", want, shown)
		}
	}
	if strings.Count(shown, "16) \"\"") != 3 {
		t.Errorf("%s", shown)
	}
}

// A question of a newer version is declined.
func TestUnknownQuestions(t *testing.T) {
	answer := answerQuestion(&resp.Server{})
	for _, question := range []string{`{}`, `{"usage":1}`, `{"weather":"x"}`} {
		if got, err := answer([]byte(question)); err == nil {
			t.Errorf("%s: %s", question, got)
		}
	}
	if got, err := answer([]byte(`{"usage":"a","more":1}`)); err != nil || !strings.Contains(string(got), `"reads":0`) {
		t.Errorf("%s, %v", got, err)
	}
}
