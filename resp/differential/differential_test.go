package differential_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/differential"
	"confman/resp/transcript"
)

// serve starts a confman that ends with the test.
func serve(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	s := &resp.Server{Node: transcript.NewLocal(), AllowFlush: true, Namespaces: true}
	go func() { ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// A liar is a server that has a mistake: it answers some steps by itself, or puts others in
// their place.
type liar struct {
	differential.Peer
	lie func(step *differential.Step, reply *[]byte)
}

func (l liar) Do(ctx context.Context, steps []differential.Step) ([][]byte, error) {
	sent := slices.Clone(steps)
	for i := range sent {
		l.lie(&sent[i], nil)
	}
	replies, err := l.Peer.Do(ctx, sent)
	for i := range replies {
		l.lie(&steps[i], &replies[i])
	}
	return replies, err
}

// stream returns one between two confmans, one of which may lie.
func stream(t *testing.T, lie func(*differential.Step, *[]byte)) *differential.Stream {
	t.Helper()
	honest, lying := serve(t), serve(t)
	catalog, err := differential.Learn(t.Context(), lying, honest)
	if err != nil {
		t.Fatal(err)
	}
	hello := [][]string{{"HELLO", "3"}}
	s := &differential.Stream{
		Confman: liar{&differential.Server{Addr: lying, Hello: hello}, lie},
		Redis:   &differential.Server{Addr: honest, Hello: hello},
		Catalog: catalog, Space: differential.NewSpace("", false), Tally: differential.NewTally(),
	}
	t.Cleanup(s.Close)
	return s
}

// fewer is how often a test repeats what it does: n times, or a tenth of that with -short, with the same checks.
func fewer(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// Who answers as the other does passes, and what was compared is counted.
func TestTheSameServersDoNotDiffer(t *testing.T) {
	s := stream(t, func(*differential.Step, *[]byte) {})
	failures, err := s.Explore(t.Context(), differential.NewGenerator(7, s.Catalog, s.Space), "seed 7", fewer(30_000))
	if err != nil || len(failures) > 0 {
		t.Fatalf("%v, %v", failures, err)
	}
	for _, command := range []string{"set", "hset", "exec", "scan", "dump", "hrandfield"} {
		if s.Tally.Answered[command] < fewer(30) {
			t.Errorf("%s was answered %d times without an error", command, s.Tally.Answered[command])
		}
	}
	for _, id := range []string{"paths", "expiry"} {
		if s.Tally.Left[id] == 0 {
			t.Errorf("nothing was left out for [%s]", id)
		}
	}
	if n := s.Tally.Left["expiry"] + s.Tally.Left["paths"]; n > s.Tally.Total()/10 {
		t.Errorf("%d calls were left out", n)
	}
}

// planted are mistakes of a server, and what must be shown of them.
var planted = []struct {
	name  string
	lie   func(step *differential.Step, reply *[]byte)
	most  int      // steps
	shows []string // in the transcript
}{
	{
		"an answer that is wrong for one value", func(step *differential.Step, reply *[]byte) {
			if reply != nil && strings.EqualFold(step.Words[0], "STRLEN") && string(*reply) == ":5\r\n" {
				*reply = []byte(":6\r\n")
			}
		},
		3,
		[]string{"# seed 1, episode ", "> STRLEN ", "(integer) 6\n! (integer) 5"},
	},
	{
		"a write that is lost", func(step *differential.Step, reply *[]byte) {
			if reply == nil && strings.EqualFold(step.Words[0], "PERSIST") && len(step.Words) == 2 {
				step.Words = []string{"EXISTS", step.Words[1]}
			}
		},
		3,
		[]string{"> PERSIST "},
	},
	{
		"a mistake within a transaction", func(step *differential.Step, reply *[]byte) {
			if reply != nil && strings.EqualFold(step.Words[0], "EXEC") {
				*reply = []byte(strings.Replace(string(*reply), "*2\r\n", "*1\r\n", 1))
			}
		},
		5,
		[]string{"> MULTI\n", "> EXEC\n"},
	},
	{
		"a listing that leaves something out", func(step *differential.Step, reply *[]byte) {
			if reply != nil && strings.EqualFold(step.Words[0], "HKEYS") && string((*reply)[:4]) == "*2\r\n" {
				*reply = []byte("*1\r\n$2\r\nf1\r\n")
			}
		},
		4,
		[]string{"> HKEYS ", "\n! 1) "},
	},
	{
		"bytes that redis-cli does not show", func(step *differential.Step, reply *[]byte) {
			if reply != nil && strings.EqualFold(step.Words[0], "GETDEL") && string(*reply) == "_\r\n" {
				*reply = []byte("*-1\r\n")
			}
		},
		1,
		[]string{"> GETDEL ", `"*-1\r\n"`, `! "_\r\n"`},
	},
}

// A mistake is found, and shown in few steps.
func TestMistakesAreFoundAndShrunk(t *testing.T) {
	for _, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			s := stream(t, c.lie)
			g := differential.NewGenerator(1, s.Catalog, s.Space)
			var failures []*differential.Failure
			var err error
			for count := 1000; len(failures) == 0 && err == nil && count <= 200_000; count += 1000 { // no more than it takes: what is met depends on time too
				failures, err = s.Explore(t.Context(), g, "seed 1", count)
			}
			if err != nil || len(failures) == 0 {
				t.Fatalf("%v, %v", failures, err)
			}
			f := failures[0]
			if len(f.Steps) > c.most {
				t.Errorf("%d steps:\n%v", len(f.Steps), f)
			}
			for _, want := range c.shows {
				if !strings.Contains(f.String(), want) {
					t.Errorf("%v\nwithout %q", f, want)
				}
			}
		})
	}
}

// The same seed makes the same steps.
func TestStepsFollowFromTheSeed(t *testing.T) {
	s := stream(t, func(*differential.Step, *[]byte) {})
	made := func(seed uint64) (steps []differential.Step) {
		g := differential.NewGenerator(seed, s.Catalog, s.Space)
		for range 1000 {
			steps = append(steps, g.Step())
		}
		return steps
	}
	equal := func(a, b differential.Step) bool {
		return a.Connection == b.Connection && slices.Equal(a.Words, b.Words)
	}
	if !slices.EqualFunc(made(1), made(1), equal) || slices.EqualFunc(made(1), made(2), equal) {
		t.Error("steps do not follow from the seed")
	}
}

// Every rule names a deviation that is declared.
func TestRulesNameDeviations(t *testing.T) {
	for _, r := range differential.Rules {
		if !slices.ContainsFunc(transcript.Deviations, func(d transcript.Deviation) bool { return d.ID == r.ID }) {
			t.Errorf("[%s] is not declared: %s", r.ID, r.Why)
		}
	}
}
