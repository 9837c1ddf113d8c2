package replication

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

func TestTwoNodesExchangeBatches(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	there, back := one.link(t, hostB), two.link(t, hostA)
	for term := uint64(1); term <= 100; term++ {
		if err := there.SendMessageBatch(one.batch(term)); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, two.got).Requests[0].Term; got != term {
			t.Fatalf("two got term %d, want %d", got, term)
		}
		if err := back.SendMessageBatch(two.batch(term)); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, one.got).Requests[0].Term; got != term {
			t.Fatalf("one got term %d, want %d", got, term)
		}
	}
	big := one.batch(101)
	big.Requests[0].Entries = []pb.Entry{{Cmd: bytes.Repeat([]byte("x"), 20<<20)}}
	if err := there.SendMessageBatch(big); err != nil {
		t.Fatal(err)
	}
	if got := len(receive(t, two.got).Requests[0].Entries[0].Cmd); got != 20<<20 {
		t.Errorf("of an entry of 20 MiB came %d bytes", got)
	}
	if one.reachable() != 1 || two.reachable() != 1 {
		t.Errorf("reachable: %d and %d, want 1 and 1", one.reachable(), two.reachable())
	}
}

func TestForeignBytesReachNobody(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	l := one.link(t, hostB)
	delivered(t, one, l, two)
	as := func(h hello, rest ...byte) []byte {
		line, err := h.line()
		if err != nil {
			t.Fatal(err)
		}
		return append(line, rest...)
	}
	frame := func(m message) []byte {
		b, err := appendFrame(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := hello{Kind: kindRaft, Cluster: testCluster, Host: hostC, Addr: "127.0.0.1:9"}
	stranger, moved, copied := good, good, good
	stranger.Cluster, moved.To, copied.Host = 1, hostA, hostB
	snapshot := good
	snapshot.Kind = kindSnapshot
	huge := binary.LittleEndian.AppendUint64(nil, 1<<63-1)
	forged := one.batch(9)
	noise := make([]byte, 5000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		words []byte
		want  string
	}{
		"noise":              {append([]byte{0xff}, noise...), ""},
		"HTTP":               {[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "clients use the RESP or HTTP port"},
		"redis":              {[]byte("*1\r\n$4\r\nPING\r\n"), "clients use the RESP or HTTP port"},
		"dragonboat's own":   {append([]byte{0xae, 0x7d}, noise[:18]...), ""},
		"endless line":       {append([]byte("{"), bytes.Repeat([]byte("a"), 2*maxHello)...), ""},
		"another cluster":    {as(stranger), "this node belongs to cluster 0000000000c0ffee, not to 0000000000000001"},
		"another host":       {as(moved), "this is host " + hostB},
		"a copy of itself":   {as(copied), "one data directory is a copy of the other"},
		"nobody to join":     {as(hello{Kind: kindJoin}, []byte("{}\n")...), "admits nobody"},
		"noise after hello":  {as(good, noise...), ""},
		"huge frame":         {as(good, huge...), ""},
		"huge chunk":         {as(snapshot, huge...), ""},
		"in another's name":  {as(good, frame(&forged)...), ""},
		"no message":         {as(good, frame(&pb.Chunk{Data: noise})...), ""},
		"no snapshot either": {as(snapshot, frame(&forged)...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(t, two.addr, c.words); !strings.Contains(got, c.want) {
				t.Errorf("answered %q, want %q", got, c.want)
			}
		})
	}
	if n := len(two.got) - drainOwn(two); n != 0 || len(two.chunks) != 0 {
		t.Errorf("%d foreign batches and %d chunks reached dragonboat", n, len(two.chunks))
	}
	delivered(t, one, l, two)
}

// drainOwn counts the batches that came from hostA and carry term 1, as delivered sends them.
func drainOwn(w *wire) (n int) {
	for i := len(w.got); i > 0; i-- {
		if b := <-w.got; b.SourceAddress == hostA && b.Requests[0].Term == 1 {
			n++
		} else {
			w.got <- b
		}
	}
	return n
}

func TestAReplicaSpeaksOnlyFromItsHost(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	two.book.Add(1, 1, hostC) // and not on hostA
	l := one.link(t, hostB)
	if err := l.SendMessageBatch(one.batch(1)); err != nil {
		t.Fatal(err)
	}
	await(t, "the connection is closed", func() bool { return l.(*link).gone.Load() })
	if len(two.got) > 0 {
		t.Error("the batch reached dragonboat")
	}
}

func TestWhoSaysNothingIsClosed(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{
		host:   hostA,
		limits: limits{helloTime: 50 * time.Millisecond},
		onJoin: func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("asked") },
	})
	for _, words := range []string{"", "{", `{"confman":1,"kind":"join"}` + "\n"} {
		if got := say(t, one.addr, []byte(words)); got != "" {
			t.Errorf("%q was answered with %q", words, got)
		}
	}
}

func TestTheOldestSilentConnectionGivesWay(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB, limits: limits{maxFresh: 2, helloTime: time.Hour}})
	var silent []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", two.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	if err := silent[0].SetReadDeadline(time.Now().Add(wireTime)); err != nil {
		t.Fatal(err)
	}
	if _, err := silent[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the first was not closed: %v", err)
	}
	delivered(t, one, one.link(t, hostB), two)
}

func TestConnectionsAreCapped(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA, limits: limits{maxConns: 1}})
	first, err := net.Dial("tcp", one.addr)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the first is there", func() bool {
		one.mu.Lock()
		defer one.mu.Unlock()
		return len(one.conns) == 1
	})
	if got := say(t, one.addr, nil); got != "" {
		t.Errorf("the second was answered with %q", got)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "there is room again", func() bool {
		return strings.Contains(say(t, one.addr, []byte("?")), "confman's raft port")
	})
}

// tired is a listener that has run out of file descriptors a few times.
type tired struct {
	net.Listener
	times atomic.Int32
}

func (l *tired) Accept() (net.Conn, error) {
	if l.times.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestRunningOutOfFilesIsSurvived(t *testing.T) {
	var a table
	ln := &tired{Listener: listen(t, "127.0.0.1:0")}
	ln.times.Store(3)
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB, ln: ln})
	delivered(t, one, one.link(t, hostB), two)
}

func TestARestartedPeerIsDialledAtOnce(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	l := one.link(t, hostB)
	delivered(t, one, l, two)
	for i, addr := range []string{two.addr, "127.0.0.1:0", "127.0.0.1:0", "[::1]:0"} {
		two.shut(t)
		ln, err := net.Listen("tcp", addr)
		if err != nil && i == 3 {
			t.Skip("no IPv6 here")
		} else if err != nil {
			t.Fatal(err)
		}
		await(t, "one has noticed", func() bool { return one.reachable() == 0 })
		two = startWire(t, &a, &transport{host: hostB, ln: ln})
		took := delivered(t, one, l, two)
		t.Logf("restarted on %s: the first heartbeat arrived after %v", two.addr, took)
		if took > time.Second {
			t.Errorf("that took %v", took)
		}
	}
}

func TestAPeerThatMovedTellsWhereItIs(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	l := one.link(t, hostB)
	delivered(t, one, l, two)
	two.shut(t)
	await(t, "one has noticed", func() bool { return one.reachable() == 0 })
	two = startWire(t, &a, &transport{host: hostB})
	a.set(hostB, "127.0.0.1:9") // the members do not know yet
	delivered(t, two, two.link(t, hostA), one)
	delivered(t, one, l, two)
}

func TestTheWrongHostAtAnAddressIsNoticed(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	three := startWire(t, &a, &transport{host: hostC})
	one.book.learn(hostB, three.addr) // which two had before
	delivered(t, one, one.link(t, hostB), two)
	if len(three.got) > 0 {
		t.Error("the wrong host got the message")
	}
}

func TestADeadPeerCostsFewDials(t *testing.T) {
	var a table
	a.set(hostB, "127.0.0.1:9")
	var dials atomic.Int32
	one := startWire(t, &a, &transport{host: hostA, dial: func(context.Context, string) (net.Conn, error) {
		dials.Add(1)
		return nil, syscall.ECONNREFUSED
	}})
	l, start := one.link(t, hostB), time.Now()
	await(t, "5 dials failed", func() bool {
		for range 100 {
			if err := l.SendMessageBatch(one.batch(1)); err != nil {
				t.Fatalf("dragonboat was told: %v", err)
			}
		}
		return dials.Load() >= 5
	})
	if took := time.Since(start); took < 20*time.Millisecond+40*time.Millisecond+80*time.Millisecond+160*time.Millisecond {
		t.Errorf("5 dials within %v", took)
	}
}

func TestChunksAreAcknowledged(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	conn, err := one.GetSnapshotConnection(t.Context(), hostB)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	chunk := pb.Chunk{ShardID: 1, ReplicaID: 2, From: 1, ChunkCount: 3, Data: bytes.Repeat([]byte("x"), 2<<20)}
	for chunk.ChunkId = range uint64(3) {
		sent := make(chan error, 1)
		go func() { sent <- conn.SendChunk(chunk) }()
		if got := receive(t, two.chunks); got.ChunkId != chunk.ChunkId || !bytes.Equal(got.Data, chunk.Data) {
			t.Fatalf("chunk %d came as %d with %d bytes", chunk.ChunkId, got.ChunkId, len(got.Data))
		}
		if len(sent) > 0 {
			t.Fatalf("chunk %d was acknowledged before it was taken", chunk.ChunkId)
		}
		two.take <- true
		if err := receive(t, sent); err != nil {
			t.Fatal(err)
		}
	}
	if two.leaderContact().IsZero() {
		t.Error("a chunk is contact with a leader")
	}
	two.take <- false
	if err := conn.SendChunk(chunk); err == nil || !strings.Contains(err.Error(), "declined") {
		t.Errorf("a declined chunk: %v", err)
	}
	if err := conn.SendChunk(chunk); err == nil {
		t.Error("the stream went on after a declined chunk")
	}
}

func TestARefusedSnapshotSaysWhy(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	a.set(hostC, two.addr)
	conn, err := one.GetSnapshotConnection(t.Context(), hostC)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SendChunk(pb.Chunk{}); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	a.set(hostC, "127.0.0.1:9")
	if _, err := one.GetSnapshotConnection(t.Context(), hostC); err == nil || !strings.Contains(err.Error(), hostC) {
		t.Errorf("nobody is there: %v", err)
	}
	if _, err := one.GetSnapshotConnection(t.Context(), "unheard-of"); err == nil || !strings.Contains(err.Error(), "no address known") {
		t.Errorf("nobody knows it: %v", err)
	}
}

func TestASnapshotEndsWithItsContext(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := one.GetSnapshotConnection(ctx, hostB)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sent := make(chan error, 1)
	go func() { sent <- conn.SendChunk(pb.Chunk{}) }()
	receive(t, two.chunks)
	cancel()
	if err := receive(t, sent); err == nil {
		t.Error("acknowledged by nobody")
	}
	two.take <- true
}

func TestJoinAsksOnlyConfman(t *testing.T) {
	ln := listen(t, "127.0.0.1:0")
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 512))
			_, _ = conn.Write([]byte("-ERR unknown command '{'\r\n"))
			_ = conn.Close()
		}
	}()
	if _, err := ask(t.Context(), ln.Addr().String(), nil, []byte("{}")); err == nil || !strings.Contains(err.Error(), "not the raft port of a confman node") {
		t.Errorf("asked redis: %v", err)
	}
}

func TestOnlyALeaderOfThisTermIsContact(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB})
	l := one.link(t, hostB)
	send := func(m pb.MessageType, term uint64) time.Time {
		t.Helper()
		if err := l.SendMessageBatch(pb.MessageBatch{SourceAddress: hostA, Requests: []pb.Message{{Type: m, Term: term}}}); err != nil {
			t.Fatal(err)
		}
		receive(t, two.got)
		return two.leaderContact()
	}
	if at := send(pb.RequestPreVote, 9); !at.IsZero() {
		t.Errorf("a candidate is no leader, but contact is %v", at)
	}
	first := send(pb.Heartbeat, 5)
	if age := time.Since(first); age < 0 || age > wireTime {
		t.Errorf("contact %v ago", age)
	}
	if at := send(pb.Replicate, 4); !at.Equal(first) {
		t.Error("a leader of an older term counts")
	}
	if at := send(pb.TimeoutNow, 6); !at.After(first) {
		t.Error("a leader of a newer term does not count")
	}
}

func TestJoinIsAskedAndAnswered(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA, onJoin: func(ctx context.Context, _ string, request []byte) ([]byte, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("no deadline")
		}
		if string(request) == `{"no":1}` {
			return nil, errors.New("come back later")
		}
		return fmt.Appendf(nil, `{"got":%s}`, request), nil
	}})
	got, err := ask(t.Context(), one.addr, nil, []byte(`{"name":"x"}`))
	if err != nil || string(got) != `{"got":{"name":"x"}}` {
		t.Errorf("answered %s, %v", got, err)
	}
	if _, err := ask(t.Context(), one.addr, nil, []byte(`{"no":1}`)); !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "come back later") {
		t.Errorf("refused with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ask(ctx, one.addr, nil, []byte(`{}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	var a table
	joining := make(chan struct{})
	one := startWire(t, &a, &transport{host: hostA})
	two := startWire(t, &a, &transport{host: hostB, onJoin: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		close(joining)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	delivered(t, one, one.link(t, hostB), two)
	delivered(t, two, two.link(t, hostA), one)
	asked := make(chan error, 1)
	go func() {
		_, err := ask(context.Background(), two.addr, nil, []byte("{}"))
		asked <- err
	}()
	receive(t, joining)
	conn, err := one.GetSnapshotConnection(t.Context(), hostB)
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() { sent <- conn.SendChunk(pb.Chunk{}) }()
	receive(t, two.chunks)
	one.shut(t)
	two.take <- true
	two.shut(t)
	two.shut(t) // again
	for _, c := range []chan error{asked, sent} {
		if err := receive(t, c); err == nil {
			t.Error("what was going on succeeded")
		}
	}
	noGoroutines(t)
	if err := one.link(t, hostB).SendMessageBatch(one.batch(1)); err != nil {
		t.Errorf("after Close: %v", err)
	}
	if err := two.Start(); err == nil {
		t.Error("started after Close")
	}
	var never transport
	never.ln = listen(t, "127.0.0.1:0")
	if err := never.Close(); err != nil {
		t.Errorf("closed without a start: %v", err)
	}
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	w := transport{host: hostA, ln: listen(t, "0.0.0.0:0"), book: &book{}}
	if err := w.Start(); err == nil || !strings.Contains(err.Error(), "without certificates") {
		t.Errorf("started: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for addr, want := range map[string]bool{"127.0.0.1:6481": true, "[::1]:6481": true, hostA: true, "10.0.0.1:6481": true, "edge-7.example:6481": true, "localhost": false, ":6481": false, "10.0.0.1:0": false} {
		if w.Validate(addr) != want {
			t.Errorf("Validate(%s) is not %v", addr, want)
		}
	}
}
