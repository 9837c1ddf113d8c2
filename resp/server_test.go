package resp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// start starts a server on loopback. stop ends it and returns what Serve did.
func start(t testing.TB, s *resp.Server) (addr string, stop func() error) {
	t.Helper()
	if s.Node == nil {
		s.Node = transcript.NewLocal()
	}
	if s.AuditTime == 0 {
		s.AuditTime = time.Hour // a node sees what the test does, and what is noted at the end
	}
	if node, watched := s.Node.(interface{ Watch(store.Watcher) }); watched {
		node.Watch(s)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	return ln.Addr().String(), func() error { cancel(); return <-ended }
}

// serve starts a server that ends with the test.
func serve(t testing.TB, s *resp.Server) (addr string) {
	t.Helper()
	addr, stop := start(t, s)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return addr
}

// dial connects to a server until the end of the test.
func dial(t testing.TB, addr string) *resp.Client {
	t.Helper()
	c, err := resp.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the test may have done it
	return c
}

// do sends a command and returns the answer as redis-cli shows it.
func do(t testing.TB, c *resp.Client, line string) string {
	t.Helper()
	return pipeline(t, c, line)[0]
}

// raw sends bytes to a server and returns all that it says until it hangs up.
func raw(t testing.TB, addr, bytes string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte(bytes)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	var reset *net.OpError
	if err != nil && !errors.As(err, &reset) {
		t.Fatal(err)
	}
	return string(answer)
}

func TestStrangersAreToldWhatIsWrongAndHungUpOn(t *testing.T) {
	addr := serve(t, &resp.Server{Password: "secret"})
	for bytes, want := range map[string]string{
		"*1\r\n$9223372036854775807\r\n":                "-ERR Protocol error: invalid bulk length\r\n",
		"*9223372036854775807\r\n":                      "-ERR Protocol error: invalid multibulk length\r\n",
		"PING\r\n*1\r\n$-1\r\n":                         "-NOAUTH Authentication required.\r\n-ERR Protocol error: invalid bulk length\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n": "",
		"QUIT\r\nGET a\r\n":                             "+OK\r\n",
	} {
		if got := raw(t, addr, bytes); got != want {
			t.Errorf("%q: %q, want %q", bytes, got, want)
		}
	}
}

func TestPassword(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{Password: "secret"}))
	for _, step := range [][2]string{
		{"GET a", "(error) NOAUTH Authentication required."},
		{"NOSUCH a", "(error) NOAUTH Authentication required."},
		{"MULTI", "(error) NOAUTH Authentication required."},
		{"AUTH wrong", "(error) WRONGPASS invalid username-password pair or user is disabled."},
		{"AUTH somebody secret", "(error) WRONGPASS invalid username-password pair or user is disabled."},
		{"AUTH default ''", "(error) WRONGPASS invalid username-password pair or user is disabled."},
		{"AUTH a b c", "(error) ERR syntax error"},
		{"GET a", "(error) NOAUTH Authentication required."},
		{"HELLO 3 AUTH default wrong", "(error) WRONGPASS invalid username-password pair or user is disabled."},
		{"AUTH secret", "OK"},
		{"SET a 1", "OK"},
		{"RESET", "RESET"},
		{"GET a", "(error) NOAUTH Authentication required."},
		{"AUTH default secret", "OK"},
		{"GET a", `"1"`},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
	three := dial(t, serve(t, &resp.Server{Password: "secret"}))
	if got := do(t, three, "HELLO 3"); !strings.HasPrefix(got, "(error) NOAUTH HELLO must be called") {
		t.Errorf("HELLO without AUTH: %s", got)
	}
	if got := do(t, three, "HELLO 3 AUTH default secret"); !strings.HasPrefix(got, `1# "server" => "redis"`) {
		t.Errorf("HELLO with AUTH: %s", got)
	}
}

// A client that pipelines behind its AUTH is trusted from there on, not before.
func TestLimitsFollowAUTHWithinAPipeline(t *testing.T) {
	mget := "MGET" + strings.Repeat(" k", 20)
	c := dial(t, serve(t, &resp.Server{Password: "secret"}))
	got := pipeline(t, c, "AUTH secret", mget, "SET k "+strings.Repeat("v", 20_000))
	if got[0] != "OK" || !strings.HasPrefix(got[1], " 1) (nil)") || got[2] != "OK" {
		t.Errorf("%.200q", got)
	}
	c = dial(t, serve(t, &resp.Server{Password: "secret"}))
	reply, err := c.Do(context.Background(), strings.Fields(mget)...)
	if err != nil || resp.Format(reply) != "(error) ERR Protocol error: unauthenticated multibulk length" {
		t.Errorf("a stranger's MGET: %v, %v", reply, err)
	}
}

// A value that is too large gets an answer, and the connection stays.
func TestLargeValues(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{MaxValue: 100}))
	large := strings.Repeat("x", 101)
	const refusal = "(error) ERR value of 101 bytes is over the limit of 100 bytes (setting max_value)"
	for _, step := range [][2]string{
		{"SET k " + large, refusal},
		{"MSET a 1 k " + large, refusal},
		{"HSET h a 1 k " + large, refusal},
		{"SET k " + large + " GET", refusal},
		{"SETEX k 10 " + large, refusal},
		{"PSETEX k 10 " + large, refusal},
		{"SETNX k " + large, refusal},
		{"GETSET k " + large, refusal},
		{"MSETNX a 1 k " + large, refusal},
		{"SETRANGE k 100 x", refusal},
		{"INCRBYFLOAT k 2e100", refusal},
		{"HMSET h a 1 k " + large, refusal},
		{"HSETNX h k " + large, refusal},
		{"HSETEX h FIELDS 2 a 1 k " + large, refusal},
		{"HINCRBYFLOAT h k 2e100", refusal},
		{"EXISTS a k h", "(integer) 0"},
		{"SET fits " + large[1:], "OK"},
		{"APPEND fits x", refusal},
		{"ECHO " + large, `"` + large + `"`},
		{"KEYS " + strings.Repeat("k", 1025), "(error) ERR pattern is over 1024 bytes: shorten it"},
		{"SCAN 0 MATCH " + strings.Repeat("k", 1025), "(error) ERR pattern is over 1024 bytes: shorten it"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%.20s: %s, want %s", step[0], got, step[1])
		}
	}
	if reply, err := c.Do(context.Background(), "SET", "k", strings.Repeat("x", 10<<20)); err != nil ||
		resp.Format(reply) != "(error) ERR value of 10485760 bytes is over the limit of 100 bytes (setting max_value)" {
		t.Errorf("10 MiB: %v, %v", reply, err)
	}
}

func TestMaxClients(t *testing.T) {
	addr := serve(t, &resp.Server{MaxClients: 2})
	first := dial(t, addr)
	do(t, first, "PING")
	do(t, dial(t, addr), "PING")
	if got := raw(t, addr, ""); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("the third client: %q", got)
	}
	if got := do(t, first, "INFO stats"); !strings.Contains(got, "rejected_connections:1") {
		t.Error(got)
	}
}

// What the node answers becomes an error that clients know what to do with.
func TestErrorsOfTheNode(t *testing.T) {
	node := newSpy()
	c := dial(t, serve(t, &resp.Server{Node: node}))
	for _, e := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: 1 of 3 nodes is reachable", store.ErrUnavailable), "CLUSTERDOWN the cluster has no leader: 1 of 3 nodes is reachable"},
		{fmt.Errorf("%w: read before you write it again", store.ErrInDoubt), "INDOUBT the outcome of this write is not known: read before you write it again"},
		{store.ErrBusy, "TRYAGAIN this node has too many writes waiting"},
		{store.ErrTooLarge, "ERR transaction takes more than 4194304 bytes: split it"},
		{errors.New("something with a secret"), "ERR internal error"},
	} {
		node.refuse = e.err
		got := pipeline(t, c, "GET a", "SET a 1", "GET a", "INCR a", "GET a", "MULTI", "SET a 1", "EXEC")
		for _, i := range []int{1, 3, 7} {
			if got[i] != "(error) "+e.want {
				t.Errorf("%v: %s, want %s", e.err, got[i], e.want)
			}
		}
		if got[0] != "(nil)" || got[4] != "(nil)" {
			t.Errorf("%v: reads around it answer %s, %s", e.err, got[0], got[4])
		}
	}
}

// A write that waits does not keep the replies in front of it waiting.
func TestRepliesDoNotWaitForAWriteBehindThem(t *testing.T) {
	node := newSpy()
	node.proceed = make(chan struct{})
	addr := serve(t, &resp.Server{Node: node})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n")) // a failure shows below
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); line != "+PONG\r\n" {
		t.Errorf("%q, %v", line, err)
	}
	close(node.proceed)
	if line, err := r.ReadString('\n'); line != "+OK\r\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// Ending the server lets a write in flight have its answer, hangs up on idle clients, and
// leaves nothing behind.
func TestServeFinishesWhatIsInFlight(t *testing.T) {
	node := newSpy()
	node.entered, node.proceed = make(chan struct{}), make(chan struct{})
	addr, stop := start(t, &resp.Server{Node: node})
	idle, busy := dial(t, addr), dial(t, addr)
	do(t, idle, "PING")
	answer := make(chan string, 1)
	go func() { answer <- do(t, busy, "SET a 1") }()
	<-node.entered
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for err := error(nil); err == nil; { // until the end has begun
		_, err = idle.Do(context.Background(), "PING")
	}
	select {
	case err := <-ended:
		t.Fatalf("Serve has returned with a write in flight: %v", err)
	default:
	}
	close(node.proceed)
	if got := <-answer; got != "OK" {
		t.Errorf("the write in flight answers %s", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("the listener is open")
	}
}

// A command that panics is answered, its client is hung up on, and nobody else notices.
func TestAPanicEndsOneConnection(t *testing.T) {
	node := newSpy()
	addr := serve(t, &resp.Server{Node: node, Facts: func() []resp.Fact { panic("no facts") }})
	other, c := dial(t, addr), dial(t, addr)
	do(t, other, "SET a 1")
	if got := do(t, c, "INFO confman"); got != "(error) ERR internal error" {
		t.Error(got)
	}
	if reply, err := c.Do(context.Background(), "PING"); err == nil {
		t.Errorf("still connected: %v", reply)
	}
	if got := do(t, other, "GET a"); got != `"1"` {
		t.Error(got)
	}
	node.broken = true // now it is the commands over data that panic
	c = dial(t, addr)
	replies, err := c.Pipeline(context.Background(), []string{"PING"}, []string{"GET", "a"}, []string{"GET", "b"}, []string{"PING"})
	if err == nil {
		t.Errorf("still connected: %v", replies)
	}
	if got := do(t, dial(t, addr), "GET a"); got != "(error) ERR internal error" {
		t.Error(got)
	}
}

// flaky is a listener that fails a few times before each connection.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures++; f.failures%3 != 0 {
		return nil, errors.New("too many open files")
	}
	return f.Listener.Accept()
}

func TestServeOutlivesFailuresToAccept(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- (&resp.Server{Node: transcript.NewLocal()}).Serve(context.Background(), &flaky{Listener: ln})
	}()
	for range 3 {
		if got := do(t, dial(t, ln.Addr().String()), "PING"); got != "PONG" {
			t.Error(got)
		}
	}
	_ = ln.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A client that does not take its replies is hung up on.
func TestASlowReaderIsHungUpOn(t *testing.T) {
	node := newSpy()
	addr, stop := start(t, &resp.Server{Node: node, WriteTime: 50 * time.Millisecond})
	do(t, dial(t, addr), "SET a "+strings.Repeat("x", 1<<20-1))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte(strings.Repeat("GET a\r\n", 100))) // the server may hang up meanwhile
	if err := stop(); err != nil {
		t.Error(err)
	}
}
