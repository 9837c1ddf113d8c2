package differential

import (
	"bytes"
	"slices"
	"strconv"
)

// size returns how many bytes the reply at the beginning of raw takes.
func size(raw []byte) int {
	head := bytes.IndexByte(raw, '\n') + 1
	n, _ := strconv.Atoi(string(raw[1 : head-2]))
	switch raw[0] {
	case '$', '=', '!':
		if n < 0 {
			return head
		}
		return head + n + 2
	case '%':
		n *= 2
	case '*', '~', '>':
	default:
		return head
	}
	for range n {
		head += size(raw[head:])
	}
	return head
}

// elements returns what an array, a set or a map consists of, and the line before it. A reply
// of another kind has none.
func elements(raw []byte) (head []byte, all [][]byte) {
	at := bytes.IndexByte(raw, '\n') + 1
	head = raw[:at]
	if bytes.IndexByte([]byte("*~%>"), raw[0]) < 0 {
		return raw, nil
	}
	for at < len(raw) {
		n := size(raw[at:])
		all = append(all, raw[at:at+n])
		at += n
	}
	return head, all
}

// sorted returns a reply with its elements in order, n of them at a time.
func sorted(raw []byte, n int) []byte {
	head, all := elements(raw)
	var groups [][]byte
	for i := 0; i+n <= len(all); i += n {
		groups = append(groups, bytes.Join(all[i:i+n], nil))
	}
	slices.SortFunc(groups, bytes.Compare)
	return append(slices.Clone(head), bytes.Join(groups, nil)...)
}

// integer returns the number in a reply, and whether it is one.
func integer(raw []byte) (int64, bool) {
	if raw[0] != ':' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw[1:len(raw)-2]), 10, 64)
	return n, err == nil
}

// bulk returns the string in a reply.
func bulk(raw []byte) (string, bool) {
	head := bytes.IndexByte(raw, '\n') + 1
	if raw[0] != '$' || len(raw) < head+2 {
		return "", false
	}
	return string(raw[head : len(raw)-2]), true
}

// appendArray appends an array of replies.
func appendArray(b []byte, all ...[]byte) []byte {
	b = append(strconv.AppendInt(append(b, '*'), int64(len(all)), 10), "\r\n"...)
	return append(b, bytes.Join(all, nil)...)
}
