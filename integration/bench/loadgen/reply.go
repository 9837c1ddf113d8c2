package loadgen

import (
	"bytes"
	"errors"
	"fmt"
)

// maxElements and maxBytes are more than a reply to a load has: a longer one is taken for damage.
const (
	maxElements = 1 << 30
	maxBytes    = 512 << 20
)

// A reader finds the ends of replies in what comes from a server, RESP2 and RESP3, without a stack: all that has to be known is
// how many values are still to come. Attributes belong to the value after them.
type reader struct {
	open int64  // values that the reply still needs; 0 between two replies
	skip int    // bytes that the bulk string at hand still needs
	kind byte   // the first byte of the reply
	fail []byte // the last error within the reply, in a buffer that is used again
	bad  bool   // whether there was one
}

// next reads on in b. It returns how many bytes it has used, and whether they end a reply. The bytes that it has not used have
// to come again, with more. Its error is one of the protocol, after which nothing can be read.
func (r *reader) next(b []byte) (used int, done bool, err error) {
	if r.open == 0 && r.skip == 0 {
		if len(b) == 0 {
			return 0, false, nil
		}
		r.open, r.kind, r.bad = 1, b[0], false
	}
	for {
		n := min(r.skip, len(b)-used)
		used += n
		r.skip -= n
		if r.skip > 0 {
			return used, false, nil
		}
		if r.open == 0 {
			return used, true, nil
		}
		n, err := r.value(b[used:])
		if n == 0 || err != nil {
			return used, false, err
		}
		used += n
	}
}

// value reads a line, and what follows it if that is the text of an error. It returns 0 if it needs more.
func (r *reader) value(b []byte) (int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0, nil
	}
	if end < 2 || b[end-1] != '\r' {
		return 0, fmt.Errorf("a reply has the line %q", b[:end+1])
	}
	line := b[1 : end-1]
	switch b[0] {
	case '+', ':', '_', ',', '#', '(':
		r.open--
	case '-':
		r.error(line)
		r.open--
	case '$', '=':
		n, err := length(b[0], line, maxBytes)
		if err != nil {
			return 0, err
		}
		r.open--
		if n >= 0 {
			r.skip = n + 2
		}
	case '!':
		n, err := length(b[0], line, maxBytes)
		if err != nil {
			return 0, err
		}
		whole := end + 1 + max(n, 0) + 2
		if len(b) < whole {
			return 0, nil
		}
		r.error(b[end+1 : whole-2])
		r.open--
		return whole, nil
	default:
		return end + 1, r.aggregate(b[0], line)
	}
	return end + 1, nil
}

// aggregate counts the values that an aggregate announces, itself being one of those that were to come.
func (r *reader) aggregate(kind byte, line []byte) error {
	n, err := length(kind, line, maxElements)
	if err != nil {
		return err
	}
	n = max(n, 0)
	switch kind {
	case '*', '~', '>':
		r.open += int64(n) - 1
	case '%':
		r.open += 2*int64(n) - 1
	case '|':
		r.open += 2 * int64(n)
	default:
		return fmt.Errorf("a reply begins with %q", kind)
	}
	if r.open > maxElements {
		return errors.New("a reply has too many elements")
	}
	return nil
}

func (r *reader) error(text []byte) {
	r.bad = true
	r.fail = append(r.fail[:0], text...)
}

// length reads a length, which is -1 for null.
func length(kind byte, line []byte, most int) (int, error) {
	if string(line) == "-1" {
		return -1, nil
	}
	n := 0
	for _, c := range line {
		if c < '0' || c > '9' || n > most/10 {
			return 0, fmt.Errorf("a reply has the length %q", append([]byte{kind}, line...))
		}
		n = 10*n + int(c-'0')
	}
	if len(line) == 0 {
		return 0, fmt.Errorf("a reply has no length after %q", kind)
	}
	return n, nil
}
