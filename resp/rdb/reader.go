package rdb

import "strconv"

// A reader takes a payload apart. After a fault it yields zeros, and err says so. Its strings
// share the payload's memory, but for those that were compressed.
type reader struct {
	rest  string
	limit int // of what the value may hold, in bytes
	err   error
}

// fail notes the first fault, and leaves nothing more to read.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = ""
}

// take reads n bytes.
func (r *reader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.fail(ErrFormat)
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) byte() byte { return byte(r.big(1)) }

// big reads an integer of n bytes, its highest byte first.
func (r *reader) big(n uint64) (v uint64) {
	for _, c := range []byte(r.take(n)) {
		v = v<<8 | uint64(c)
	}
	return v
}

// little reads an integer of n bytes, its lowest byte first.
func (r *reader) little(n uint64) (v uint64) {
	for i, c := range []byte(r.take(n)) {
		v |= uint64(c) << (8 * i)
	}
	return v
}

// decimal reads a signed integer of n bytes, its lowest byte first, and writes it out.
func (r *reader) decimal(n uint64) string {
	unused := 64 - 8*n
	return strconv.FormatInt(int64(r.little(n)<<unused)>>unused, 10)
}

// The first byte of a length: its highest two bits tell how it goes on.
const (
	length14 = 1 << 6 // 14 bits
	length32 = 2 << 6 // 32 bits follow
	length64 = length32 | 1
	special  = 3 << 6 // no length, but an encoding of a string
)

// Encodings of strings: the first ones are integers of 1, 2 and 4 bytes.
const (
	encodedInt32 = 2
	encodedLZF   = 3
)

// lengthOr reads a length, or an encoding in its place.
func (r *reader) lengthOr() (n uint64, encoding bool) {
	first := r.byte()
	switch low := uint64(first & 0x3f); {
	case first < length14:
		return low, false
	case first < length32:
		return low<<8 | r.big(1), false
	case first == length32:
		return r.big(4), false
	case first == length64:
		return r.big(8), false
	case first >= special:
		return low, true
	}
	r.fail(ErrFormat)
	return 0, false
}

// length reads a length, or a number that is written as one.
func (r *reader) length() uint64 {
	n, encoding := r.lengthOr()
	if encoding {
		r.fail(ErrFormat)
		return 0
	}
	return n
}

// string reads a string in any of its encodings.
func (r *reader) string() string {
	n, encoding := r.lengthOr()
	switch {
	case !encoding:
		return r.take(n)
	case n <= encodedInt32:
		return r.decimal(1 << n)
	case n == encodedLZF:
		return r.compressed()
	}
	r.fail(ErrFormat)
	return ""
}

// compressed reads a string that was compressed. One that holds a whole hash may be larger than
// what is in it, but not twice as large.
func (r *reader) compressed() string {
	n, size := r.length(), r.length()
	switch in := r.take(n); {
	case r.err != nil, size/mostUnfolding > n:
	case size > 2*uint64(r.limit):
		r.fail(ErrTooLarge)
		return ""
	default:
		if s, whole := unfold(in, int(size)); whole {
			return s
		}
	}
	r.fail(ErrFormat)
	return ""
}
