package loadgen

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func ping(b []byte, _, _ int) []byte { return Command(b, "PING") }

// Exactly so many operations are done as were ordered, whatever the pipelines hold and however replies are cut.
func TestDo(t *testing.T) {
	const nested = "*2\r\n$-1\r\n%1\r\n$3\r\na\r\n\r\n*1\r\n:1\r\n"
	for _, threads := range []int{1, 3} {
		var sent atomic.Int64
		addr := server(t, 5, func(int64) string { return nested })
		last := make([]atomic.Int64, 3)
		l := RESP{
			Addrs: []string{addr}, Clients: 3, Pipeline: 16, Threads: threads, CPU: -1,
			Next: func(b []byte, client, i int) []byte {
				sent.Add(1)
				if !last[client].CompareAndSwap(int64(i), int64(i)+1) {
					t.Errorf("client %d is at %d, not at %d", client, i, last[client].Load())
				}
				return Command(b, "PING")
			},
			Check: func(reply []byte) error {
				if string(reply) != nested {
					t.Errorf("it checks %q", reply)
				}
				return nil
			},
		}
		r, err := l.Do(t.Context(), 1003)
		if err != nil || r.Ops != 1003 || r.Errors != 0 || sent.Load() != 1003 || r.Took <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.Max < r.P99 {
			t.Errorf("%d were sent: %+v, %v", sent.Load(), r, err)
		}
	}
}

func TestRun(t *testing.T) {
	addr := server(t, 0, func(int64) string { return "$4\r\nPONG\r\n" })
	l := RESP{Addrs: []string{addr, addr}, Clients: 4, Pipeline: 2, CPU: -1, Next: ping}
	if r, err := l.Run(t.Context(), 20*time.Millisecond); err != nil || r.Ops == 0 || r.Ops%2 != 0 || r.Errors != 0 || r.PerSecond() <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A load that nobody answers ends with its context.
func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := server(t, 0, func(int64) string { cancel(); return "" })
	l := RESP{Addrs: []string{addr}, Clients: 1, CPU: -1, Next: ping}
	if r, err := l.Run(ctx, time.Hour); !errors.Is(err, context.Canceled) || r.Ops != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A pipeline that does not fit into what the system holds for a connection is written in parts.
func TestLongPipelines(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	addr := server(t, 0, func(int64) string { return "+" + long + "\r\n" })
	l := RESP{Addrs: []string{addr}, Clients: 2, Pipeline: 500, CPU: -1, Next: func(b []byte, _, _ int) []byte { return Command(b, "ECHO", long) }}
	if r, err := l.Do(t.Context(), 2000); err != nil || r.Ops != 2000 || r.Errors != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Errors and wrong replies are not among what was done, and messages about something else are not counted.
func TestErrors(t *testing.T) {
	addr := server(t, 0, func(n int64) string {
		if n%2 == 0 {
			return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n-ERR no\r\n"
		}
		return "+OK\r\n"
	})
	l := RESP{Addrs: []string{addr}, Clients: 1, Pipeline: 10, CPU: -1, Next: ping}
	if r, err := l.Do(t.Context(), 100); err != nil || r.Ops != 50 || r.Errors != 50 || r.LastError != "ERR no" {
		t.Errorf("%+v, %v", r, err)
	}
	l.Check = func([]byte) error { return errors.New("not that") }
	if r, err := l.Do(t.Context(), 100); err != nil || r.Ops != 0 || r.Errors != 100 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A client that is answered nonsense is an error, and so are one that is hung up on and one that cannot connect.
func TestBrokenConnections(t *testing.T) {
	addr := server(t, 0, func(int64) string { return "*x\r\n" })
	for addr, says := range map[string]string{addr: "*x", "127.0.0.1:1": "refused"} {
		l := RESP{Addrs: []string{addr}, Clients: 2, Pipeline: 2, CPU: -1, Next: ping}
		if r, err := l.Do(t.Context(), 10); err != nil || r.Ops != 0 || r.Errors != 2 || !strings.Contains(r.LastError, says) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	addr = server(t, 0, func(int64) string { return "+OK\r\n" })
	l := RESP{Addrs: []string{addr}, Clients: 2, CPU: -1, Next: func(b []byte, _, _ int) []byte { return append(b, "*y\r\n"...) }}
	if r, err := l.Do(t.Context(), 10); err != nil || r.Ops != 0 || r.Errors != 2 || r.LastError == "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// An operation allocates nothing.
func TestAllocations(t *testing.T) {
	addr := server(t, 0, func(int64) string { return "+OK\r\n" })
	command := Command(nil, "PING")
	l := RESP{Addrs: []string{addr}, Clients: 1, Pipeline: 16, CPU: -1, Next: func(b []byte, _, _ int) []byte { return append(b, command...) }}
	of := func(n int64) float64 {
		return testing.AllocsPerRun(1, func() {
			if r, err := l.Do(t.Context(), n); err != nil || r.Ops != n {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	if few, many := of(16), of(20_000); many-few > 200 { // room for what the runtime does
		t.Errorf("20,000 operations allocate %.0f times, 16 %.0f", many, few)
	}
}

// A round is over when the last has heard, and a publisher that fails ends it.
func TestSubscribers(t *testing.T) {
	addr := server(t, 3, func(int64) string { return "+subscribed\r\n+subscribed\r\n+told\r\n+told\r\n" })
	s := Subscribers{Addr: addr, Count: 5, Subscribe: []string{"SUBSCRIBE", "x", "y"}}
	rounds := 0
	s.Publish = func(context.Context, int) error { rounds++; return nil }
	if r, err := s.Rounds(t.Context(), 2); err != nil || rounds != 2 || r.Ops != 2 || r.P50 <= 0 {
		t.Errorf("%d rounds: %+v, %v", rounds, r, err)
	}
	no := errors.New("no")
	s.Publish = func(_ context.Context, i int) error {
		if i == 2 { // there are two messages for each
			return no
		}
		return nil
	}
	if r, err := s.Rounds(t.Context(), 3); !errors.Is(err, no) || r.Ops != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A real server counts as many as the load does.
func TestRedis(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	switch {
	case err != nil && os.Getenv("CONFMAN_REQUIRE_REDIS") == "1":
		t.Fatal(err)
	case err != nil:
		t.Skip("there is no redis-server here to put a load on")
	}
	socket := redis(t, path)
	l := RESP{Addrs: []string{socket}, Clients: 10, Pipeline: 16, CPU: -1, Next: func(b []byte, _, _ int) []byte { return Command(b, "INCR", "n") }}
	if r, err := l.Do(t.Context(), 12_345); err != nil || r.Ops != 12_345 || r.Errors != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	l.Next = func(b []byte, _, _ int) []byte { return Command(b, "GET", "n") }
	l.Check = func(reply []byte) error {
		if string(reply) != "$5\r\n12345\r\n" {
			t.Errorf("the server counted %q", reply)
		}
		return nil
	}
	if r, err := l.Do(t.Context(), 1); err != nil || r.Ops != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
