package resp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Reply is what a command answers: nil, string (bulk), [Status], int64, float64,
// bool, error, []Reply, [Map], [Set], [Text], [NullArray] or [Push], or what stands for several of them.
type Reply any

// Status is a simple string such as OK.
type Status string

// Map holds keys and values in turn. Clients of RESP2 see an array.
type Map []Reply

// Set holds elements in no order. Clients of RESP2 see an array.
type Set []Reply

// Text is a bulk string that clients of RESP3 show as it is.
type Text string

// NullArray is an array that is not there, such as EXEC's after a watched key changed.
type NullArray struct{}

// Push is a message that answers no command, such as an invalidation. Only clients of
// RESP3 can tell it from a reply; those of RESP2 see an array.
type Push []Reply

const ok = Status("OK")

// appendReply encodes a reply for a protocol version, 2 or 3.
func appendReply(b []byte, r Reply, protocol int) []byte {
	if kind, n, parts, composed := takeApart(r, protocol); composed {
		return appendAll(appendHead(b, kind, n), parts, protocol)
	}
	switch r := r.(type) {
	case nil:
		return append(b, pick(protocol, "$-1\r\n", "_\r\n")...)
	case NullArray:
		return append(b, pick(protocol, "*-1\r\n", "_\r\n")...)
	case string:
		return appendBulk(b, r)
	case Text:
		if protocol == 2 {
			return appendBulk(b, string(r))
		}
		b = appendHead(b, '=', len(r)+4)
		return append(append(append(b, "txt:"...), r...), "\r\n"...)
	case Status:
		return append(append(append(b, '+'), oneLine(string(r))...), "\r\n"...)
	case error:
		return append(append(append(b, '-'), oneLine(r.Error())...), "\r\n"...)
	case int64:
		return append(strconv.AppendInt(append(b, ':'), r, 10), "\r\n"...)
	case float64:
		if protocol == 2 {
			return appendBulk(b, formatFloat(r))
		}
		return append(append(append(b, ','), formatFloat(r)...), "\r\n"...)
	case bool:
		if r {
			return append(b, pick(protocol, ":1\r\n", "#t\r\n")...)
		}
		return append(b, pick(protocol, ":0\r\n", "#f\r\n")...)
	case replies:
		return appendAll(b, r, protocol)
	}
	panic(fmt.Sprintf("resp: no encoding for a reply of type %T", r))
}

// takeApart returns the parts of a reply that consists of others, and what they are announced as.
func takeApart(r Reply, protocol int) (kind byte, n int, parts []Reply, composed bool) {
	switch r := r.(type) {
	case []Reply:
		return '*', len(r), r, true
	case Set:
		return pick(protocol, "*", "~")[0], len(r), r, true
	case Push:
		return pick(protocol, "*", ">")[0], len(r), r, true
	case Map:
		if protocol == 2 {
			return '*', len(r), r, true
		}
		return '%', len(r) / 2, r, true
	}
	return 0, 0, nil, false
}

func pick(protocol int, resp2, resp3 string) string {
	if protocol == 2 {
		return resp2
	}
	return resp3
}

func appendHead(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), "\r\n"...)
}

func appendBulk(b []byte, s string) []byte {
	return append(append(appendHead(b, '$', len(s)), s...), "\r\n"...)
}

func appendAll(b []byte, all []Reply, protocol int) []byte {
	for _, r := range all {
		b = appendReply(b, r, protocol)
	}
	return b
}

// oneLine keeps what clients sent, and errors quote, from ending an error's line.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
}

func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// bulks makes an array of strings.
func bulks(all []string) []Reply {
	replies := make([]Reply, len(all))
	for i, s := range all {
		replies[i] = s
	}
	return replies
}
