package resp

import (
	"slices"
	"strings"
	"testing"
)

// Whatever a client encodes, however it is cut, redcon's parser gets it from behind the guard as it was.
func FuzzGuardTakesCommands(f *testing.F) {
	f.Add("SET\x00k\x00v\x01GET\x00k", []byte{0})
	f.Add("ECHO\x00*1\r\n$4\r\nPING\r\n\x01POST\x00 HTTP/1.1\x01\x00", []byte{3, 200})
	f.Add("ECHO\x00"+strings.Repeat("x", 20_000), []byte{255})
	f.Fuzz(func(t *testing.T, text string, sizes []byte) {
		var sent []byte
		var want [][]string
		for command := range strings.SplitSeq(text, "\x01") {
			words := strings.Split(command, "\x00")
			sent, want = appendReply(sent, bulks(words), 2), append(want, words)
		}
		got, fault := guarded(sent, sizes, true)
		if fault != "" || !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%q came as %q, %s", want, got, fault)
		}
	})
}
