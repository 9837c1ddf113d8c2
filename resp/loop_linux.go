package resp

import (
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A loop waits for the connections that rest. It is one goroutine, which Go's own poller wakes when the loop's has something
// to tell: so everything else in the process gets its turn between two rounds of a loop, however much there is to read.
type loop struct {
	poll   *os.File
	raw    syscall.RawConn // of poll
	events [128]unix.EpollEvent
	in     []byte
	out    []byte

	n, wrote    int // of bytes
	err         error
	rest        []byte // to be written
	read, write func(fd uintptr) bool

	mu      sync.Mutex
	resting map[int32]*conn // by file descriptor
}

// newLoops makes a loop for each processor but one, which is everybody else's: clients on this machine, the system's network, and
// raft. On two processors a second loop only takes theirs. There are none if that cannot be.
func newLoops() (all []*loop) {
	for range max(1, runtime.GOMAXPROCS(0)-1) {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil || unix.SetNonblock(fd, true) != nil {
			return all
		}
		l := &loop{poll: os.NewFile(uintptr(fd), "epoll"), in: make([]byte, flushAt), out: make([]byte, 0, 2*flushAt), resting: map[int32]*conn{}}
		if l.raw, err = l.poll.SyscallConn(); err != nil {
			return all
		}
		l.read = func(fd uintptr) bool {
			l.n, l.err = syscall.Read(int(fd), l.in) // not x/sys: the race detector knows who waits for whom by these
			return true
		}
		l.write = func(fd uintptr) bool {
			l.wrote, l.err = syscall.Write(int(fd), l.rest)
			return true
		}
		all = append(all, l)
	}
	return all
}

// run serves connections that rest until the loop is closed.
func (l *loop) run() {
	_ = l.raw.Read(func(fd uintptr) bool { // it waits for the loop's poller after each round, and fails when that is closed
		for more := true; more; {
			more = l.round(int(fd))
		}
		return false
	})
}

func (l *loop) close() { _ = l.poll.Close() }

// round serves those from whom something has come, and reports whether there may be more now.
func (l *loop) round(fd int) (more bool) {
	n, err := unix.EpollWait(fd, l.events[:], 0)
	if err != nil {
		return err == unix.EINTR
	}
	for _, e := range l.events[:n] {
		l.mu.Lock()
		c := l.resting[e.Fd]
		l.mu.Unlock()
		if c == nil || !c.resting.CompareAndSwap(true, false) {
			continue
		}
		if !l.serve(c) {
			l.remove(c)
			go c.serving()
			continue
		}
		more = more || l.n == len(l.in) || e.Events != unix.EPOLLIN // the end has come too: nothing else will tell of it
		c.resting.Store(true)
		if c.stirred.Load() && c.rouse() {
			go c.serving()
		}
	}
	return more || n == len(l.events)
}

// serve answers what has come, and reports whether the connection can rest on. Not if it is somebody else's turn: a loop waits
// for nobody, and the output is whose turn it is.
func (l *loop) serve(c *conn) bool {
	if !c.turn.TryLock() {
		return false
	}
	defer c.turn.Unlock()
	if err := c.raw.Read(l.read); err != nil || l.n <= 0 {
		return err == nil && l.err == syscall.EAGAIN
	}
	c.server.counts.received.Add(int64(l.n))
	c.lend(l.in[:l.n], l.out)
	c.takeShort()
	l.send(c)
	if len(l.rest) > 0 || !c.guard.clear() || c.session.quit {
		c.giveBack(l.rest)
		return false
	}
	l.out = c.out
	c.guard.compact()
	c.guard.buf, c.out = nil, nil
	return true
}

// send writes what the client takes at once of what it was answered, and leaves the rest.
func (l *loop) send(c *conn) {
	if l.rest = c.out; len(l.rest) == 0 {
		return
	}
	if err := c.raw.Write(l.write); err == nil && l.err == nil {
		c.server.counts.sent.Add(int64(l.wrote))
		l.rest = l.rest[l.wrote:]
	}
}

// add has the loop wait for a connection, and reports whether it does: not if it has been roused since.
func (l *loop) add(c *conn) (added bool) {
	err := c.raw.Control(func(fd uintptr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.fd = int32(fd)
		if added = c.resting.Load() && l.control(unix.EPOLL_CTL_ADD, c.fd); added {
			l.resting[c.fd] = c
		}
	})
	return err == nil && added
}

// remove has the loop wait for a connection no more.
func (l *loop) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resting[c.fd] == c {
		delete(l.resting, c.fd)
		_ = c.raw.Control(func(uintptr) { l.control(unix.EPOLL_CTL_DEL, c.fd) }) // what is closed, the system has forgotten
	}
}

func (l *loop) control(op int, fd int32) (done bool) {
	err := l.raw.Control(func(poll uintptr) {
		done = unix.EpollCtl(int(poll), op, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: fd}) == nil
	})
	return err == nil && done
}
