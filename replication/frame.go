package replication

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"slices"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

// A frame is the length of its payload, the payload's CRC-32C, both as four bytes with the
// lowest first, and the payload: a marshalled message batch or snapshot chunk.
const frameHeader = 8

const (
	// maxBatch bounds a message batch. dragonboat starts another one at 64 MiB of entries,
	// and overstates what an entry takes; the rest is for the fields around the entries.
	maxBatch = 64<<20 + 1<<20
	// maxChunk bounds a snapshot chunk: 2 MiB of the snapshot, a checksum, and a list of members.
	maxChunk = 4 << 20
	// step is how much of a frame is read at a time, so that memory is taken for bytes that
	// came, not for bytes that were announced. Buffers up to this size are used again.
	step = 1 << 20
	// piece is how much of a frame has to pass within one write deadline: a slow link is not
	// a dead one.
	piece = 64 << 10
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errFrame = errors.New("damaged frame")
)

// message is what a frame carries.
type message interface {
	Size() int
	MarshalTo([]byte) (int, error)
}

// appendFrame puts a message into a buffer as one frame.
func appendFrame(b []byte, m message) ([]byte, error) {
	size := m.Size()
	start := len(b)
	b = slices.Grow(b, frameHeader+size)[:start+frameHeader+size]
	body := b[start+frameHeader:]
	n, err := m.MarshalTo(body)
	if err != nil {
		return b[:start], fmt.Errorf("encode a frame: %w", err)
	}
	body = body[:n]
	binary.LittleEndian.PutUint32(b[start:], uint32(n))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(body, castagnoli))
	return b[:start+frameHeader+n], nil
}

// frameReader reads frames whose payload has at most limit bytes.
type frameReader struct {
	r     *bufio.Reader
	limit int
	buf   []byte
}

// next returns the payload of the next frame, which holds until next is called again.
func (f *frameReader) next() ([]byte, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(header[:]))
	if size > int64(f.limit) {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", errFrame, size, f.limit)
	}
	if cap(f.buf) > step {
		f.buf = nil
	}
	f.buf = f.buf[:0]
	for len(f.buf) < int(size) {
		have := len(f.buf)
		more := min(int(size)-have, step)
		f.buf = slices.Grow(f.buf, more)[:have+more]
		if _, err := io.ReadFull(f.r, f.buf[have:]); err != nil {
			return nil, err
		}
	}
	if crc32.Checksum(f.buf, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
		return nil, fmt.Errorf("%w: wrong checksum", errFrame)
	}
	return f.buf, nil
}

// decode reads a message out of a payload. dragonboat's decoders are written for peers that
// they trust: one that panics has met a damaged message, no more.
func decode(b []byte, m pb.Unmarshaler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errFrame, p)
		}
	}()
	if err := m.Unmarshal(b); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

// send writes all of b. What must be done within patience is a piece of it.
func send(conn net.Conn, b []byte, patience time.Duration) error {
	for len(b) > 0 {
		if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		n, err := conn.Write(b[:min(len(b), piece)])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
