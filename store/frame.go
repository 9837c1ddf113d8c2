package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// The file holds frames. A frame is the set and del records of one batch, in the
// format that BuntDB writes, and then a marker: a set record whose key sorts behind all
// others, with the revision of the batch, the length of the records, and a CRC-32C
// over records and index. Plain BuntDB reads the file, and takes the marker for one key
// more. A frame counts only whole, so a file that was cut off anywhere holds the state
// of some index, never half a batch.

// marker is the key of the record that ends a frame.
const marker = "\xff\xffapplied"

// sealLength is the length of a marker's value.
const sealLength = 16 + 1 + 16 + 1 + 8

// setLength is about how much longer a set record is than its key and value.
const setLength = len("*3\r\n$3\r\nset\r\n$30\r\n\r\n$100\r\n\r\n")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendBulk(b []byte, s string) []byte {
	b = strconv.AppendInt(append(b, '$'), int64(len(s)), 10)
	return append(append(append(b, "\r\n"...), s...), "\r\n"...)
}

func appendSet(b []byte, key, value string) []byte {
	return appendBulk(appendBulk(append(b, "*3\r\n$3\r\nset\r\n"...), key), value)
}

func appendDelete(b []byte, key string) []byte {
	return appendBulk(append(b, "*2\r\n$3\r\ndel\r\n"...), key)
}

// appendMarker ends a frame whose records have the given length and checksum.
func appendMarker(b []byte, index uint64, length int64, crc uint32) []byte {
	return appendSet(b, marker, seal(index, length, crc))
}

func seal(index uint64, length int64, crc uint32) string {
	crc = crc32.Update(crc, castagnoli, binary.BigEndian.AppendUint64(nil, index))
	return fmt.Sprintf("%016x %016x %08x", index, length, crc)
}

// appendChanges appends the changes of a layer as the records of a frame.
func appendChanges(b []byte, all *batch) []byte {
	add := func(key string, c change) bool {
		b = appendChange(b, key, c)
		return true
	}
	all.changes.all(add)
	all.archive.changed(add)
	return b
}

func appendChange(b []byte, key string, c change) []byte {
	if c.delete {
		return appendDelete(b, key)
	}
	return appendSet(b, key, c.value)
}

// endFrame appends the marker to the records of a frame.
func endFrame(records []byte, index uint64) []byte {
	return appendMarker(records, index, int64(len(records)), crc32.Checksum(records, castagnoli))
}

// An Extent tells how much of a file's content counts: the whole frames it begins with.
type Extent struct {
	Bytes  int64 // all there are
	Whole  int64 // those of the whole frames
	Frames int
}

// Damaged reports whether something follows the whole frames.
func (e Extent) Damaged() bool { return e.Whole < e.Bytes }

// checkMarker reads a marker's value, and tells whether it fits the records before it, of the given length and checksum.
func checkMarker(value []byte, length int64, crc uint32) (index uint64, ok bool) {
	if len(value) != sealLength {
		return 0, false
	}
	index, err := strconv.ParseUint(string(value[:16]), 16, 64)
	if err != nil {
		return 0, false
	}
	return index, string(value) == seal(index, length, crc)
}

// What records begin with, which is as long for both kinds.
var (
	setHead    = []byte("*3\r\n$3\r\nset\r\n")
	deleteHead = []byte("*2\r\n$3\r\ndel\r\n")
)

// parseRecord reads one record and returns its length. The value of a del record is nil. The error is [io.ErrUnexpectedEOF] if
// more bytes may make it whole, and another one if none can.
func parseRecord(b []byte) (key, value []byte, length int, err error) {
	if len(b) < len(setHead) {
		return nil, nil, 0, io.ErrUnexpectedEOF
	}
	isSet := bytes.HasPrefix(b, setHead)
	if !isSet && !bytes.HasPrefix(b, deleteHead) {
		return nil, nil, 0, errMalformed
	}
	key, rest, err := parseBulk(b[len(setHead):])
	if err == nil && isSet {
		value, rest, err = parseBulk(rest)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	return key, value, len(b) - len(rest), nil
}

func parseBulk(b []byte) (s, rest []byte, err error) {
	const digits = 10 // a longer number is not one of ours
	line, _, found := bytes.Cut(b[:min(len(b), 1+digits+2)], []byte("\r\n"))
	if !found && len(b) < 1+digits+2 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	if !found || len(line) < 2 || line[0] != '$' || line[1] == '0' && len(line) > 2 {
		return nil, nil, errMalformed
	}
	n, err := strconv.ParseUint(string(line[1:]), 10, 40)
	if err != nil {
		return nil, nil, errMalformed
	}
	rest = b[len(line)+2:]
	switch {
	case uint64(len(rest)) < n+2:
		return nil, nil, io.ErrUnexpectedEOF
	case rest[n] != '\r' || rest[n+1] != '\n':
		return nil, nil, errMalformed
	}
	return rest[:n], rest[n+2:], nil
}
