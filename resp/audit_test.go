package resp_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// notes returns what stands in a node's audit beside changes, and without who it was and from where.
func notes(t *testing.T, node *transcript.Local) (all []string) {
	t.Helper()
	err := node.View(context.Background(), func(tx *store.Tx) error {
		tx.Past(1, math.MaxUint64, func(r store.PastRevision) bool {
			for _, txn := range r.Txns {
				for _, n := range txn.Notes {
					if n.By != "default" || !strings.HasPrefix(n.Origin.Addr, "127.0.0.1:") || n.Origin.Protocol != "resp" || n.At == 0 {
						t.Errorf("%+v", n)
					}
					all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %dx %s %s", n.Act, n.Names, n.Times, n.Refused, n.Origin.Reason)))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is denied is noted, and what operators do; neither passwords nor values are.
func TestWhatIsNoted(t *testing.T) {
	node := transcript.NewLocal()
	addr, stop := start(t, &resp.Server{Node: node, Password: "secret"})
	c := dial(t, addr)
	pipeline(t, c, "GET tellme", "GET more", "NOSUCH x", "AUTH wrong", "AUTH wronger", "HELLO 3 AUTH default wrong", "HELLO 3", "AUTH secret")
	pipeline(t, c, "CONF REASON 'ticket 1'", "CONFIG SET maxclients 100 requirepass hunter2", "CONFIG SET nosuch 1", "CLIENT KILL ID 999", "CONFIG GET *")
	pipeline(t, c, "SET confman/settings/x value", "FLUSHALL", "SET a/b value", "INCR a/b", "GET a")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	got, want := strings.Join(notes(t, node), "\n"), strings.TrimSpace(`
CONFIG SET maxclients requirepass [] 1x  ticket 1
CONFIG SET nosuch [] 1x ERR ticket 1
CLIENT KILL ID 999 [] 1x  ticket 1
GET [] 2x NOAUTH
(unknown command) [] 1x NOAUTH
AUTH [] 2x WRONGPASS
HELLO [] 1x WRONGPASS
HELLO [] 1x NOAUTH
SET [confman/settings/x] 1x RESERVED ticket 1
FLUSHALL [] 1x OFF ticket 1`)
	if got != want {
		t.Errorf("noted are\n%s\nwant\n%s", got, want)
	}
}

// A client that protected mode does not let in is noted, by its host.
func TestStrangersAreNoted(t *testing.T) {
	node := transcript.NewLocal()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	from := make(chan string, 1)
	served := make(chan error, 1)
	go func() { served <- (&resp.Server{Node: node}).Serve(t.Context(), foreigner{ln, from}) }()
	for _, address := range []string{"192.0.2.1:7", "192.0.2.1:8", "127.0.0.1:9"} {
		from <- address
		raw(t, ln.Addr().String(), "QUIT\r\n")
	}
	_ = ln.Close()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	var all []store.Note
	err = node.View(t.Context(), func(tx *store.Tx) error {
		tx.Past(1, math.MaxUint64, func(r store.PastRevision) bool {
			all = append(all, r.Txns[0].Notes...)
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Times != 2 || all[0].Refused != "DENIED" || all[0].Origin.Addr != "192.0.2.1:7" {
		t.Errorf("noted is %+v", all)
	}
}

// Who pages with SINCE sees everything once.
func TestPagingThroughTheAudit(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	const sets = 250
	for i := range sets {
		do(t, c, fmt.Sprintf("SET page/k%d x", i))
	}
	seen, since := 0, int64(1)
	for {
		reply, err := c.Do(context.Background(), "CONF", "AUDIT", "page", "SINCE", fmt.Sprint(since), "COUNT", "100")
		if err != nil {
			t.Fatal(err)
		}
		lines := reply.([]resp.Reply)
		if len(lines) == 0 {
			break
		}
		for _, l := range lines {
			if revision := field(l, "revision").(int64); revision < since {
				t.Fatalf("revision %d comes behind %d", revision, since)
			} else {
				since = revision + 1
			}
			seen++
		}
	}
	if seen != sets {
		t.Errorf("%d of %d", seen, sets)
	}
}
