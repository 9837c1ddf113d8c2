package resp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// randomText draws a string of so many different letters, so that there are many subsequences
// of the same length to choose from.
func randomText(r *rand.Rand, length, letters int) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = 'a' + byte(r.IntN(letters))
	}
	return string(b)
}

// Of several longest common subsequences it is Redis's, in every form of the answer.
func TestLCSIsRedis(t *testing.T) {
	servers := []*resp.Client{dial(t, redis(t)), dial(t, serve(t, &resp.Server{}))}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 4000 {
		most := 12
		if n%10 == 0 {
			most = 300
		}
		letters := 1 + r.IntN(4)
		a, b := randomText(r, r.IntN(most), letters), randomText(r, r.IntN(most), letters)
		if n%3 == 0 && len(a) > 4 { // mostly the same
			b = a[:len(a)/3] + b[:len(b)/4] + a[len(a)/2:]
		}
		commands := [][]string{
			{"MSET", "a", a, "b", b},
			{"LCS", "a", "b"},
			{"LCS", "a", "b", "LEN"},
			{"LCS", "a", "b", "IDX", "WITHMATCHLEN", "MINMATCHLEN", fmt.Sprint(r.IntN(4))},
		}
		var answers [2]string
		for i, c := range servers {
			replies, err := c.Pipeline(context.Background(), commands...)
			if err != nil {
				t.Fatal(err)
			}
			answers[i] = fmt.Sprint(replies)
		}
		if answers[0] != answers[1] {
			t.Fatalf("%q and %q:\nRedis   %s\nconfman %s", a, b, answers[0], answers[1])
		}
	}
}

// The largest tables are refused as in Redis, and those below are no burden.
func TestLCSBound(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range []struct{ a, b int }{{11584, 11584}, {127, 1<<20 - 1}, {1<<20 - 1, 127}} {
		a, b := randomText(r, shape.a, 26), randomText(r, shape.b, 26)
		do(t, c, "SET a "+a)
		do(t, c, "SET b "+b)
		began := time.Now()
		if got := do(t, c, "LCS a b"); len(got) < 100 || strings.HasPrefix(got, "(error)") {
			t.Errorf("%v: %.100s", shape, got)
		}
		t.Logf("%v: %v", shape, time.Since(began))
		do(t, c, "APPEND a x")
		do(t, c, "APPEND b x")
		if got, want := do(t, c, "LCS a b LEN"), "(error) ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"; got != want {
			t.Errorf("%v: %.100s", shape, got)
		}
	}
}
