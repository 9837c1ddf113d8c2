package replication

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

const (
	hostA = "0a7e0a4e-7a4c-4b0e-9c1c-3a6f4e9f0001"
	hostB = "0a7e0a4e-7a4c-4b0e-9c1c-3a6f4e9f0002"
	hostC = "0a7e0a4e-7a4c-4b0e-9c1c-3a6f4e9f0003"

	testCluster = clusterID(0xc0ffee)
	wireTime    = 20 * time.Second // after which a test gives up
)

// table is the addresses that the members have agreed on.
type table struct{ m sync.Map }

func (a *table) set(host, addr string) { a.m.Store(host, addr) }

func (a *table) lookup(host string) (string, bool) {
	addr, found := a.m.Load(host)
	if !found {
		return "", false
	}
	return addr.(string), true
}

// wire is a transport whose messages end in channels.
type wire struct {
	*transport
	got    chan pb.MessageBatch
	chunks chan pb.Chunk
	take   chan bool // what the chunk handler says, one for each chunk
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// startWire starts a transport that is given as a literal without its usual parts.
func startWire(t *testing.T, a *table, w *transport) *wire {
	t.Helper()
	if w.ln == nil {
		w.ln = listen(t, "127.0.0.1:0")
	}
	w.cluster, w.log = testCluster, quiet()
	if w.book == nil {
		w.book = &book{lookup: a.lookup}
	}
	x := &wire{transport: w, got: make(chan pb.MessageBatch, 1000), chunks: make(chan pb.Chunk, 1000), take: make(chan bool, 1000)}
	var _ raftio.ITransport = w.Create(config.NodeHostConfig{},
		func(b pb.MessageBatch) { x.got <- b },
		func(c pb.Chunk) bool { x.chunks <- c; return <-x.take })
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.shut(t) })
	a.set(w.host, w.ln.Addr().String())
	return x
}

func (w *wire) shut(t *testing.T) {
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// link is a link to a host.
func (w *wire) link(t *testing.T, host string) raftio.IConnection {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l, err := w.GetConnection(ctx, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// batch is a heartbeat of the transport's host.
func (w *wire) batch(term uint64) pb.MessageBatch {
	return pb.MessageBatch{SourceAddress: w.host, Requests: []pb.Message{{Type: pb.Heartbeat, Term: term, From: 1, To: 2, ShardID: 1}}}
}

// receive waits for one thing.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(wireTime):
		t.Fatalf("nothing came within %v", wireTime)
		panic("unreachable")
	}
}

// await tries until it has come true, as often as raft would repeat itself.
func await(t *testing.T, what string, done func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Since(start) > wireTime {
			t.Fatalf("waited %v in vain until %s", wireTime, what)
		}
		<-tick.C
	}
	return time.Since(start)
}

// delivered sends heartbeats until one arrives.
func delivered(t *testing.T, from *wire, l raftio.IConnection, to *wire) time.Duration {
	t.Helper()
	for len(to.got) > 0 {
		<-to.got
	}
	return await(t, "a heartbeat arrives", func() bool {
		if err := l.SendMessageBatch(from.batch(1)); err != nil {
			t.Fatal(err)
		}
		return len(to.got) > 0
	})
}

// noGoroutines waits until none is left in the code of transports.
func noGoroutines(t *testing.T) {
	t.Helper()
	var stacks []byte
	await(t, "no goroutine is left", func() bool {
		buf := make([]byte, 1<<20)
		stacks = buf[:runtime.Stack(buf, true)]
		return !bytes.Contains(stacks, []byte("replication.(*transport)."))
	})
}

// say connects, says something and returns all that is answered until the connection is closed.
func say(t *testing.T, addr string, words []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(wireTime)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(words); err != nil {
		return ""
	}
	var answer strings.Builder
	for b := make([]byte, 512); ; {
		n, err := conn.Read(b)
		answer.Write(b[:n])
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			t.Fatalf("%.40q: the connection stayed open", words)
		}
		if err != nil {
			return answer.String()
		}
	}
}
