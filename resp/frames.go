package resp

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// limits bound what one command may be, in bytes.
type limits struct {
	args    int // words of a command
	word    int
	command int
	inline  int // a command that is a plain line
}

// strangers bounds commands before AUTH, as Redis does.
var strangers = limits{args: 10, word: 16 << 10, command: 64 << 10, inline: 16 << 10}

// friends bounds commands when no password is needed, or it was right. A word may be larger
// than a value may be, so that the command can say so and the connection stays.
var friends = limits{args: 1 << 20, word: 16 << 20, command: 16<<20 + 64<<10, inline: 64 << 10}

// What no Redis takes of anybody is told strangers as such.
const (
	redisArgs = math.MaxInt32
	redisWord = 512 << 20
)

// A protocolError is what a client did to the protocol; its connection ends.
type protocolError string

func (e protocolError) Error() string { return "ERR Protocol error: " + string(e) }

// dropped stands, as a command of one word, for a command for which there was no room. Clients
// that send it are answered the same.
const dropped = "\x00no-room"

// errHTTP ends a connection that speaks HTTP, without an answer.
const errHTTP = protocolError("this is not an HTTP server")

// frames finds the ends of commands in bytes that come bit by bit. It looks at each byte
// once, however few come at a time.
type frames struct {
	buf     []byte
	start   int   // buf[start:ready] are whole commands, to be handed on
	ready   int   // where the first command that is not whole begins
	at      int   // how far that one has been scanned
	left    int   // how many words of it are still to come
	words   int   // how many have come
	need    int   // scanning is of no use before buf is this long
	moved   bool  // ready has moved since it was last looked at
	fault   error // what is wrong with the bytes behind ready
	trusted bool  // the client has shown its password, or needs none

	due     int  // bytes to be paid for before more of the command is taken
	paid    int  // bytes paid for it
	refused bool // it is not paid for: what comes of it is dropped
	skip    int  // bytes to be dropped
}

// allowance is how many bytes a command may take without asking for room, and wordCost what a
// word takes beside its bytes.
const (
	allowance = 16 << 10
	wordCost  = 48
)

func (f *frames) limits() *limits {
	if f.trusted {
		return &friends
	}
	return &strangers
}

// whole reports whether there are whole commands.
func (f *frames) whole() bool { return f.ready > f.start }

// fresh is what came that nobody has looked at, unless something before it has yet to be handed on.
func (f *frames) fresh() []byte {
	if f.whole() || f.at > f.ready || f.left > 0 || f.skip > 0 || f.due > 0 || f.fault != nil {
		return nil
	}
	return f.buf[f.ready:]
}

// pass skips whole commands that were answered.
func (f *frames) pass(n int) { f.drop(f.ready + n) }

// scan moves ready over whole commands. It stops at a command that is a plain line, and
// takes it out if nothing is before it. Before AUTH it stops after each command: after the
// next one, other limits may hold.
func (f *frames) scan() (line string, found bool) {
	for f.fault == nil && f.due == 0 && f.at < len(f.buf) && len(f.buf) >= f.need && (f.trusted || !f.whole()) {
		switch {
		case f.skip > 0:
			if f.dropRest() {
				return dropped, true
			}
			continue
		case f.left > 0:
			if f.scanWord() && f.left == 0 {
				f.ready, f.moved, f.paid = f.at, true, 0
			}
			continue
		case f.buf[f.at] == '*':
			if f.scanHead() {
				continue
			}
			return "", false
		case f.whole():
			return "", false
		}
		return f.scanLine()
	}
	return "", false
}

// scanHead moves over *n, and reports whether scanning can go on.
func (f *frames) scanHead() bool {
	n, next, complete := f.number()
	switch {
	case !complete:
		return false
	case n > f.limits().args && n <= redisArgs && !f.trusted:
		f.fault = protocolError("unauthenticated multibulk length")
	case n > f.limits().args:
		f.fault = protocolError("invalid multibulk length")
	case n > 0:
		f.at, f.left, f.words = next, n, 0
	case f.whole():
		return false
	default: // Redis takes it for no command at all; the parser would not
		f.drop(next)
	}
	return true
}

// scanWord moves over $n and n bytes, and reports whether it has.
func (f *frames) scanWord() bool {
	if f.buf[f.at] != '$' {
		f.fault = protocolError(fmt.Sprintf("expected '$', got '%c'", printable(f.buf[f.at])))
		return false
	}
	n, next, complete := f.number()
	l := f.limits()
	switch end := next + n; {
	case !complete:
		if f.fault == nil {
			f.need = len(f.buf) + 1
		}
		return false
	case n > l.word && n <= redisWord && !f.trusted:
		f.fault = protocolError("unauthenticated bulk length")
	case n < 0 || n > l.word:
		f.fault = protocolError("invalid bulk length")
	case end+2-f.ready > l.command:
		f.fault = protocolError(fmt.Sprintf("command is over %d bytes", l.command))
	case f.refused:
		f.cut(f.at, next)
		f.skip = n + 2
	case f.owes(end + 2 - f.ready + f.words*wordCost):
	case end+2 > len(f.buf):
		f.need = end + 2
	case f.buf[end] != '\r' || f.buf[end+1] != '\n':
		f.fault = protocolError("bulk string does not end with CRLF")
	default:
		f.at, f.left, f.words = end+2, f.left-1, f.words+1
		return true
	}
	return false
}

// owes reports whether a command that takes so many bytes has to be paid for first.
func (f *frames) owes(size int) bool {
	if f.trusted && size > allowance && size > f.paid {
		f.due = size - f.paid
	}
	return f.due > 0
}

// refuse drops what has come of the command that is due, and what will come of it.
func (f *frames) refuse() {
	f.cut(f.ready, f.at)
	f.due, f.need, f.refused = 0, 0, true
}

// dropRest drops what has come of what is to be dropped, and reports whether the command is over.
func (f *frames) dropRest() (over bool) {
	n := min(f.skip, len(f.buf)-f.at)
	f.cut(f.at, f.at+n)
	if f.skip -= n; f.skip > 0 {
		return false
	}
	if f.left--; f.left > 0 {
		return false
	}
	f.refused, f.moved = false, true
	return true
}

// cut takes bytes out of what has come behind all whole commands.
func (f *frames) cut(from, to int) {
	f.buf = append(f.buf[:from], f.buf[to:]...)
	f.at = from
}

// scanLine takes out a command that is a plain line.
func (f *frames) scanLine() (line string, found bool) {
	most := f.limits().inline
	rest := f.buf[f.at:]
	end := bytes.IndexByte(rest[:min(len(rest), most+1)], '\n')
	switch {
	case end < 0 && len(rest) > most:
		f.fault = protocolError("too big inline request")
		return "", false
	case end < 0:
		f.need = len(f.buf) + 1
		return "", false
	}
	line = strings.TrimSuffix(string(rest[:end]), "\r")
	if isHTTP(line) {
		f.fault = errHTTP
		return "", false
	}
	f.drop(f.at + end + 1)
	return line, true
}

// drop skips the bytes before next, which follow whole commands that were handed on.
func (f *frames) drop(next int) { f.start, f.ready, f.at, f.moved = next, next, next, true }

// number reads the number behind the mark at f.at, and its CRLF.
func (f *frames) number() (n, next int, complete bool) {
	const longest = len("-9223372036854775808")
	rest := f.buf[f.at+1:]
	end := bytes.IndexByte(rest[:min(len(rest), longest+1)], '\r')
	if end < 0 && len(rest) <= longest || end >= 0 && end+1 == len(rest) {
		f.need = len(f.buf) + 1
		return 0, 0, false
	}
	if end >= 0 && rest[end+1] == '\n' {
		if n, err := parseInt(string(rest[:end])); err == nil {
			return int(n), f.at + 1 + end + 2, true
		}
	}
	f.fault = protocolError("invalid multibulk length")
	if f.buf[f.at] == '$' {
		f.fault = protocolError("invalid bulk length")
	}
	return 0, 0, false
}

// compact moves an incomplete command to the front of the buffer, and reports whether
// there is one.
func (f *frames) compact() (partial bool) {
	if f.start > 0 {
		n := copy(f.buf, f.buf[f.start:])
		f.buf, f.ready, f.at, f.need = f.buf[:n], f.ready-f.start, f.at-f.start, f.need-f.start
		f.start = 0
	}
	if len(f.buf) == 0 && cap(f.buf) > renewAfter {
		f.buf = nil
	}
	return len(f.buf) > 0
}

// room returns free memory behind what has come. It grows with what comes, not with what
// was announced.
func (f *frames) room() []byte {
	const least = 4 << 10
	if free := cap(f.buf) - len(f.buf); free < least {
		size := max(4*least, 2*cap(f.buf))
		if f.paid > len(f.buf) { // it was announced, and there is room for it
			size = f.paid + least
		}
		grown := make([]byte, len(f.buf), size)
		copy(grown, f.buf)
		f.buf = grown
	}
	return f.buf[len(f.buf):cap(f.buf)]
}

// parseInt reads an integer as Redis does: only in its shortest form.
func parseInt(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s {
		return 0, errInteger
	}
	return n, nil
}

func printable(c byte) byte {
	if c < ' ' || c > '~' {
		return '?'
	}
	return c
}

// isHTTP recognises the lines that browsers send: pages must not be able to make them
// write configs.
func isHTTP(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	return strings.EqualFold(first, "POST") || strings.EqualFold(first, "Host:") ||
		strings.HasSuffix(line, " HTTP/1.1") || strings.HasSuffix(line, " HTTP/1.0") || strings.HasSuffix(line, " HTTP/2.0")
}
