package rdb

import "strconv"

// The three formats in which Redis keeps a small hash in one string. Each function hands the
// elements to each until that returns false, and reports whether the string was well-formed.

// packedEnd ends all three.
const packedEnd = 0xff

// zipmap reads a map of strings: how many pairs there are (254: not told), then each
// name and value behind its length, and behind the length of a value how many bytes that follow
// it are not used.
func zipmap(packed string, each func(string) bool) bool {
	r := &reader{rest: packed}
	told, elements := int(r.byte()), 0
	for {
		n := uint64(r.byte())
		switch n {
		case packedEnd:
			return r.ended() && (told == 254 || elements == 2*told)
		case 254:
			n = r.little(4)
		}
		unused := uint64(0)
		if elements%2 == 1 {
			unused = uint64(r.byte())
		}
		s := r.take(n)
		r.take(unused)
		if elements++; r.err != nil || !each(s) {
			return false
		}
	}
}

// ziplist reads a list: its size, where its last element stands, how many there are (65535: not
// told), then each element behind the size of the one before it.
func ziplist(packed string, each func(string) bool) bool {
	r := &reader{rest: packed}
	size, last, told := r.little(4), int(r.little(4)), int(r.little(2))
	if size != uint64(len(packed)) {
		return false
	}
	at, before, elements := 4+4+2, 0, 0
	for ; r.err == nil && r.rest != "" && r.rest[0] != packedEnd; elements++ {
		at += before
		n := int(r.byte())
		if n == 254 {
			n = int(r.little(4))
		}
		s := r.ziplistElement()
		if r.err != nil || n != before || !each(s) {
			return false
		}
		before = len(packed) - len(r.rest) - at
	}
	return r.byte() == packedEnd && r.ended() && last == at && (told == 0xffff || told == elements)
}

// ziplistElement reads what an element is and then the element.
func (r *reader) ziplistElement() string {
	first := r.byte()
	switch low := uint64(first & 0x3f); {
	case first < 1<<6:
		return r.take(low)
	case first < 2<<6:
		return r.take(low<<8 | r.big(1))
	case first == 2<<6:
		return r.take(r.big(4))
	case first == 0xc0:
		return r.decimal(2)
	case first == 0xd0:
		return r.decimal(4)
	case first == 0xe0:
		return r.decimal(8)
	case first == 0xf0:
		return r.decimal(3)
	case first == 0xfe:
		return r.decimal(1)
	case first >= 0xf1 && first <= 0xfd:
		return strconv.Itoa(int(first) - 0xf1)
	}
	r.fail(ErrFormat)
	return ""
}

// listpack reads a list: its size, how many elements there are (65535: not told), then each
// element with its own size behind it.
func listpack(packed string, each func(string) bool) bool {
	r := &reader{rest: packed}
	size, told, elements := r.little(4), int(r.little(2)), 0
	if size != uint64(len(packed)) {
		return false
	}
	for ; r.err == nil && r.rest != "" && r.rest[0] != packedEnd; elements++ {
		from := len(r.rest)
		s := r.listpackElement()
		r.back(from - len(r.rest))
		if r.err != nil || !each(s) {
			return false
		}
	}
	return r.byte() == packedEnd && r.ended() && (told == 0xffff || told == elements)
}

// listpackElement reads what an element is and then the element.
func (r *reader) listpackElement() string {
	first := r.byte()
	switch {
	case first < 0x80:
		return strconv.Itoa(int(first))
	case first < 0xc0:
		return r.take(uint64(first & 0x3f))
	case first < 0xe0:
		n := int(first&0x1f)<<8 | int(r.big(1))
		if n >= 1<<12 {
			n -= 1 << 13
		}
		return strconv.Itoa(n)
	case first < 0xf0:
		return r.take(uint64(first&0x0f)<<8 | r.big(1))
	case first == 0xf0:
		return r.take(r.little(4))
	case first <= 0xf3:
		return r.decimal(uint64(first) - 0xf1 + 2)
	case first == 0xf4:
		return r.decimal(8)
	}
	r.fail(ErrFormat)
	return ""
}

// back reads the size of an element from behind it, seven bits a byte: all but the first have
// the highest bit set, for who reads backwards. A size that just fits takes a byte more.
func (r *reader) back(size int) {
	n := 1
	for most := 128; size >= most; most = 1<<(7*n) - 1 {
		n++
	}
	for i, c := range []byte(r.take(uint64(n))) {
		want := byte(size>>(7*(n-1-i))) & 0x7f
		if i > 0 {
			want |= 0x80
		}
		if c != want {
			r.fail(ErrFormat)
		}
	}
}

// ended reports whether everything was read, and no fault was met.
func (r *reader) ended() bool { return r.err == nil && r.rest == "" }
