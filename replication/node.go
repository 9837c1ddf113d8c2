package replication

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"confman/store"

	"github.com/google/uuid"
	"github.com/lni/dragonboat/v4"
	sm "github.com/lni/dragonboat/v4/statemachine"
	"github.com/lni/vfs"
)

// Node is one member of a cluster. Its exported fields are set before Start.
type Node struct {
	Dir          string        // data directory; it remembers who the node is
	Raft         net.Listener  // the raft port; the node closes it
	RESPAddr     string        // where clients reach this node; other nodes are told
	RaftAddr     string        // where other nodes reach the raft port; "" for the address of Raft
	Join         string        // for a node that has no identity yet: a token, or the raft address of a member where that speaks plain text
	Plain        bool          // the cluster that it founds has no certificates, and loopback addresses only
	SnapshotRate int           // bytes per second in which a state is sent to another node; 0 for no limit
	Profile      Profile       // timing; the cluster's counts if it has another one, and if this is zero
	Hold         time.Duration // how long an update may take
	Reserve      int64         // bytes of free disk space below which the node takes no writes; 0 for none
	Log          *slog.Logger  // nil for none
	// Now is the clock by which it stamps what it writes, takes configs for expired, tells how old its data are, and checks certificates.
	// Its times have to carry a monotonic reading, as the machine's do; nil for that.
	Now func() time.Time
	// CrashOutput is told the file that what the runtime prints at the end of the process is to be
	// written into; nil for none.
	CrashOutput func(*os.File) error
	// Told is given the messages that other nodes Tell, from one goroutine for each of them; a message
	// holds until it returns. nil if none are taken.
	Told func(message []byte)
	// Asked answers what another node Asks: a JSON object on one line with another one. It may be called before
	// Start has returned; nil if nothing is answered.
	Asked   func(question []byte) (answer []byte, err error)
	Watcher store.Watcher // is told what changes in the store; nil for none

	disk      disk
	free      func() (int64, error)                                    // bytes of disk space; nil for the machine's
	dial      func(ctx context.Context, addr string) (net.Conn, error) // nil for TCP
	ending    *ending
	identity  identity
	life      string      // names this start
	alone     bool        // it talks to no other node
	loading   atomic.Bool // it has joined, and has not had the whole state yet
	asked     string      // the profile that was to be used
	turn      turnToRestart
	through   entrance // where it joins, if not by Join
	announced bool     // a member has just taken it up
	dir       *dataDir
	room      *room
	crashes   []crash
	degraded  string // why the node only reads, or ""
	store     *store.Store
	transport *transport
	raft      *raft
	commits   *committer
	fresh     freshness
	heights   heights
	questions doors
	tellers   tellers
	others    neighbourhood
	progress  progress
	applying  stretch
	stop      context.CancelFunc
	running   sync.WaitGroup
	keyWanted time.Time // when to ask for the authority's key again, and how long to wait then
	keyPause  time.Duration
	leaving   atomic.Bool   // it stops, and stands for no election
	ready     chan struct{} // closed at the end of Start
	saved     atomic.Int64  // when the store was synced last, or the node was started, in unix seconds
}

// disk is where a node keeps what it must not lose. Tests put one under it whose power they
// can cut; the zero value is the machine's.
type disk struct {
	folder store.FS // of the store's file
	raft   vfs.FS   // of the raft log
}

// raftFolder is where dragonboat keeps the raft log, in the data directory.
const raftFolder = "raft"

// bootShift is where in the number of an entry stands how often its node has been started.
const bootShift = 40

// systemUser is on whose behalf the node itself writes.
const systemUser = "system"

func (n *Node) log() *slog.Logger {
	if n.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return n.Log
}

func (n *Node) now() time.Time {
	if n.Now == nil {
		return time.Now()
	}
	return n.Now()
}

// Start takes the data directory, finds out who the node is, opens its store, and takes
// part in its cluster. When it returns, reads work; whether writes do depends on the others. A
// node that must not take part, for want of room or because it has crashed over and over, reads
// alone: see [Status].Degraded.
func (n *Node) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, n.release())
		}
	}()
	n.ready, n.ending, n.life = make(chan struct{}), newEnding(), newLife()
	n.asked, n.Profile = n.Profile.Name, n.Profile.orDefault()
	if n.dir, err = openDataDir(n.Dir); err != nil {
		return err
	}
	if n.disk.folder == nil {
		n.disk.folder = store.Dir(n.Dir)
	}
	if err = errors.Join(interrupted(n.Dir), n.succeed()); err != nil {
		return err
	}
	if err := store.Tidy(n.disk.folder); err != nil {
		n.log().Warn("what is of no use takes room", "error", err)
	}
	if n.degraded = n.examine(); n.degraded != "" {
		err = n.startReading()
	} else {
		err = n.startTakingPart(ctx)
	}
	if err != nil {
		return err
	}
	ctx, n.stop = context.WithCancel(context.Background())
	if n.degraded == "" {
		n.running.Go(func() { n.commits.run(ctx) })
		n.running.Go(func() { n.settle(ctx) })
		n.running.Go(func() { n.keepFresh(ctx) })
		n.running.Go(func() { n.missLeader(ctx) })
		n.running.Go(func() { n.reaper().run(ctx) })
	}
	n.running.Go(func() { n.lapse(ctx) })
	n.running.Go(func() { n.watch(ctx) })
	n.wasSaved()
	close(n.ready)
	return nil
}

// startTakingPart opens the store and starts raft over it.
func (n *Node) startTakingPart(ctx context.Context) error {
	if err := n.catchPanics(); err != nil {
		return err
	}
	id, found, err := loadIdentity(n.Dir)
	if err != nil {
		return err
	}
	if !found {
		if id, err = n.become(ctx); err != nil {
			return err
		}
	}
	if err := n.openStore(id); noRoom(err) {
		n.degraded = fmt.Sprintf("there is no room to mend its store's file (%v); it reads, and takes part again by itself when there is: make room on the disk of %s", err, n.Dir)
		return n.startReading()
	} else if err != nil {
		return err
	}
	if err := errors.Join(id.nextBoot(n.Dir), settled(n.Dir)); err != nil {
		return err
	}
	n.identity = id
	if err := n.unlessHalted(n.startRaft); err != nil || id.Started {
		return err
	}
	n.identity.Started = true
	return n.identity.save(n.Dir)
}

// openStore opens the store of the node that the data directory belongs to.
func (n *Node) openStore(id identity) error {
	n.identity = id
	s, err := store.OpenIf(thrifty{n.disk.folder, n.room}, func(s *store.Store) error {
		n.store = s
		if err := n.checkStore(); err != nil {
			return err
		}
		return n.checkRaftDir(filepath.Join(n.Dir, raftFolder))
	})
	n.store = s
	if err == nil && n.Watcher != nil {
		s.Watch(n.Watcher)
	}
	if errors.Is(err, store.ErrNewerFormat) {
		return n.distrust(err.Error(), startNewer)
	}
	if err == nil {
		n.adopt()
	}
	return err
}

// unlessHalted returns what do returns, or why the node was halted meanwhile: then do never
// returns.
func (n *Node) unlessHalted(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-n.Done():
		return n.Err()
	}
}

// become makes a node that has no identity somebody: the first of a new cluster, or one more
// of an old one.
func (n *Node) become(ctx context.Context) (identity, error) {
	if err := n.checkNew(ctx); err != nil {
		return identity{}, err
	}
	if n.Join != "" {
		n.announced = true
		id, grant, err := n.join(ctx, joinRequest{})
		if errors.Is(err, errFinal) {
			err = fmt.Errorf("%w: %s: %w", ErrUntrusted, n.Dir, err)
		}
		if err == nil {
			err = n.keep(grant)
		}
		return id, err
	}
	return identity{Cluster: newClusterID(), Node: 1, Host: uuid.NewString()}, nil
}

// newClusterID draws a cluster's number, which is never zero.
func newClusterID() clusterID {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return clusterID(binary.BigEndian.Uint64(b[:]) | 1)
}

// newLife draws a name for one start of a node.
func newLife() string { return newClusterID().String() }

// startRaft starts dragonboat over the store.
func (n *Node) startRaft() error {
	logDragonboat(n.log())
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	dir := filepath.Join(n.Dir, raftFolder)
	if err := followHostname(dir, hostname, n.log()); err != nil {
		return err
	}
	keys, err := n.openKeys(n.identity)
	if err != nil {
		return err
	}
	n.transport = &transport{
		cluster: n.identity.Cluster, host: n.identity.Host, boots: n.identity.Boots, life: n.life, ln: n.Raft, addr: n.raftAddr(),
		book: &book{lookup: n.addressOf}, keys: keys, log: n.log(), onJoin: n.admit, authority: n.authorityKey, vouch: n.vouch, barred: n.barred,
		limits: limits{silence: n.Profile.silence(), dialTime: n.Profile.dialTime(), snapshotRate: n.SnapshotRate},
	}
	n.transport.dial, n.transport.reached, n.transport.told, n.transport.asked, n.transport.yield = n.dial, n.reached, n.Told, n.Asked, n.yield
	if n.alone {
		n.transport.dial = func(context.Context, string) (net.Conn, error) { return nil, net.ErrClosed }
	}
	if err := n.askToReturn(); err != nil {
		return err
	}
	n.raft = &raft{again: n.Profile.Again}
	n.commits = &committer{
		node: n.identity.Node, seq: n.identity.Boots << bootShift, store: n.store, log: n.raft,
		now: n.now, hold: n.Hold, again: n.Profile.Again, refusal: n.refusal,
	}
	n.commits.init()
	n.watchLeader()
	cfg := hostConfig(dir, n.identity, n.Profile, n.transport, n.raft)
	cfg.Expert.FS = n.disk.raft
	host, err := dragonboat.NewNodeHost(cfg)
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	n.raft.host, n.raft.session = host, host.GetNoOPSession(shard)
	return n.startReplica()
}

// startReplica has dragonboat take part in the one raft group: as its first member, as one that
// joins, or as one that has been there before.
func (n *Node) startReplica() error {
	var first map[uint64]dragonboat.Target
	old := n.raft.host.HasNodeInfo(shard, n.identity.Node)
	if !old && n.hasTakenPart() {
		return n.lostLog()
	}
	if !old && !n.identity.Joined {
		first = map[uint64]dragonboat.Target{n.identity.Node: n.identity.Host}
	}
	create := func(_, _ uint64) sm.IOnDiskStateMachine {
		return &machine{
			store: n.store, base: n.identity.Base, folder: n.disk.folder, applied: n.hasApplied, saved: n.wasSaved, halt: n.halt, replaced: n.wasReplaced, applying: &n.applying, log: n.log(),
		}
	}
	err := n.raft.host.StartOnDiskReplica(first, !old && n.identity.Joined, create, replicaConfig(n.identity, n.Profile))
	if err != nil {
		return fmt.Errorf("start raft: %w", err)
	}
	return n.checkLog()
}

// hasTakenPart reports whether there must be a raft log.
func (n *Node) hasTakenPart() bool {
	return n.identity.Started || n.store.Applied() > n.store.Base()
}

// View runs fn over the data of this node. It works without the other nodes, and sees
// every update that this node has answered. On a node that has joined, and has not had the whole
// state yet, it returns [store.ErrLoading].
func (n *Node) View(_ context.Context, fn func(*store.Tx) error) error {
	if n.loading.Load() {
		return n.stillLoading()
	}
	return n.store.View(store.Millis(n.now().UnixMilli()), fn)
}

// Glance runs look over this node's data, with which View works.
func (n *Node) Glance(look func(store.Glance)) error {
	if n.loading.Load() {
		return n.stillLoading()
	}
	n.store.Glance(store.Millis(n.now().UnixMilli()), look)
	return nil
}

// Update runs fn over the data of this node and commits what it did to all. If something
// that fn read has changed by then, fn runs again, so it may have effects only through
// its Tx, and whatever it leaves elsewhere must be whole after its last run. It returns the
// revision at which its writes stand, which is zero if it wrote nothing, and
// what fn returned, or an error that is [store.ErrUnavailable], [store.ErrInDoubt],
// [store.ErrBusy], [store.ErrUnfit], [store.ErrLoading] or [store.ErrTooLarge]. When it returns, fn does not run
// any more.
func (n *Node) Update(ctx context.Context, by string, fn func(*store.Tx) error) (revision uint64, err error) {
	switch {
	case n.degraded != "":
		return 0, fmt.Errorf("%w: %s", store.ErrUnfit, n.degraded)
	case n.room.low.Load() && by != systemUser:
		return 0, n.room.refusal()
	case n.loading.Load() && by != systemUser:
		return 0, n.stillLoading()
	}
	return n.commits.submit(ctx, by, fn)
}

// asSystem runs an update of the node's own.
func (n *Node) asSystem(ctx context.Context, fn func(*store.Tx) error) error {
	_, err := n.Update(ctx, systemUser, fn)
	return err
}

// Own reports whether an entry, by the number of the node that made it and its own, was made by this
// node since it was started.
func (n *Node) Own(node, seq uint64) bool {
	return node == n.identity.Node && seq>>bootShift == n.identity.Boots
}

// Snapshot takes this node's data as it stands, for a backup. It works without the other
// nodes. While View returns [store.ErrLoading], it is not the whole state.
func (n *Node) Snapshot() *store.Snapshot { return n.store.Snapshot() }
