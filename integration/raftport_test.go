package integration

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// silent is how many connections say nothing: more than a node bears of those that have not said who
// they are.
const silent = 200

// Whoever is not a node and speaks to the raft port of one does no harm: the node goes on, nobody is
// elected, no write fails, and a new node joins while connections that say nothing crowd the port.
func TestStrangersOnTheRaftPort(t *testing.T) {
	nodes := three(t)
	at := leader(t, nodes)
	term := nodes[at].info()["raft_term"]
	load := underLoad(t, nodes, 1)
	random := make([]byte, 1<<16)
	_, _ = rand.Read(random)        // never fails
	const huge = "\x00\x00\x00\x80" // the length of a frame
	for _, n := range nodes {
		for name, said := range map[string]string{
			"twenty bytes":          string(random[:20]),
			"an HTTP request":       "GET / HTTP/1.1\r\nHost: confman\r\n\r\n",
			"a Redis command":       "*1\r\n$4\r\nPING\r\n",
			"a huge frame":          huge + string(random),
			"random bytes":          string(random),
			"a hello, then garbage": `{"confman":1,"kind":"raft"}` + "\n" + huge + string(random),
			"a line without end":    "{" + strings.Repeat(" ", 1<<16),
			"a hello of TLS":        "\x16\x03\x01\x40\x00" + string(random),
		} {
			if err := tell(n.raft, said); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for range silent {
		conn, err := net.Dial("tcp", nodes[at].raft)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	joinsInTheCrowd(t, nodes[at])
	load.goesOn(0, 1, 2)
	load.check()
	for _, n := range nodes {
		if now := n.info()["raft_term"]; now != term || n.ended() {
			t.Errorf("the term was %s, and is %s at %s", term, now, n.resp)
		}
		if strings.Contains(n.log.String(), "panic") {
			t.Errorf("%s panicked", n.resp)
		}
		if lines := strings.Count(n.log.String(), "\n"); lines > 500 {
			t.Errorf("%s printed %d lines about strangers", n.resp, lines)
		}
	}
}

// tell says something to an address, and waits until the other side has had enough.
func tell(addr, said string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	_, _ = conn.Write([]byte(said)) // it may be closed before the last byte
	for answer := make([]byte, 1<<10); ; {
		if _, err := conn.Read(answer); isTimeout(err) {
			return fmt.Errorf("the connection is still there after %d bytes", len(said))
		} else if err != nil {
			return nil
		}
	}
}

// joinsInTheCrowd starts a node that joins.
func joinsInTheCrowd(t *testing.T, member *node) {
	t.Helper()
	n, token := newNode(t), member.token()
	start := time.Now()
	n.start("--join", token)
	took := time.Since(start)
	t.Logf("a node started and joined beside %d silent connections in %v", silent, took)
	if took > 3*time.Second { // whoever waited for the silent ones would wait for 5 s
		t.Errorf("a node took %v to start and join beside %d silent connections", took, silent)
	}
	n.eventually("it votes", n.takesPart)
	n.stop()
}
