package replication

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"confman/replication/certs"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

// The answers to a snapshot chunk, ASCII's own.
const (
	chunkTaken    = 0x06
	chunkDeclined = 0x15
)

// serve is an incoming connection from hello to end. It returns an error for the log if the
// other side misbehaved, not if it went away.
func (t *transport) serve(raw net.Conn) error {
	tune(raw)
	if err := raw.SetDeadline(time.Now().Add(t.helloTime)); err != nil {
		return nil
	}
	counted := meter(raw, new(traffic))
	conn, peer, err := t.secure(counted)
	if ended(err) && err != nil {
		return nil
	} else if err != nil {
		return err
	}
	r := bufio.NewReaderSize(conn, maxHello)
	h, err := t.greet(r, peer)
	if err != nil {
		if ended(err) {
			return nil
		}
		refuse(conn, err)
		return err
	}
	if h.Kind == kindJoin {
		if peer.Cluster != t.cluster.String() {
			peer = certs.Identity{}
		}
		return t.serveJoin(raw, conn, r, peer.Host)
	}
	t.introduced(raw)
	counted.belongs(t.peers.traffic(h.Host))
	l, err := t.enter(h, raw)
	if err != nil {
		refuse(conn, err)
		return err
	}
	defer t.peers.leave(l, raw)
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil
	}
	t.book.learn(h.Host, h.Addr)
	t.peers.back(h.Host)
	if err := t.serveKind(h, conn, r, l); !ended(err) {
		return err
	}
	return nil
}

// serveKind does what a host of the cluster has connected for.
func (t *transport) serveKind(h hello, conn net.Conn, r *bufio.Reader, l *life) error {
	switch h.Kind {
	case kindReturn:
		return t.reply(conn, welcome{t.book.addresses()})
	case kindKey:
		return t.serveKey(conn, h.Host)
	case kindReach: // it ends with its answer, which says nothing of the host
		return t.serveReach(conn, r)
	case kindTell:
		return t.serveTold(conn, r)
	case kindAsk: // as kindReach
		return t.serveAsk(conn, r)
	case kindLead: // as kindReach
		return t.serveLead(conn, r)
	}
	t.peers.came(h.Host)
	defer t.parted(h.Host)
	if h.Kind == kindSnapshot {
		return t.serveSnapshot(conn, r, l)
	}
	return t.serveRaft(r, l)
}

// reply answers with a line of JSON. Whoever asked may not wait for it any more.
func (t *transport) reply(conn net.Conn, answer any) error {
	line, err := json.Marshal(answer)
	if err == nil {
		_ = send(conn, append(line, '\n'), t.writeTime)
	}
	return err
}

// greet reads the hello and decides whether the connection is served.
func (t *transport) greet(r *bufio.Reader, peer certs.Identity) (hello, error) {
	line, err := readLine(r, maxHello)
	if err != nil {
		return hello{}, err
	}
	h, err := parseHello(line)
	switch {
	case err != nil:
		return hello{}, err
	case h.Kind == kindJoin && t.onJoin == nil:
		return hello{}, errors.New("this node admits nobody")
	case h.Kind == kindJoin:
		return h, nil
	}
	if err := t.proved(h, peer); err != nil {
		return hello{}, err
	}
	if t.vouch != nil {
		if err := t.vouch(h); err != nil {
			return hello{}, err
		}
	}
	switch {
	case h.Cluster != t.cluster:
		return hello{}, fmt.Errorf("this node belongs to cluster %v, not to %v", t.cluster, h.Cluster)
	case h.To != "" && h.To != t.host:
		return hello{}, fmt.Errorf("this is host %s, not %s", t.host, h.To)
	case h.Host == t.host:
		return hello{}, finally{fmt.Errorf("this is host %s too: one data directory is a copy of the other's", t.host)}
	}
	return h, nil
}

func (t *transport) serveRaft(r *bufio.Reader, l *life) error {
	frames := frameReader{r: bufio.NewReaderSize(r, piece), limit: maxBatch}
	for {
		b, err := frames.next()
		if err != nil {
			return err
		}
		var batch pb.MessageBatch
		if err := decode(b, &batch); err != nil {
			return err
		}
		if batch.SourceAddress != l.host {
			return fmt.Errorf("host %s sent a batch in the name of %q", l.host, batch.SourceAddress)
		}
		for i := range batch.Requests {
			if err := t.book.check(batch.Requests[i].ShardID, batch.Requests[i].From, l.host); err != nil {
				return err
			}
		}
		signal(l.heard)
		t.peers.heard(batch.Requests)
		if slices.ContainsFunc(batch.Requests, rejects) {
			t.peers.traffic(l.host).rejects.Add(1) // before raft can answer that
		}
		t.batches(batch)
	}
}

// rejects reports whether a follower says that it lacks what comes before what it was sent.
func rejects(m pb.Message) bool { return m.Type == pb.ReplicateResp && m.Reject }

func (t *transport) serveSnapshot(conn net.Conn, r *bufio.Reader, l *life) error {
	frames := frameReader{r: bufio.NewReaderSize(r, piece), limit: maxChunk}
	for {
		if err := conn.SetReadDeadline(time.Now().Add(t.chunkTime)); err != nil {
			return err
		}
		b, err := frames.next()
		if err != nil {
			return err
		}
		var chunk pb.Chunk
		if err := decode(b, &chunk); err != nil {
			return err
		}
		if err := t.book.check(chunk.ShardID, chunk.From, l.host); err != nil {
			return err
		}
		signal(l.heard)
		t.peers.heardLeader()
		if !t.chunks(chunk) {
			_ = send(conn, []byte{chunkDeclined}, t.writeTime)
			return nil // dragonboat has logged why
		}
		if err := send(conn, []byte{chunkTaken}, t.writeTime); err != nil {
			return err
		}
	}
}

func (t *transport) serveJoin(raw, conn net.Conn, r *bufio.Reader, peer string) error {
	request, err := readLine(r, maxJoin)
	if err != nil {
		if !ended(err) {
			refuse(conn, err)
		}
		return nil
	}
	t.introduced(raw)
	if err := conn.SetDeadline(time.Now().Add(t.joinTime + t.writeTime)); err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.joinTime)
	defer cancel()
	answer, err := t.onJoin(ctx, peer, request)
	if err == nil && (len(answer) > maxAnswer || bytes.IndexByte(answer, '\n') >= 0) {
		err = errTooLong
	}
	if err != nil {
		refuse(conn, err)
		return fmt.Errorf("join: %w", err)
	}
	_ = send(conn, append(answer, '\n'), t.writeTime)
	return nil
}

// ended says that the other side went away, was too slow, or that this node closed the
// connection: nothing to complain about.
func ended(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT)
}
