package resp_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// stranger connects, sends something, and shows no password.
func stranger(t *testing.T, addr, bytes string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(bytes)); err != nil {
		t.Fatal(err)
	}
	return c
}

// hungUp waits until the server has hung up.
func hungUp(t *testing.T, c net.Conn) {
	t.Helper()
	var timeout net.Error
	if _, err := io.Copy(io.Discard, c); errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the server does not hang up")
	}
}

// Who does not show the password in time is hung up on, whatever else he does; who has shown it stays.
func TestStrangersHaveLittleTime(t *testing.T) {
	addr := serve(t, &resp.Server{Password: "secret", AuthTime: 100 * time.Millisecond, CompleteTime: time.Minute, WriteTime: time.Minute})
	friend, former := dial(t, addr), dial(t, addr)
	do(t, friend, "AUTH secret")
	do(t, former, "AUTH secret")
	if got := do(t, former, "RESET"); got != "RESET" {
		t.Fatal(got)
	}
	for what, bytes := range map[string]string{
		"says nothing":              "",
		"says hello":                "HELLO 3\r\nPING\r\nAUTH wrong\r\n",
		"never ends a command":      "*2\r\n$4\r\nAUTH\r\n$6\r\nsec",
		"is refused, over and over": strings.Repeat("PING\r\n", 1000),
	} {
		t.Run(what, func(t *testing.T) { hungUp(t, stranger(t, addr, bytes)) })
	}
	if _, err := former.Do(t.Context(), "PING"); err == nil {
		t.Error("who was a friend, and did not show the password again, is still there")
	}
	if got := do(t, friend, "PING"); got != "PONG" {
		t.Errorf("the friend: %s", got)
	}
}

// However many strangers connect, friends find room, up to the last one; those who are there stay.
func TestStrangersMakeRoom(t *testing.T) {
	addr := serve(t, &resp.Server{Password: "secret", MaxClients: 8, AuthTime: time.Minute})
	var friends []*resp.Client
	befriend := func() {
		c := dial(t, addr)
		if got := do(t, c, "AUTH secret"); got != "OK" {
			t.Fatalf("friend %d: %s", len(friends), got)
		}
		friends = append(friends, c)
	}
	befriend()
	var strangers []net.Conn
	for range 20 {
		strangers = append(strangers, stranger(t, addr, ""))
	}
	for _, c := range strangers[:18] {
		hungUp(t, c)
	}
	if got := do(t, friends[0], "INFO clients"); !strings.Contains(got, "connected_clients:3\\r") {
		t.Errorf("there should be two strangers and a friend: %s", got)
	}
	for range 7 {
		befriend()
	}
	if got := raw(t, addr, ""); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("where there are only friends, one more client is told %q", got)
	}
	if got := do(t, friends[0], "RESET"); got != "RESET" {
		t.Fatal(got)
	}
	befriend()
	if _, err := friends[0].Do(t.Context(), "PING"); err == nil {
		t.Error("who was a friend did not make room")
	}
	for i, c := range friends[1:] {
		if got := do(t, c, "PING"); got != "PONG" {
			t.Errorf("friend %d: %s", i, got)
		}
	}
}
