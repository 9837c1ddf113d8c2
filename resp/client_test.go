package resp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// A client whose context ends says so, and does not wait for the server.
func TestClientsGiveUpInTime(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := dial(t, ln.Addr().String()).Do(ctx, "PING"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestClientsOfNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	if _, err := resp.Dial(context.Background(), addr); err == nil {
		t.Error("connected to nothing")
	}
}

// Long pipelines with long replies block neither side.
func TestLongPipelinesDoNotDeadlock(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	large := strings.Repeat("x", 100<<10)
	var lines []string
	for range 60 {
		lines = append(lines, "ECHO "+large)
	}
	for _, answer := range pipeline(t, c, lines...) {
		if answer != `"`+large+`"` {
			t.Fatalf("%.20s", answer)
		}
	}
}
