package replication

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"confman/replication/certs"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"golang.org/x/time/rate"
)

// transport carries raft messages, snapshots and requests to join between the nodes of a
// cluster, all on one port, over mutual TLS. It is its own config.TransportFactory, for one
// NodeHost.
//
// dragonboat's own transport trusts whoever connects, accepts one handshake at a time,
// notices a dead connection only by losing the first message on it, and calls a snapshot
// sent when its last byte is in a buffer. This one listens to nobody who does not
// introduce itself ([hello]), reads also from the connections that it writes to, and has each
// chunk of a snapshot acknowledged. A message that cannot be sent is dropped: raft
// repeats what matters, and dragonboat is not told, because it would stop talking to that
// node for up to a second.
type transport struct {
	cluster clusterID
	host    string       // NodeHostID of this node
	boots   uint64       // how often this node has started
	life    string       // names this start
	addr    string       // where others reach this node; "" = the address of ln
	ln      net.Listener // belongs to the transport, which closes it
	book    *book
	keys    *certs.Keyring // by which hosts know each other; nil for plain text, on loopback only
	log     *slog.Logger
	// onJoin answers a line of JSON with a line of JSON; its error is sent as a refusal. peer is the
	// host that asks, if it has proved to be one of the cluster's.
	onJoin func(ctx context.Context, peer string, request []byte) ([]byte, error)
	// authority answers a voter with the key of the cluster's authority; nil for never.
	authority func(peer string) ([]byte, error)
	// vouch refuses a host that must not take part, for reasons that the members agreed on; nil
	// for none.
	vouch func(hello) error
	// barred is told when this node is refused for good.
	barred func(error)
	// reached waits until this node has applied what a revision stands for, or ctx ends, and returns
	// how far it has come; nil if nobody may ask.
	reached func(ctx context.Context, revision uint64) (applied uint64)
	// told is given the messages of other hosts; each holds until it returns. nil if none are taken.
	told func(message []byte)
	// asked answers a question of another host, a line of JSON with a line of JSON; its error is sent as a
	// refusal. nil if none are answered.
	asked func(question []byte) (answer []byte, err error)
	// yield has another node lead in place of this one, before ctx ends; nil for never.
	yield func(ctx context.Context, node uint64) leadAnswer
	// lost is told when a connection with a host has ended, or when its process is dead for
	// certain; nil for nobody.
	lost func(host string, dead bool)
	// dial opens a connection to an address; nil = TCP.
	dial func(ctx context.Context, addr string) (net.Conn, error)
	limits

	pace       *rate.Limiter // of snapshots; nil for none
	batches    raftio.MessageHandler
	chunks     raftio.ChunkHandler
	peers      peers
	complaints complaints // about connections that were refused

	wg     sync.WaitGroup
	ctx    context.Context // ends with Close
	mu     sync.Mutex
	closed bool
	stop   context.CancelFunc
	conns  map[net.Conn]struct{}
	fresh  []net.Conn // incoming and not yet introduced, the oldest first
}

// limits are what a transport bears and how long it waits; what is 0 has a default.
type limits struct {
	maxConns  int           // all connections (1024)
	maxFresh  int           // connections that have not introduced themselves (64)
	helloTime time.Duration // to introduce oneself (5 s)
	dialTime  time.Duration // to connect for messages (1 s); for snapshots, five times as long
	writeTime time.Duration // for each 64 KiB to leave (5 s)
	chunkTime time.Duration // for a snapshot chunk to arrive, or to be acknowledged (2 min)
	joinTime  time.Duration // to answer a request to join (30 s)
	// snapshotRate is in how many bytes per second snapshots are sent, all of them together; 0 for no limit.
	snapshotRate int
	silence      time.Duration // after which a host is no longer there that is connected and says nothing (300 ms)
}

func (l *limits) fill() {
	l.maxConns = cmp.Or(l.maxConns, 1024)
	l.maxFresh = cmp.Or(l.maxFresh, 64)
	l.helloTime = cmp.Or(l.helloTime, 5*time.Second)
	l.dialTime = cmp.Or(l.dialTime, time.Second)
	l.writeTime = cmp.Or(l.writeTime, 5*time.Second)
	l.chunkTime = cmp.Or(l.chunkTime, 2*time.Minute)
	l.joinTime = cmp.Or(l.joinTime, 30*time.Second)
	l.silence = cmp.Or(l.silence, 300*time.Millisecond)
}

// Create is called once, by the NodeHost.
func (t *transport) Create(_ config.NodeHostConfig, batches raftio.MessageHandler, chunks raftio.ChunkHandler) raftio.ITransport {
	t.batches, t.chunks = batches, chunks
	return t
}

// Validate accepts what a NodeHost may have as its RaftAddress: an address, or a NodeHostID,
// which tools.ImportSnapshot wants there.
func (t *transport) Validate(addr string) bool {
	return isHostID(addr) || validAddr(addr) == nil
}

// Name is for dragonboat's log.
func (t *transport) Name() string { return "confman" }

// Start accepts connections.
func (t *transport) Start() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return net.ErrClosed
	}
	if t.keys == nil {
		if err := loopback(t.ln.Addr().String()); err != nil {
			return err
		}
	}
	if t.addr == "" {
		t.addr = t.ln.Addr().String()
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.limits.fill()
	if t.snapshotRate > 0 {
		t.pace = rate.NewLimiter(rate.Limit(t.snapshotRate), max(piece, t.snapshotRate/10))
	}
	t.conns = map[net.Conn]struct{}{}
	t.ctx, t.stop = context.WithCancel(context.Background())
	t.peers.start()
	t.wg.Add(1)
	go t.accept()
	return nil
}

// Close ends all connections and waits for everything that used them. It may be called at
// any time and more than once.
func (t *transport) Close() error {
	err := t.hangUp()
	t.wg.Wait()
	return err
}

// hangUp ends all connections, and waits for nothing.
func (t *transport) hangUp() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	if t.stop != nil {
		t.stop()
	}
	for conn := range t.conns {
		_ = conn.Close()
	}
	t.mu.Unlock()
	if err := t.ln.Close(); first && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// leaderContact is when this node last heard from a leader; zero if it never did. A leader
// does not hear from itself.
func (t *transport) leaderContact() time.Time { return t.peers.leaderContact() }

// reachable counts the nodes to or from which there is a connection.
func (t *transport) reachable() int { return t.peers.reachable() }
