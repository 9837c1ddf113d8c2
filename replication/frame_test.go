package replication

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

func someBatch() pb.MessageBatch {
	return pb.MessageBatch{
		SourceAddress: hostA, DeploymentId: 7, BinVer: 210,
		Requests: []pb.Message{
			{Type: pb.Replicate, From: 1, To: 2, ShardID: 1, Term: 3, Entries: []pb.Entry{{Index: 5, Term: 3, Cmd: []byte("hello")}}},
			{Type: pb.Heartbeat, From: 1, To: 2, ShardID: 1, Term: 3, Commit: 4},
		},
	}
}

func TestFramesComeOutAsTheyWentIn(t *testing.T) {
	first, second := someBatch(), someBatch()
	second.Requests[0].Entries[0].Cmd = bytes.Repeat([]byte("x"), 3*step)
	var b []byte
	for _, m := range []*pb.MessageBatch{&first, &second, &first} {
		var err error
		if b, err = appendFrame(b, m); err != nil {
			t.Fatal(err)
		}
	}
	frames := frameReader{r: bufio.NewReader(iotest.HalfReader(bytes.NewReader(b))), limit: maxBatch}
	for _, want := range []pb.MessageBatch{first, second, first} {
		body, err := frames.next()
		if err != nil {
			t.Fatal(err)
		}
		var got pb.MessageBatch
		if err := decode(body, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %d requests of %s, want what was sent", len(got.Requests), got.SourceAddress)
		}
	}
	if _, err := frames.next(); err != io.EOF {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

func TestADecodedMessageOwnsItsBytes(t *testing.T) {
	batch := someBatch()
	b, err := appendFrame(nil, &batch)
	if err != nil {
		t.Fatal(err)
	}
	body := b[frameHeader:]
	var got pb.MessageBatch
	if err := decode(body, &got); err != nil {
		t.Fatal(err)
	}
	clear(body) // the reader uses its buffer again
	if !reflect.DeepEqual(got, batch) {
		t.Error("the message changed with the buffer")
	}
}

func TestEveryDamagedByteOfAFrameIsNoticed(t *testing.T) {
	batch := someBatch()
	good, err := appendFrame(nil, &batch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		frames := frameReader{r: bufio.NewReader(bytes.NewReader(bad)), limit: 1 << 10}
		if _, err := frames.next(); err == nil {
			t.Errorf("byte %d damaged, and nobody noticed", i)
		}
	}
}

func TestAnAnnouncedLengthTakesNoMemory(t *testing.T) {
	var header [frameHeader]byte
	binary.LittleEndian.PutUint32(header[:], maxBatch)
	frames := frameReader{r: bufio.NewReader(bytes.NewReader(header[:])), limit: maxBatch}
	if _, err := frames.next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
	if cap(frames.buf) > 2*step {
		t.Errorf("%d bytes taken for a frame that never came", cap(frames.buf))
	}
	binary.LittleEndian.PutUint32(header[:], 1<<32-1)
	frames = frameReader{r: bufio.NewReader(bytes.NewReader(header[:])), limit: maxBatch}
	if _, err := frames.next(); !errors.Is(err, errFrame) {
		t.Errorf("4 GiB announced: %v, want %v", err, errFrame)
	}
}

func FuzzRaftPort(f *testing.F) {
	line, err := hello{Kind: kindRaft, Cluster: 1, Host: hostA, Addr: "127.0.0.1:1"}.line()
	if err != nil {
		f.Fatal(err)
	}
	batch := someBatch()
	frame, err := appendFrame(nil, &batch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, frame...))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(input), maxHello)
		line, err := readLine(r, maxHello)
		if err != nil {
			return
		}
		if _, err := parseHello(line); err != nil {
			return
		}
		frames := frameReader{r: r, limit: maxBatch}
		for {
			b, err := frames.next()
			if err != nil {
				return
			}
			_, _ = decode(b, &pb.MessageBatch{}), decode(b, &pb.Chunk{})
		}
	})
}

// FuzzDecode goes behind the checksum, where the fuzzer above hardly gets.
func FuzzDecode(f *testing.F) {
	batch := someBatch()
	frame, err := appendFrame(nil, &batch)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame[frameHeader:])
	f.Fuzz(func(t *testing.T, input []byte) {
		_, _ = decode(input, &pb.MessageBatch{}), decode(input, &pb.Chunk{})
	})
}

func TestASlowLinkIsNotADeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slow = 100 * time.Millisecond
		near, far := net.Pipe()
		defer near.Close()
		sent := make(chan error, 1)
		go func() { sent <- send(near, make([]byte, 8*piece), slow) }()
		tick := time.NewTicker(slow / 4)
		defer tick.Stop()
		start := time.Now()
		for range 8 {
			<-tick.C
			if _, err := io.ReadFull(far, make([]byte, piece)); err != nil {
				t.Fatal(err)
			}
		}
		if err := receive(t, sent); err != nil || time.Since(start) < slow {
			t.Errorf("slowly but steadily read: %v after %v", err, time.Since(start))
		}
		go func() { sent <- send(near, make([]byte, 8*piece), slow) }()
		if err := receive(t, sent); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("not read at all: %v", err)
		}
	})
}
