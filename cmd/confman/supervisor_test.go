package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/replication"
	"confman/resp"
	"confman/store"
)

// manager is a service manager as processes see it: a socket to which they send datagrams.
type manager struct {
	mu   sync.Mutex
	told []string
}

// manage makes this process one that a service manager has started, until the end of the test.
func manage(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	m, ended := &manager{}, make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 64<<10)
		for {
			n, err := socket.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(b[:n]))
			m.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-ended
	})
	return m
}

// heard returns how many datagrams hold a text.
func (m *manager) heard(text string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, each := range m.told {
		if strings.Contains(each, text) {
			n++
		}
	}
	return n
}

// The service manager is told when clients are served, how the node stands, when its settings are read again, and that it ends.
func TestTheServiceManagerIsTold(t *testing.T) {
	m := manage(t)
	ctx, cancel := context.WithCancel(t.Context())
	addr, ended := freeAddr(t), make(chan int, 1)
	var out lockedBuffer
	args := []string{"serve", "--config", emptyFile(t), "--data-dir", t.TempDir(), "--resp-addr", addr, "--raft-addr", freeAddr(t), "--http-addr", "0"}
	go func() { ended <- run(ctx, args, []string{"CONFMAN_LOG_LEVEL=warn"}, strings.NewReader(""), &out, &out) }()
	eventually(t, "READY", func() bool { return m.heard("READY=1") == 1 })
	if _, err := net.Dial("tcp", addr); err != nil {
		t.Errorf("it is ready, and %v", err)
	}
	eventually(t, "that it leads", func() bool { return m.heard("STATUS=node 1: leader; term ") > 0 })
	if m.heard("; 1 of 1 members reachable; revision ") == 0 {
		t.Errorf("told: %q", m.told)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
	eventually(t, "that it ends", func() bool { return m.heard("STOPPING=1") == 1 })
	m.mu.Lock()
	defer m.mu.Unlock()
	last := ""
	for _, each := range m.told {
		if strings.Contains(each, "WATCHDOG=1") {
			t.Error("nobody watches, and it says that it moves")
		}
		if strings.HasPrefix(each, "STATUS=") && each == last {
			t.Errorf("told twice: %s", each)
		}
		last = each
	}
}

// What the service manager shows of a node that is not well.
func TestStatusLines(t *testing.T) {
	for _, c := range []struct {
		st   replication.Status
		want string
	}{
		{replication.Status{ID: 2, Role: "follower", Leader: 1, Term: 7, Reachable: 3, Members: make([]replication.Member, 3), Applied: 42}, "node 2: follower of node 1; term 7; 3 of 3 members reachable; revision 42"},
		{replication.Status{ID: 2, Role: "candidate", Term: 8, Reachable: 1, Members: make([]replication.Member, 3)}, "node 2: no leader: reads, and takes no writes; term 8; 1 of 3 members reachable; revision 0"},
		{replication.Status{ID: 2, Role: "non-voter", Loading: true, Leader: 1, Reachable: 2}, "node 2: copies the state; term 0; 2 of 1 members reachable; revision 0"},
		{replication.Status{ID: 1, Degraded: "its disk\nis full"}, "node 1 only reads: its disk is full"},
		{replication.Status{ID: 1, Role: "leader", Leader: 1, Low: true, Reachable: 1}, "node 1: leader; term 0; 1 of 1 members reachable; revision 0; the disk is nearly full: no writes of its own"},
	} {
		if got := statusLine(c.st); got != c.want {
			t.Errorf("%s\nwant\n%s", got, c.want)
		}
	}
}

// A node says that it moves for as long as it does. One whose entries are not applied, because a reader does not end, says so no more
// until they are.
func TestTheWatchdogStopsWithTheNode(t *testing.T) {
	m := manage(t)
	t.Setenv("WATCHDOG_USEC", "300000")
	t.Setenv("WATCHDOG_PID", "")
	_, member := startPair(t)
	var log lockedBuffer
	above := &supervisor{log: slog.New(slog.NewTextHandler(&log, nil))}
	defer above.follow(member.Status, member.Alive)()
	eventually(t, "it moves", func() bool { return m.heard("WATCHDOG=1") > 3 })

	held, release := make(chan struct{}), make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		_ = member.View(t.Context(), func(*store.Tx) error { // returns nil
			close(held)
			<-release
			return nil
		})
	})
	<-held
	busy.Go(func() {
		_, _ = member.Update(context.Background(), "default", func(tx *store.Tx) error { return tx.Set("a", "1", 0) }) // whatever becomes of it
	})
	eventually(t, "it is said to be stuck", func() bool { return strings.Contains(log.String(), "the node is stuck") })
	before := m.heard("WATCHDOG=1")
	<-time.After(time.Second) // a service manager would have ended it three times
	if after := m.heard("WATCHDOG=1"); after != before {
		t.Errorf("it was stuck, and said %d times that it moves", after-before)
	}
	close(release)
	busy.Wait()
	eventually(t, "it moves again", func() bool { return m.heard("WATCHDOG=1") > before+2 })
	if !strings.Contains(log.String(), "what is committed has not been applied for") || !strings.Contains(log.String(), "the node moves again") {
		t.Error(log.String())
	}
}

// startPair starts a node alone, and its server, until the end of the test.
func startPair(t *testing.T) (*resp.Server, *replication.Node) {
	t.Helper()
	var ports [2]net.Listener
	for i := range ports {
		var err error
		if ports[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	server := &resp.Server{}
	profile, err := profileNamed("lan")
	if err != nil {
		t.Fatal(err)
	}
	member := &replication.Node{Dir: t.TempDir(), Raft: ports[0], RESPAddr: ports[1].Addr().String(), Profile: profile, Hold: 20 * time.Second, Watcher: server}
	if err := member.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect(server, member)
	serving, ended := make(chan struct{}), make(chan error, 1)
	server.Serving = func() { close(serving) }
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- server.Serve(ctx, ports[1]) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, member.Close()); err != nil {
			t.Error(err)
		}
	})
	<-serving
	eventually(t, "it leads", func() bool { return member.Status().Role == "leader" })
	return server, member
}

// A check that does not come to an end is one that has failed, and the others are made all the same.
func TestChecksHaveTheirTime(t *testing.T) {
	asked := 0
	hangs := func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return io.ErrNoProgress }
	counts := func(context.Context, time.Duration) error { asked++; return nil }
	if err := moves(t.Context(), 10*time.Millisecond, []check{hangs, counts}); !errors.Is(err, io.ErrNoProgress) || asked != 1 {
		t.Errorf("%v, and %d were asked", err, asked)
	}
}
