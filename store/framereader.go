package store

import (
	"hash/crc32"
	"io"
)

// A frameReader reads the records of a file, and checks the frames that they are in. It reads a piece at a time, so a file
// need not find room in memory beside the state that it holds.
type frameReader struct {
	from   io.Reader
	piece  []byte
	rest   []byte // of the piece, what was not taken yet
	failed error  // what reading ended with: io.EOF, or what was wrong with the disk

	Extent
	index  uint64 // of the last whole frame
	length int64  // of the records of the frame that has begun
	crc    uint32 // of them
}

func readFrames(from io.Reader) *frameReader {
	return &frameReader{from: from}
}

// firstPiece is how many bytes are read first; each piece is twice as large then, up to pieceBytes, or for a record that is larger.
const firstPiece = 4 << 10

// next returns the next record, which is valid until the next call; its value is nil if it deletes. Behind the last whole frame
// come the records of one that is not whole, if there are any, and then nothing more.
func (f *frameReader) next() (key, value []byte, more bool) {
	for {
		key, value, n := f.record()
		if n == 0 {
			return nil, nil, false
		}
		record := f.rest[:n]
		f.rest = f.rest[n:]
		if string(key) != marker {
			f.length += int64(n)
			f.crc = crc32.Update(f.crc, castagnoli, record)
			return key, value, true
		}
		index, fits := checkMarker(value, f.length, f.crc)
		if !fits || f.Frames > 0 && index <= f.index {
			return nil, nil, false
		}
		f.Whole += f.length + int64(n)
		f.index, f.length, f.crc = index, 0, 0
		f.Frames++
	}
}

// record reads the next record, of n bytes, for as many pieces as it takes; n is zero if there is none.
func (f *frameReader) record() (key, value []byte, n int) {
	for {
		key, value, n, err := parseRecord(f.rest)
		if err != io.ErrUnexpectedEOF {
			return key, value, n
		}
		if !f.fill() {
			return nil, nil, 0
		}
	}
}

// fill reads some more behind the rest, and reports whether there was more.
func (f *frameReader) fill() bool {
	if size := len(f.piece); size < pieceBytes || size == len(f.rest) { // small at first: most stores are
		f.piece = make([]byte, max(firstPiece, 2*size))
	}
	kept := copy(f.piece, f.rest)
	n := 0
	for n == 0 && f.failed == nil {
		n, f.failed = f.from.Read(f.piece[kept:])
	}
	f.rest = f.piece[:kept+n]
	f.Bytes += int64(n)
	return n > 0
}

// end reads to the end, whatever comes, and returns how far the frames go.
func (f *frameReader) end() (Extent, error) {
	for f.failed == nil {
		f.rest = nil
		f.fill()
	}
	if f.failed != io.EOF {
		return f.Extent, f.failed
	}
	return f.Extent, nil
}
