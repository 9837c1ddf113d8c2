package main

import (
	"strings"
	"testing"
)

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	for _, channel := range []string{"", "news", strings.Repeat("c", 300), "a\x00b"} {
		for _, message := range []string{"", "hello", strings.Repeat("m", 1<<20), "\xff\r\n"} {
			for _, sharded := range []bool{false, true} {
				c, m, s, err := decodeMessage(encodeMessage(channel, message, sharded))
				if err != nil || c != channel || m != message || s != sharded {
					t.Errorf("%.20q, %.20q, %v: %.20q, %.20q, %v, %v", channel, message, sharded, c, m, s, err)
				}
			}
		}
	}
}

// Whatever comes is a message or an error.
func FuzzDecodeMessage(f *testing.F) {
	f.Add([]byte("\x01\x00\x04newshello"))
	f.Add([]byte("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"))
	f.Add([]byte("\x02\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		channel, message, sharded, err := decodeMessage(b)
		if err != nil {
			return
		}
		c, m, s, err := decodeMessage(encodeMessage(channel, message, sharded))
		if err != nil || c != channel || m != message || s != sharded {
			t.Errorf("%q: %q, %q, %v", b, c, m, s)
		}
	})
}
