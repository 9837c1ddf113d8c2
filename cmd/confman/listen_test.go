package main

import (
	"net"
	"testing"
)

// Nodes on one machine may have one port at addresses of their own: only who is at the same one, or at all of them, is in the way.
func TestWhoIsInTheWay(t *testing.T) {
	for _, c := range []struct {
		listed, ip string
		collides   bool
	}{
		{"0100007F", "127.0.0.1", true},
		{"0200007F", "127.0.0.1", false},
		{"00000000", "127.0.0.1", true},
		{"0200007F", "0.0.0.0", true},
		{"0200007F", "", true},
		{"00000000000000000000000001000000", "::1", true},
		{"00000000000000000000000001000000", "127.0.0.1", false},
		{"00000000000000000000000000000000", "127.0.0.1", true},
		{"0000000000000000FFFF00000100007F", "127.0.0.1", true},
	} {
		if got := collides(c.listed, net.ParseIP(c.ip)); got != c.collides {
			t.Errorf("%s and %q: %v", c.listed, c.ip, got)
		}
	}
}
