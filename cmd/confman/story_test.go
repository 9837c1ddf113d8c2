package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// serveStore serves a store without peers, which says of itself what a status says.
func serveStore(t *testing.T, s *resp.Server, st replication.Status) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	if s.Node == nil {
		local := transcript.NewLocal()
		s.Node, s.Snapshot = local, local.Store.Snapshot
	}
	s.AuditTime = time.Hour // revisions are what the test makes them
	st.Stale = 250 * time.Millisecond
	st.Cluster, st.ID, st.Role, st.Applied, st.Hash = "c1", 1, "follower", 7, "00ff"
	st.Profile = "edge"
	st.Members = []replication.Member{
		{ID: 1, RESP: addr, Raft: "127.0.0.1:1", Voter: true},
		{ID: 2, RESP: "127.0.0.1:1", Raft: "127.0.0.1:2"}, // nobody listens there
	}
	s.Version, s.Facts = "v9", func() []resp.Fact { return facts(st) }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return addr
}

// confman runs a command line and returns what it prints, and its exit code if that is not 0.
func confman(t *testing.T, environ []string, stdin, line string) string {
	t.Helper()
	words, err := resp.SplitLine(line)
	if err != nil {
		t.Fatal(err)
	}
	var out lockedBuffer
	code := run(t.Context(), words, environ, strings.NewReader(stdin), &out, &out)
	shown := out.String()
	if shown != "" && !strings.HasSuffix(shown, "\n") {
		shown += "\n"
	}
	if code != 0 {
		shown += fmt.Sprintf("[exit %d]\n", code)
	}
	return shown
}

// The stories in testdata are what a person sees in a shell: lines with a dollar are typed,
// those below are printed. NODE is the node's address, DIR a directory, and < gives the
// standard input. TIME, HASH, CLIENT and SIZE stand for what differs each time.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tell(t, string(content), shell(t))
		})
	}
}

// shell returns what types a line at a node of its own.
func shell(t *testing.T) (typed func(line, stdin string) string) {
	local, dir := memberStore(t), t.TempDir()
	addr := serveStore(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot}, replication.Status{Leader: 2, LeaderAddr: "127.0.0.1:1", Voters: 1})
	environ := []string{"CONFMAN_RESP_ADDR=" + addr, "CONFMAN_CONFIG=" + emptyFile(t)}
	return func(line, stdin string) string {
		shown := confman(t, environ, stdin, strings.ReplaceAll(line, "DIR/", dir+"/"))
		return steady(strings.NewReplacer(currentVersion(), "dev", addr, "NODE", dir, "DIR").Replace(shown))
	}
}

// steady puts words into the place of what differs each time.
func steady(shown string) string {
	shown = sizes.ReplaceAllStringFunc(clients.ReplaceAllString(shown, "CLIENT"), func(s string) string {
		return digits.ReplaceAllString(s, "SIZE")
	})
	return quotedHash.ReplaceAllString(hashes.ReplaceAllString(times.ReplaceAllString(shown, "TIME"), "HASH"), "${1}HASH")
}

var (
	times  = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)`)
	hashes = regexp.MustCompile(`\b[0-9a-f]{16}([0-9a-f]{48})?\b`)
	// YAML quotes a hash that could be a number.
	quotedHash = regexp.MustCompile(`(?m)^(\s*\w+: )"HASH"$`)
	// clients are the addresses of connections: the kernel picks their ports.
	clients = regexp.MustCompile(`\b127\.0\.0\.1:\d{5}\b`)
	// sizes are those of files, in which such addresses stand.
	sizes  = regexp.MustCompile(`\b(whole_)?bytes"?:?\s+\d{3,}|\d{3,} bytes`)
	digits = regexp.MustCompile(`\d+`)
)

// memberStore is a node whose store says of which cluster it is.
func memberStore(t *testing.T) *transcript.Local {
	t.Helper()
	local := transcript.NewLocal()
	_, err := local.Update(t.Context(), "system", func(tx *store.Tx) error {
		return errors.Join(
			tx.Set("confman/cluster", `{"cluster":"00c1","generation":2}`, 0),
			tx.Set("confman/nodes/1", `{"host":"h1","raft":"127.0.0.1:1","resp":"127.0.0.1:6479"}`, 0),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	return local
}

// tell types the lines of a story and compares what follows each.
func tell(t *testing.T, story string, typed func(line, stdin string) string) {
	t.Helper()
	steps := strings.Split("\n"+story, "\n$ confman")
	for _, step := range steps[1:] {
		line, want, _ := strings.Cut(step, "\n")
		command, stdin, _ := strings.Cut(line, " < ")
		var kept []string
		for _, w := range strings.Split(want, "\n") {
			if !strings.HasPrefix(w, "# ") {
				kept = append(kept, strings.TrimRight(w, " "))
			}
		}
		var got []string
		for _, g := range strings.Split(typed(command, stdin), "\n") {
			got = append(got, strings.TrimRight(g, " "))
		}
		want = strings.TrimSpace(strings.Join(kept, "\n"))
		if shown := strings.TrimSpace(strings.Join(got, "\n")); shown != want {
			t.Errorf("$ confman%s\n%s\nwant\n%s", line, shown, want)
		}
	}
}

// refusing is a node whose writes end with an error.
type refusing struct {
	*transcript.Local
	err error
}

func (r refusing) Update(context.Context, string, func(*store.Tx) error) (uint64, error) {
	return 0, r.err
}

// Each kind of failure has an exit code of its own for scripts.
func TestExitCodes(t *testing.T) {
	local := transcript.NewLocal()
	led := replication.Status{Leader: 2, Voters: 1}
	fine := serveStore(t, &resp.Server{Node: local}, led)
	leaderless := serveStore(t, &resp.Server{Node: refusing{local, store.ErrUnavailable}}, replication.Status{})
	doubtful := serveStore(t, &resp.Server{Node: refusing{local, store.ErrInDoubt}}, led)
	locked := serveStore(t, &resp.Server{Node: local, Password: "hunter2"}, led)
	for _, c := range []struct {
		addr, line string
		environ    []string
		code       int
		says       string
	}{
		{fine, "set prod/a 1", nil, 0, ""},
		{fine, "get prod/a", nil, 0, "1"},
		{fine, "set prod//a 1", nil, exitFailure, "empty segment"},
		{fine, "get", nil, exitUsage, "usage: confman get NAME"},
		{fine, "get nosuch", nil, exitNotFound, `there is no config "nosuch"`},
		{fine, "set prod 1", nil, exitConflict, "WRONGTYPE"},
		{leaderless, "set prod/a 1", nil, exitNoQuorum, "CLUSTERDOWN"},
		{leaderless, "get prod/a", nil, 0, "1"},
		{leaderless, "status", nil, exitNoQuorum, "no node knows a leader"},
		{doubtful, "set prod/a 1", nil, exitNoQuorum, "INDOUBT"},
		{locked, "get prod/a", nil, exitDenied, "CONFMAN_PASSWORD"},
		{locked, "get prod/a", []string{"CONFMAN_PASSWORD=hunter3"}, exitDenied, "WRONGPASS"},
		{locked, "get prod/a", []string{"CONFMAN_PASSWORD=hunter2"}, 0, "1"},
		{"127.0.0.1:1", "get prod/a", nil, exitFailure, "nobody answers at 127.0.0.1:1: start a node with confman serve"},
		{"nowhere", "get prod/a", nil, exitFailure, "nowhere"},
	} {
		got := confman(t, c.environ, "", c.line+" --addr "+c.addr)
		if !strings.Contains(got, c.says) || strings.Contains(got, "hunter") {
			t.Errorf("%s: it does not say %q:\n%s", c.line, c.says, got)
		}
		want := fmt.Sprintf("[exit %d]\n", c.code)
		if c.code == 0 && strings.Contains(got, "[exit") || c.code != 0 && !strings.HasSuffix(got, want) {
			t.Errorf("%s: want exit code %d:\n%s", c.line, c.code, got)
		}
	}
}

// What answers may be anything.
func TestWhatAnswersIsNoConfman(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n") // the client may be gone
			_ = c.Close()
		}
	}()
	for _, line := range []string{"get a", "set a 1", "ls", "tree", "status"} {
		if got := confman(t, nil, "", line+" --addr "+ln.Addr().String()); !strings.HasSuffix(got, "[exit 1]\n") {
			t.Errorf("%s: %s", line, got)
		}
	}
}
