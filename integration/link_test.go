package integration

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// A link is a slow line between two places, as a router with a modem makes one. What is read at one
// end is written at the other when the line has carried it: all connections share its rate, and wait
// in one queue of a few packets. While it is cut nothing passes, and nobody is told: not even a new
// connection ends before the line is whole again.
type link struct {
	latency time.Duration // one way
	there   *lane         // towards the site
	back    *lane

	mu    sync.Mutex
	whole chan struct{} // closed while the link is whole
	conns map[net.Conn]struct{}
	ended bool
	all   sync.WaitGroup
}

// A lane is one direction of a link.
type lane struct {
	rate int // bytes per second

	mu      sync.Mutex
	free    time.Time // when what was taken has left
	carried int64     // bytes
	packets int64
}

const (
	// packet is what is taken of one connection before it is another's turn, in bytes.
	packet = 1448
	// queue is how much may wait for the line, in bytes: enough for it never to be idle, and a
	// third of a second at 200 KB/s, as small routers have it.
	queue = 64 << 10
)

func newLink(t *testing.T, rate int, latency time.Duration) *link {
	l := &link{
		latency: latency, there: &lane{rate: rate}, back: &lane{rate: rate},
		whole: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	close(l.whole)
	t.Cleanup(l.end)
	return l
}

// cut ends everything that passes the link, until heal.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole = make(chan struct{})
}

// heal ends a cut, and the connections with it: both ends gave them up long before.
func (l *link) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangUp()
	close(l.whole)
}

// end hangs up for good.
func (l *link) end() {
	l.mu.Lock()
	l.ended = true
	l.hangUp()
	select {
	case <-l.whole:
	default:
		close(l.whole)
	}
	l.mu.Unlock()
	l.all.Wait()
}

// hangUp closes all connections; the mutex is held.
func (l *link) hangUp() {
	for conn := range l.conns {
		_ = conn.Close()
		delete(l.conns, conn)
	}
}

// passable returns a channel that is closed while the link is whole.
func (l *link) passable() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.whole
}

// join carries between two connections until both have said their last, over a lane for what a
// says and another for what b says.
func (l *link) join(a, b net.Conn, from, to *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_, _ = a.Close(), b.Close()
		return
	}
	l.conns[a], l.conns[b] = struct{}{}, struct{}{}
	var both sync.WaitGroup
	both.Go(func() { l.carry(a, b, from) })
	both.Go(func() { l.carry(b, a, to) })
	l.all.Go(func() {
		both.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, conn := range []net.Conn{a, b} {
			_ = conn.Close()
			delete(l.conns, conn)
		}
	})
}

// A parcel is on its way over a link. One without content is the end.
type parcel struct {
	content []byte
	due     time.Time
}

// carry takes what one connection says to another. Whatever ends one of them ends both, or the
// direction alone if it said its last.
func (l *link) carry(from, to net.Conn, over *lane) {
	underway := make(chan parcel, 1024)
	var arrived sync.WaitGroup
	arrived.Go(func() {
		if l.deliver(to, underway) != nil {
			_, _ = from.Close(), to.Close()
		}
	})
	for {
		b := make([]byte, packet)
		n, err := from.Read(b)
		<-l.passable()
		if n > 0 {
			underway <- parcel{b[:n], over.take(n).Add(l.latency)}
		}
		if err != nil {
			underway <- parcel{due: over.take(0).Add(l.latency)}
			break
		}
	}
	close(underway)
	arrived.Wait()
}

// deliver writes parcels when they are due. It returns an error if they cannot be delivered, and
// then takes the others too.
func (l *link) deliver(to net.Conn, underway <-chan parcel) (failed error) {
	for p := range underway {
		if failed != nil {
			continue
		}
		<-time.After(time.Until(p.due))
		<-l.passable()
		if p.content == nil {
			failed = to.(interface{ CloseWrite() error }).CloseWrite()
		} else {
			_, failed = to.Write(p.content)
		}
	}
	return failed
}

// take takes n bytes onto the lane, and returns when the last of them has left. It waits while the
// queue is full; who comes meanwhile waits behind.
func (l *lane) take(n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	full := time.Duration(queue) * time.Second / time.Duration(l.rate)
	<-time.After(time.Until(l.free.Add(-full)))
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	l.carried += int64(n)
	l.packets++
	return l.free
}

// total returns what the lane has carried so far, in bytes and packets.
func (l *lane) total() (carried, packets int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.carried, l.packets
}

// A link delays, bounds the rate of all connections together, and lets small things through beside big
// ones.
func TestLink(t *testing.T) {
	const rate, latency = 1 << 20, 50 * time.Millisecond
	l := newLink(t, rate, latency)
	echo := echoes(t)
	small := dialThrough(t, l, echo)
	if took := exchange(t, small, 4); took < 2*latency || took > 2*latency+200*time.Millisecond {
		t.Errorf("an exchange takes %v with a latency of %v", took, latency)
	}
	const size = 1 << 20
	start := time.Now()
	var big sync.WaitGroup
	for range 2 {
		conn := dialThrough(t, l, echo)
		big.Go(func() { exchange(t, conn, size/2) })
	}
	if took := exchange(t, small, 4); took > time.Second/2 {
		t.Errorf("an exchange beside big ones takes %v", took)
	}
	big.Wait()
	if took, want := time.Since(start), time.Second*size/rate; took < want || took > 2*want {
		t.Errorf("%d bytes at %d a second took %v", size, rate, took)
	}
	if carried, _ := l.there.total(); carried != size+8 {
		t.Errorf("%d bytes were carried, and %d were sent", carried, size+8)
	}
}

// While a link is cut nothing passes, and nobody is told.
func TestLinkIsCut(t *testing.T) {
	const latency = time.Millisecond
	l := newLink(t, 1<<20, latency)
	echo := echoes(t)
	early := dialThrough(t, l, echo)
	exchange(t, early, 4)
	l.cut()
	late := dialThrough(t, l, echo)
	for _, conn := range []net.Conn{early, late} {
		if _, err := conn.Write([]byte("ping")); err != nil {
			t.Error(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(100 * latency))
		if n, err := conn.Read(make([]byte, 4)); !isTimeout(err) {
			t.Errorf("over a link that is cut came %d bytes, %v", n, err)
		}
	}
	l.heal()
	for _, conn := range []net.Conn{early, late} {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := conn.Read(make([]byte, 4)); err == nil || isTimeout(err) {
			t.Errorf("a connection outlived a cut: %d bytes, %v", n, err)
		}
	}
	exchange(t, dialThrough(t, l, echo), 4)
}

// exchange sends some bytes, and has as many sent back.
func exchange(t *testing.T, conn net.Conn, size int) time.Duration {
	start := time.Now()
	_, err := conn.Write(make([]byte, size))
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, size))
	}
	if err != nil {
		t.Error(err)
	}
	return time.Since(start)
}

// echoes listens, and sends back what it is sent.
func echoes(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // the test ends
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// dialThrough connects to an address at the other end of a link.
func dialThrough(t *testing.T, l *link, addr string) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	end, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	far, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	l.join(end, far, l.there, l.back)
	return near
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
