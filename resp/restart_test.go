package resp_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"confman/resp"
)

// Of many who take the turn at once one has it, and the others are told who.
func TestOneHasTheTurn(t *testing.T) {
	addr := serve(t, &resp.Server{})
	var all sync.WaitGroup
	var have atomic.Int64
	for i := range 20 {
		c := dial(t, addr)
		all.Go(func() {
			switch got := do(t, c, "MEMBER TURN holder/"+string(rune('a'+i))+" 60"); {
			case got == "OK":
				have.Add(1)
			case !strings.HasPrefix(got, "(error) TURN holder/"):
				t.Error(got)
			}
		})
	}
	if all.Wait(); have.Load() != 1 {
		t.Errorf("%d have the turn", have.Load())
	}
}

// A turn that nobody takes longer ends, and then another one can take it, whoever had it before.
func TestTheTurnEnds(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	says := func(line, want string) {
		t.Helper()
		if got := do(t, c, line); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	says("MEMBER TURN a 60", "OK")
	says("MEMBER TURN a 1", "OK")
	says("MEMBER TURN b 60", "(error) TURN a restarts nodes, and has the turn for 1 s yet")
	eventually(t, func() bool { return do(t, c, "MEMBER TURN") == "(nil)" })
	says("MEMBER TURN b 60", "OK")
	says("MEMBER TURN a 0", "(error) TURN b restarts nodes")
	says("MEMBER TURN a 60", "(error) TURN b restarts nodes")
	says("MEMBER TURN b 0", "OK")
	says("MEMBER TURN a 60", "OK")
}

// A node that is restarted answers, and then its connection ends; one that is not goes on.
func TestMemberRestart(t *testing.T) {
	asked := make(chan struct{}, 1)
	addr := serve(t, &resp.Server{Restart: func() error {
		asked <- struct{}{}
		return nil
	}})
	if got := raw(t, addr, "PING\r\nMEMBER RESTART\r\nPING\r\n"); got != "+PONG\r\n+OK\r\n" {
		t.Errorf("%q", got)
	}
	<-asked
	addr = serve(t, &resp.Server{Restart: func() error { return errors.New("nobody would start it") }})
	if got := raw(t, addr, "MEMBER RESTART\r\nPING\r\nQUIT\r\n"); got != "-ERR nothing was done: nobody would start it\r\n+PONG\r\n+OK\r\n" {
		t.Errorf("%q", got)
	}
}
