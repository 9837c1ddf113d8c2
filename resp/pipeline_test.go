package resp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"confman/resp"
)

// pipeline sends lines in one go and returns their answers as redis-cli shows them.
func pipeline(t testing.TB, c *resp.Client, lines ...string) []string {
	t.Helper()
	commands := make([][]string, len(lines))
	for i, line := range lines {
		words, err := resp.SplitLine(line)
		if err != nil {
			t.Fatal(err)
		}
		commands[i] = words
	}
	replies, err := c.Pipeline(context.Background(), commands...)
	if err != nil {
		t.Fatalf("%.200q: %v", lines, err)
	}
	shown := make([]string, len(replies))
	for i, r := range replies {
		shown[i] = resp.Format(r)
	}
	return shown
}

// Commands that come together share as few transactions as there may be: reads in front and
// at the end need no consensus.
func TestPipelinesShareTransactions(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	for _, step := range []struct{ lines, took, answers string }{
		{"GET a; GET b; HGETALL h", "V", "(nil); (nil); (empty array)"},
		{"SET a 1; SET b 2; SET c 3", "U", "OK; OK; OK"},
		{"GET a; SET a 2; GET a; INCR a; GET a; GET b", "VUV", `"1"; OK; "2"; (integer) 3; "3"; "2"`},
		{"SET a 1; PING; SET a 2", "UU", "OK; PONG; OK"},
		{"SET a word; INCR a; SET b 1 SOON; GET a", "UV", `OK; (error) ERR value is not an integer or out of range; (error) ERR syntax error; "word"`},
		{"SET a 1; NOSUCH; GET a", "UV", `OK; (error) ERR unknown command 'NOSUCH', with args beginning with: ; "1"`},
		{"MULTI; INCR a; GET a; EXEC; GET a", "UV", "OK; QUEUED; QUEUED; 1) (integer) 2\n2) \"2\"; \"2\""},
		{"WATCH a; MULTI; GET a; PING; EXEC", "VV", "OK; OK; QUEUED; QUEUED; 1) \"2\"\n2) PONG"},
		{"MULTI; SET a 1 PX; EXEC", "U", "OK; QUEUED; 1) (error) ERR syntax error"},
	} {
		got := strings.Join(pipeline(t, c, strings.Split(step.lines, "; ")...), "; ")
		if took := node.took(); got != step.answers || took != step.took {
			t.Errorf("%s\ntook %s, want %s; answers\n%s\nwant\n%s", step.lines, took, step.took, got, step.answers)
		}
	}
}

// No transaction of a pipeline carries over 1 MiB of arguments, unless it is one command.
func TestLongPipelinesAreSplit(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node, MaxValue: 3 << 20}))
	large := strings.Repeat("x", 400<<10)
	lines := []string{"SET big " + strings.Repeat("x", 2<<20)}
	for i := range 5 {
		lines = append(lines, fmt.Sprintf("SET k%d %s", i, large))
	}
	for i, answer := range pipeline(t, c, lines...) {
		if answer != "OK" {
			t.Errorf("%.20s: %s", lines[i], answer)
		}
	}
	// How the lines are cut depends on how they arrive.
	if took := node.took(); len(took) < 4 || len(took) > 6 || strings.Trim(took, "U") != "" {
		t.Errorf("took %s", took)
	}
}

// Commands that are too large together are not too large each.
func TestTooLargeTogether(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	value := strings.Repeat("x", 1<<20-1)
	var touch []string
	for i := range 6 {
		if got := do(t, c, fmt.Sprintf("SET k%d %s", i, value)); got != "OK" {
			t.Fatal(got)
		}
		touch = append(touch, fmt.Sprintf("APPEND k%d x", i))
	}
	for i, answer := range pipeline(t, c, touch...) {
		if answer != "(integer) 1048576" {
			t.Errorf("%s: %s", touch[i], answer)
		}
	}
	var set []string
	for i := range 5 {
		set = append(set, fmt.Sprintf("SET k%d %s", i, value))
	}
	all := pipeline(t, c, append(append([]string{"MULTI"}, set...), "EXEC")...)
	if got := all[len(all)-1]; !strings.HasPrefix(got, "(error) ERR transaction takes more than 4194304 bytes") {
		t.Errorf("EXEC of 5 MiB: %s", got)
	}
}

// Functions that run again leave one answer per command, that of the last run.
func TestFunctionsMayRunAgain(t *testing.T) {
	node := newSpy()
	node.again = 2
	c := dial(t, serve(t, &resp.Server{Node: node}))
	got := pipeline(t, c, "INCR n", "INCR n", "MULTI", "INCR n", "CLIENT SETNAME me", "EXEC", "GET n", "CLIENT GETNAME")
	want := []string{"(integer) 1", "(integer) 2", "OK", "QUEUED", "QUEUED", "1) (integer) 3\n2) OK", `"3"`, `"me"`}
	if strings.Join(got, ";") != strings.Join(want, ";") {
		t.Errorf("%q, want %q", got, want)
	}
}

// Every reply is that of its command, with many clients and pipelines of all kinds of
// commands: each carries a nonce.
func TestRepliesStayInOrder(t *testing.T) {
	addr := serve(t, &resp.Server{})
	var clients sync.WaitGroup
	for client := range 8 {
		c := dial(t, addr)
		clients.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(client)))
			for round := range 30 {
				var lines, want []string
				say := func(line, answer string) { lines, want = append(lines, line), append(want, answer) }
				for i := range 1 + random.IntN(60) {
					nonce := fmt.Sprintf("%d-%d-%d", client, round, i)
					switch random.IntN(6) {
					case 0:
						say("ECHO "+nonce, `"`+nonce+`"`)
					case 1:
						say(fmt.Sprintf("SET own/%d %s", client, nonce), "OK")
						say(fmt.Sprintf("GET own/%d", client), `"`+nonce+`"`)
					case 2:
						say("NOSUCH "+nonce, "(error) ERR unknown command 'NOSUCH', with args beginning with: '"+nonce+"' ")
					case 3:
						say("MULTI", "OK")
						say("ECHO "+nonce, "QUEUED")
						say("MGET "+nonce, "QUEUED")
						say("EXEC", `1) "`+nonce+"\"\n2) 1) (nil)")
					case 4:
						say("SET shared/a "+nonce, "OK")
						say("GET "+nonce, "(nil)")
					case 5:
						say("SET x "+nonce+" GET NX XX", "(error) ERR syntax error")
					}
				}
				got := pipeline(t, c, lines...)
				for i := range lines {
					if got[i] != want[i] {
						t.Errorf("%q answers %q, want %q", lines[i], got[i], want[i])
					}
				}
			}
		})
	}
	clients.Wait()
}

// Counters come out exact when clients race on them in pipelines and optimistic loops.
func TestCountersAreExact(t *testing.T) {
	addr := serve(t, &resp.Server{})
	const clients, rounds = 8, 40
	var running sync.WaitGroup
	for range clients {
		c := dial(t, addr)
		running.Go(func() {
			for range rounds {
				pipeline(t, c, "INCR sum", "GET sum", "INCR sum")
				for {
					got := do(t, c, "WATCH tally")
					n := strings.Trim(do(t, c, "GET tally"), `"`)
					if n == "(nil)" {
						n = "0"
					}
					var was int
					_, _ = fmt.Sscan(n, &was)
					all := pipeline(t, c, "MULTI", fmt.Sprintf("SET tally %d", was+1), "EXEC")
					if got == "OK" && all[2] == "1) OK" {
						break
					}
				}
			}
		})
	}
	running.Wait()
	c := dial(t, addr)
	if got, want := do(t, c, "GET sum"), fmt.Sprintf("%q", fmt.Sprint(2*clients*rounds)); got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
	if got, want := do(t, c, "GET tally"), fmt.Sprintf("%q", fmt.Sprint(clients*rounds)); got != want {
		t.Errorf("tally %s, want %s", got, want)
	}
}
