package resp

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"confman/store"
)

// Node is the replicated store as commands need it.
type Node interface {
	// View runs fn over this node's data.
	View(ctx context.Context, fn func(*store.Tx) error) error
	// Glance runs look over this node's data, if View would.
	Glance(look func(store.Glance)) error
	// Update runs fn, perhaps more than once but never after it has returned, and commits
	// what it did to all nodes, on behalf of a user. The revision is that at which its writes stand, or zero.
	Update(ctx context.Context, by string, fn func(*store.Tx) error) (revision uint64, err error)
	// Barrier returns when View sees all that was committed anywhere before the call. It gives
	// up in the time that a write may take, or at the end of ctx.
	Barrier(ctx context.Context) error
	// Within returns nil if View sees all that was committed longer ago than age. It may try
	// to find out, for as long as that age and as a write may take.
	Within(ctx context.Context, age time.Duration) error
	// Reach counts the other nodes that have all that this one has at the call. It waits until
	// there are as many as wanted, or ctx ends; if none are wanted, it asks each of them once.
	Reach(ctx context.Context, wanted int) int
}

// A Fact is a line of INFO's section "# Confman".
type Fact struct{ Name, Value string }

// Storage tells how a node keeps its data.
type Storage struct {
	Saved   time.Time // when all that was applied was put on its disk last, or it was started
	Size    int64     // of its file, in bytes
	Compact int64     // what that was when it held no more than the data
	Anew    bool      // it is being written anew
	Expired int64     // how many configs were removed because they had expired, since the start
}

// Server serves clients. Its fields are set before Serve; those that are zero have
// defaults.
type Server struct {
	Node     Node
	Version  string                 // confman's own
	Password string                 // of the user "default" at the start; none if empty
	Facts    func() []Fact          // what INFO says of the node and its cluster; nothing
	Snapshot func() *store.Snapshot // of the node's data, for BACKUP; none are given
	Members  Members                // administers the cluster, for MEMBER; nobody does
	Sync     func() error           // puts all that was applied on this node's disk, for SAVE; it is there
	Compact  func() error           // begins to write this node's file anew, for BGREWRITEAOF; there is none
	Shutdown func()                 // begins the end of this node, for SHUTDOWN; it does not end
	Restart  func() error           // begins the end of this node, so that it is started again, for MEMBER RESTART, or says why it would not be; it does not end
	Serving  func()                 // is told that clients are served from now on; nobody is
	Storage  func() Storage         // how the node keeps its data, for INFO and LASTSAVE; nothing is known
	Settings Settings               // of the node, for CONFIG; what they have that is a field here overrules it; there are none
	// Publish carries what is published on this node to the other ones, without waiting for them;
	// nobody does. What they publish comes in by Published.
	Publish func(channel, message string, sharded bool)
	Usage   func(ctx context.Context, name string) []Usage // asks all nodes for their ReadUsage of a name, this one among them, for CONF USAGE; there is no other
	// Leader reports whether a leader is known, and returns what is closed when that changes; one always is.
	Leader       func() (known bool, changed <-chan struct{})
	Elsewhere    func() string               // where clients find another node that this one is in contact with, or ""; nowhere
	Own          func(node, seq uint64) bool // whether a node's entry is this one's, of this life; all are
	AllowFlush   bool                        // whether FLUSHALL and FLUSHDB are carried out
	Namespaces   bool                        // whether SCAN and the like show a namespace once, as a hash, instead of its configs
	Log          *slog.Logger                // nowhere
	Now          func() time.Time            // time.Now
	MaxValue     int                         // bytes of a value: 1 MiB
	MaxClients   int                         // connections at a time: 10,000
	Budget       int                         // bytes of large commands that are read or answered at a time, and as many that are queued: 16 MiB
	Replies      int                         // bytes of large replies that are being sent at a time: 64 MiB
	Hold         time.Duration               // how long a large command waits for its part of the budget, and as long until who takes no replies is cut off in favour of others: 1.5 s
	CompleteTime time.Duration               // to send the rest of a command that has begun: 10 s
	AuthTime     time.Duration               // to show the password, if one is needed: 10 s
	IdleTime     time.Duration               // to send nothing: for ever
	WriteTime    time.Duration               // to take 64 KiB of replies: 30 s
	BackupTime   time.Duration               // to ask for the next piece of a backup: 60 s
	AuditTime    time.Duration               // for which what is denied, and what operators do, is gathered before it is written into the audit: 1 s
	MoveTime     time.Duration               // to go elsewhere, for clients that asked to be told, before the server ends: 2 s

	once             sync.Once
	table            *table
	shortcuts        [lanes]*Command
	ready            larder
	cursors          cursors
	commands, queued *budget       // of commands that are read or answered, and of those between MULTI and EXEC
	replies          *budget       // of large replies
	cut              seldom        // hanging up on who does not take them
	browsers, faults seldom        // logging of clients that speak HTTP, and of those that break the protocol otherwise
	backups          chan struct{} // holds one for each backup that is being read
	started          time.Time
	runID            string
	addr             string // of the first listener
	counts           counts
	rates            rates
	live             live
	doze             time.Duration // after how long of silence connections rest: 10 s
	remarkable       atomic.Int64  // from how many nanoseconds on a command is remarked upon
	slowlog          slowlog
	hub              hub
	couriers         couriers
	announcer        announcer
	tracker          tracker
	notifies         atomic.Pointer[string] // the letters of notify-keyspace-events, or nil
	latency          latencies
	disk             disk
	peak             atomic.Uint64 // bytes of memory in use, the most that INFO has seen
	changing         sync.Mutex    // held while settings change
	progress         progress      // of the data, for who waits for it
	monitors         monitors
	pause            pause
	password         atomic.Pointer[string] // of the user "default", now
	maintenance      maintenance
	readings         readings
	auditor          auditor

	mu        sync.Mutex
	conns     map[*conn]struct{}
	strangers list.List // of *conn: those of them that have yet to show the password, the oldest first
	ending    bool
	served    sync.WaitGroup // the connections, and what serves all of them
	loops     []*loop
	looping   sync.WaitGroup
}

func (s *Server) init() {
	s.table = newTable()
	for i := range shortcuts {
		s.shortcuts[i] = s.table.byName[shortcuts[i].name]
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.MaxValue = cmp.Or(s.MaxValue, 1<<20)
	s.MaxClients = cmp.Or(s.MaxClients, 10_000)
	s.CompleteTime = cmp.Or(s.CompleteTime, 10*time.Second)
	s.AuthTime = cmp.Or(s.AuthTime, 10*time.Second)
	s.WriteTime = cmp.Or(s.WriteTime, 30*time.Second)
	s.BackupTime = cmp.Or(s.BackupTime, time.Minute)
	s.AuditTime = cmp.Or(s.AuditTime, time.Second)
	s.MoveTime = cmp.Or(s.MoveTime, 2*time.Second)
	s.Hold = cmp.Or(s.Hold, 1500*time.Millisecond)
	s.Budget = cmp.Or(s.Budget, 16<<20)
	s.Replies = cmp.Or(s.Replies, 64<<20)
	s.doze = cmp.Or(s.doze, dozeAfter)
	s.commands, s.queued, s.replies = newBudget(s.Budget), newBudget(s.Budget), newBudget(s.Replies)
	s.backups = make(chan struct{}, maxBackups)
	s.conns = map[*conn]struct{}{}
	s.started = s.Now()
	s.runID = newRunID()
	s.rates.since = s.started
	s.readings.since.CompareAndSwap(0, s.started.UnixMilli())
	s.disk.saved = s.started
	s.password.Store(&s.Password)
	s.turnAll()
}

// acceptPause is how long to wait after a connection could not be accepted, as for want of
// file descriptors.
const acceptPause = 20 * time.Millisecond

// Serve accepts clients until ctx ends or a listener is closed. Before the end of ctx takes effect, clients
// that asked for it are told to go elsewhere, and have MoveTime for that. Then the commands that have come
// finish and all connections are closed. Serve returns when all of its goroutines have ended.
func (s *Server) Serve(ctx context.Context, first net.Listener, more ...net.Listener) error {
	s.once.Do(func() {
		s.addr = first.Addr().String()
		s.init()
		s.loops = newLoops()
		for _, l := range s.loops {
			s.looping.Go(l.run)
		}
	})
	accepting, over := context.WithCancel(context.WithoutCancel(ctx))
	defer s.writesNotes()() // as long as anything is done that it notes
	defer s.end()
	defer over()
	s.served.Go(func() { s.followLeader(accepting) })
	s.served.Go(func() {
		select {
		case <-ctx.Done():
			s.move(accepting)
			_ = first.Close()
		case <-accepting.Done():
		}
	})
	var others sync.WaitGroup
	defer others.Wait()
	for _, ln := range more {
		others.Go(func() {
			s.accept(ctx, ln)
			_ = first.Close() // one that is closed ends all
		})
		defer ln.Close()
	}
	if s.Serving != nil {
		s.Serving()
	}
	s.accept(ctx, first)
	return nil
}

// accept takes clients from a listener until that is closed.
func (s *Server) accept(ctx context.Context, ln net.Listener) {
	for {
		nc, err := ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.Log.Warn("cannot accept a client; if too many files are open, raise LimitNOFILE of the service, or lower max_clients", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
		default:
			s.admit(ctx, addressed(nc))
		}
	}
}

// admit serves a connection, unless there are too many.
func (s *Server) admit(ctx context.Context, nc net.Conn) {
	s.welcome(ctx, newConn(s, nc, s.counts.accepted.Add(1)), nc)
}

func (s *Server) welcome(ctx context.Context, c *conn, nc net.Conn) {
	c.serving = func() { s.attend(context.WithoutCancel(ctx), c) } // what is in flight finishes
	if n := int64(len(s.loops)); n > 0 {
		c.mayRest(s.loops[c.session.id%n])
	}
	if s.enter(c, nc) && !c.rests() {
		go c.serving()
	}
}

// enter takes up a connection, unless it has to be refused, and reports whether it did.
func (s *Server) enter(c *conn, nc net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(c)
	if err := s.refuses(nc); err != nil {
		s.counts.rejected.Add(1)
		s.auditRefused(nc.RemoteAddr(), err)
		_ = nc.SetWriteDeadline(time.Now().Add(acceptPause))
		_, _ = nc.Write(appendReply(nil, err, 2)) // it ends either way
		_ = nc.Close()
		return false
	}
	s.conns[c] = struct{}{}
	if !c.guard.trusted {
		s.estrange(c)
	}
	s.served.Add(1)
	return true
}

// attend serves a connection until it rests or has ended.
func (s *Server) attend(ctx context.Context, c *conn) {
	if !c.serve(ctx) {
		return
	}
	c.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(c)
	s.served.Done()
}

// refuses returns what a client is told that is not served. The lock is held.
func (s *Server) refuses(nc net.Conn) error {
	switch {
	case s.ending, int64(len(s.conns)) >= s.live.maxClients.Load():
		return errMaxClients
	case s.protects(nc.RemoteAddr()):
		return errProtected
	}
	return nil
}

// leave takes out a connection that has ended. The lock is held.
func (s *Server) leave(c *conn) {
	delete(s.conns, c)
	s.befriend(c)
}

// end lets connections finish what has come, and waits for them; not for ever for those
// that do not take their replies.
func (s *Server) end() {
	s.mu.Lock()
	s.ending = true
	for c := range s.conns {
		c.guard.end()
	}
	s.mu.Unlock()
	s.pause.end()
	defer time.AfterFunc(s.WriteTime, s.hangUp).Stop()
	s.served.Wait()
	for _, l := range s.loops {
		l.close()
	}
	s.looping.Wait()
	s.announcer.clear()
	s.couriers.workers.Wait()
}

// hangUp closes all connections.
func (s *Server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.guard.Close() // whoever uses it gets the error
	}
}

// idleTime is how long a client may send nothing, now.
func (s *Server) idleTime() time.Duration {
	return time.Duration(s.live.timeout.Load()) * time.Second
}

// reconsider has clients that send nothing meet a timeout that has changed.
func (s *Server) reconsider() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.guard.reconsider()
	}
}

// client returns the connection with an id, or nil.
func (s *Server) client(id int64) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.session.id == id && !c.killed.Load() {
			return c
		}
	}
	return nil
}

// clients counts the connections.
func (s *Server) clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
