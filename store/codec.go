package store

import (
	"encoding/binary"
	"strings"
)

// onStack is the capacity with which bytes begin that are soon copied into a string, or hashed: constant and small, so that
// those of most records need no memory of their own.
const onStack = 512

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// joined returns a string of what comes before a value and the value, made at its size.
func joined(head []byte, value string) string {
	var b strings.Builder
	b.Grow(len(head) + len(value))
	b.Write(head)
	b.WriteString(value)
	return b.String()
}

// decoder reads what the append functions wrote. After a fault it yields zeros, and
// err says so. Its strings share the memory of the bytes it reads.
type decoder struct {
	s   string
	err error
}

func (d *decoder) fail() { d.s, d.err = "", errMalformed }

func (d *decoder) uint() (v uint64) {
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

func (d *decoder) millis() Millis { return Millis(d.uint()) }

// fixed reads eight bytes.
func (d *decoder) fixed() uint64 {
	if len(d.s) < 8 {
		d.fail()
		return 0
	}
	v := binary.BigEndian.Uint64([]byte(d.s[:8]))
	d.s = d.s[8:]
	return v
}

func (d *decoder) bool() bool {
	switch v := d.uint(); v {
	case 0, 1:
		return v == 1
	}
	d.fail()
	return false
}

func (d *decoder) string() string {
	n := d.uint()
	if n > uint64(len(d.s)) {
		d.fail()
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

// count reads how many elements follow. Each takes at least a byte, so that a few
// bytes cannot ask for much memory.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.s)) {
		d.fail()
		return 0
	}
	return int(n)
}

// end checks that everything was read.
func (d *decoder) end() error {
	if d.err == nil && d.s != "" {
		d.fail()
	}
	return d.err
}

// opened returns a decoder behind the leading format byte.
func opened(s string, format byte) (*decoder, error) {
	switch {
	case s == "" || s[0] == 0:
		return nil, errMalformed
	case s[0] > format:
		return nil, ErrNewerFormat
	}
	return &decoder{s: s[1:]}, nil
}
