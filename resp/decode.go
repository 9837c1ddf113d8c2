package resp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxReply bounds a bulk string that a client accepts, in bytes.
const maxReply = 512 << 20

// maxDepth bounds how deep the arrays of a reply may be nested.
const maxDepth = 32

// Decode decodes the bytes of a reply.
func Decode(raw []byte) (Reply, error) { return readReply(bufio.NewReader(bytes.NewReader(raw)), 0) }

// readReply decodes one reply, or push. Errors of the server are returned as an [Error]
// reply.
func readReply(r *bufio.Reader, depth int) (Reply, error) {
	line, err := readReplyLine(r)
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("reply is nested too deep")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+':
		return Status(rest), nil
	case '-':
		return Error(rest), nil
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case ',':
		return strconv.ParseFloat(rest, 64)
	case '#':
		return rest == "t", nil
	case '_':
		return nil, nil
	case '(':
		return rest, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n > maxReply || n < 0 && rest != "-1" {
		return nil, errForeign(line)
	}
	switch kind {
	case '$', '=', '!':
		return readBulk(r, kind, n)
	case '*':
		if n < 0 {
			return NullArray{}, nil
		}
		return readAll(r, n, depth)
	case '~':
		all, err := readAll(r, n, depth)
		return Set(all), err
	case '%':
		all, err := readAll(r, 2*n, depth)
		return Map(all), err
	case '>':
		all, err := readAll(r, n, depth)
		return Push(all), err
	}
	return nil, errForeign(line)
}

// errForeign says that what came is no reply.
func errForeign(line string) error {
	return fmt.Errorf("reply begins with %.40q: this is not a Redis port", line)
}

func readReplyLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	s := strings.TrimSuffix(string(line), "\r\n")
	if s == "" || len(s) == len(line) {
		return "", errors.New("reply has an empty line: this is not a Redis port")
	}
	return s, nil
}

func readBulk(r *bufio.Reader, kind byte, n int) (Reply, error) {
	if n < 0 {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(n)+2)) // memory for what comes, not for what was announced
	if err == nil && len(b) < n+2 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	s := string(b[:n])
	switch kind {
	case '=':
		return Text(s[min(4, n):]), nil
	case '!':
		return Error(s), nil
	}
	return s, nil
}

func readAll(r *bufio.Reader, n, depth int) ([]Reply, error) {
	all := make([]Reply, 0, max(0, min(n, 1024)))
	for range n {
		reply, err := readReply(r, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, reply)
	}
	return all, nil
}
