package replication

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/lni/dragonboat/v4/raftio"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// GetSnapshotConnection connects to a host to send it a snapshot.
func (t *transport) GetSnapshotConnection(ctx context.Context, host string) (raftio.ISnapshotConnection, error) {
	conn, err := t.open(ctx, kindSnapshot, host, 5*t.dialTime)
	if err != nil {
		return nil, err
	}
	if err := t.hold(conn, nil); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &stream{t: t, ctx: ctx, conn: conn, r: bufio.NewReader(conn), stop: stop}, nil
}

// stream sends the chunks of one snapshot.
type stream struct {
	t    *transport
	ctx  context.Context // dragonboat's, ends when the NodeHost stops
	conn net.Conn
	r    *bufio.Reader
	stop func() bool
	buf  []byte
}

// SendChunk returns when the other side has taken the chunk, so that a slow link slows the
// sender and is not mistaken for a lost snapshot.
func (s *stream) SendChunk(chunk pb.Chunk) error {
	var err error
	if s.buf, err = appendFrame(s.buf[:0], &chunk); err != nil {
		return err
	}
	if err := s.send(); err != nil {
		return errors.Join(err, s.reason())
	}
	if err := s.conn.SetReadDeadline(time.Now().Add(s.t.chunkTime)); err != nil {
		return err
	}
	return s.answer()
}

// send sends the chunk, no faster than snapshots may be sent: whoever shares the line has to get through.
func (s *stream) send() error {
	if s.t.pace == nil {
		return send(s.conn, s.buf, s.t.writeTime)
	}
	for b := range slices.Chunk(s.buf, piece) {
		if err := s.t.pace.WaitN(s.ctx, len(b)); err != nil {
			return err
		}
		if err := send(s.conn, b, s.t.writeTime); err != nil {
			return err
		}
	}
	return nil
}

// answer reads what the other side says to a chunk.
func (s *stream) answer() error {
	b, err := s.r.Peek(1)
	if err != nil {
		return fmt.Errorf("snapshot chunk not acknowledged: %w", err)
	}
	switch b[0] {
	case chunkTaken:
		_, err := s.r.ReadByte()
		return err
	case chunkDeclined:
		return errors.New("snapshot chunk declined")
	}
	line, err := readLine(s.r, maxHello)
	if err != nil {
		return err
	}
	if err := refused(line); err != nil {
		return err
	}
	return fmt.Errorf("snapshot chunk answered with %q", bytes.ToValidUTF8(line, nil))
}

// reason is why the other side closed the connection, if it said so.
func (s *stream) reason() error {
	if err := s.conn.SetReadDeadline(time.Now().Add(s.t.dialTime)); err != nil {
		return nil
	}
	line, err := readLine(s.r, maxHello)
	if err != nil {
		return nil
	}
	return refused(line)
}

// Close ends the connection.
func (s *stream) Close() {
	s.stop()
	s.t.release(s.conn)
}
