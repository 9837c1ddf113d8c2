package resp_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"confman/resp"
)

// A foreigner is a listener whose clients come from the addresses that it has for them.
type foreigner struct {
	net.Listener
	from chan string
}

func (f foreigner) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreign{c, <-f.from}, nil
}

type foreign struct {
	net.Conn
	from string
}

func (f foreign) RemoteAddr() net.Addr { return f }
func (foreign) Network() string        { return "tcp" }
func (f foreign) String() string       { return f.from }

// Without a password clients of other machines are told what Redis tells them, and no more, unless
// protected mode is off. Those of this machine are served.
func TestProtectedMode(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	from := make(chan string, 1)
	served := make(chan error, 1)
	go func() { served <- (&resp.Server{Node: newSpy()}).Serve(t.Context(), foreigner{ln, from}) }()
	t.Cleanup(func() {
		_ = ln.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	ping := func(address string) string {
		from <- address
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "PING\r\nQUIT\r\n") // it may be closed already
		answer, _ := io.ReadAll(c)                   // as above
		said, _, _ := strings.Cut(string(answer), "\r\n")
		return said
	}
	from <- "127.0.0.1:1"
	c := dial(t, ln.Addr().String())
	const denied = "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. "
	for _, step := range []struct{ config, address, want string }{
		{"CONFIG GET protected-mode", "127.0.0.1:1", "+PONG"},
		{"CONFIG GET protected-mode", "[::1]:1", "+PONG"},
		{"CONFIG GET protected-mode", "[::ffff:127.0.0.2]:1", "+PONG"},
		{"CONFIG GET protected-mode", "192.0.2.1:1", denied},
		{"CONFIG GET protected-mode", "[2001:db8::1]:1", denied},
		{"CONFIG GET protected-mode", "[fe80::1%eth0]:1", denied},
		{"CONFIG SET protected_mode false", "192.0.2.1:1", "+PONG"},
		{"CONFIG SET protected-mode yes", "192.0.2.1:1", denied},
		{"CONFIG SET requirepass hunter2", "192.0.2.1:1", "-NOAUTH Authentication required."},
		{"CONFIG SET requirepass \"\"", "192.0.2.1:1", denied},
	} {
		do(t, c, step.config)
		if got := ping(step.address); !strings.HasPrefix(got, step.want) || step.want == "" {
			t.Errorf("%s, and from %s: %s", step.config, step.address, got)
		}
	}
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(program); err != nil || !strings.Contains(string(content), ping("192.0.2.1:1")) {
		t.Errorf("Redis says something else: %v", err)
	}
	if got := do(t, c, "INFO stats"); !strings.Contains(got, `rejected_connections:6\r\n`) {
		t.Error(got)
	}
}

// passwords are how clients meet a password that changes while the server runs.
var passwords = map[string][]string{
	"who is connected stays": {
		"a: CONFIG SET requirepass hunter2", "a: PING", "a: CLIENT GETNAME", "b: PING", "b: CONFIG GET requirepass", "b: CONFIG SET requirepass x", "b: AUTH wrong", "b: AUTH hunter2", "b: GET k",
		"b: CONFIG SET requirepass hunter3", "b: GET k", "b: AUTH hunter2", "b: GET k", "b: AUTH default hunter3", "a: RESET", "a: GET k", "a: AUTH hunter3", "a: GET k",
		"b: CONFIG SET requirepass \"\"", "b: GET k", "b: AUTH x", "b: AUTH default x", "a: RESET", "a: GET k",
	},
	"a stranger needs none any more": {
		"a: CONFIG SET requirepass hunter2", "c: PING | CLIENT LIST", "a: CONFIG SET requirepass \"\"", "c: GET k", "a: CONFIG SET requirepass x", "c: GET k",
	},
	"within a transaction": {"a: MULTI | CONFIG SET requirepass x | EXEC", "a: GET k", "b: GET k | MULTI | EXEC", "a: CONFIG SET requirepass x requirepass y"},
}

// A password that is set, changed and taken away while the server runs is Redis's.
func TestPasswordWhileRunning(t *testing.T) {
	for name, steps := range passwords {
		t.Run(name, func(t *testing.T) {
			server, addr := serve(t, &resp.Server{}), redis(t)
			ours, theirs := map[string]*resp.Client{}, map[string]*resp.Client{}
			for _, step := range steps {
				who, line, _ := strings.Cut(step, ": ")
				if ours[who] == nil {
					ours[who], theirs[who] = dial(t, server), dial(t, addr)
				}
				lines := strings.Split(line, " | ")
				if got, want := pipeline(t, ours[who], lines...), pipeline(t, theirs[who], lines...); !slices.Equal(got, want) {
					t.Errorf("%s\n%q\nwant\n%q", step, got, want)
				}
			}
		})
	}
}

// A client that came while there was a password may send large commands when there is none any more.
func TestAStrangerBecomesAFriend(t *testing.T) {
	addr := serve(t, &resp.Server{Password: "hunter2"})
	c, stranger := dial(t, addr), dial(t, addr)
	for _, step := range []struct {
		who        *resp.Client
		line, want string
	}{
		{stranger, "PING", "(error) NOAUTH Authentication required."},
		{c, "AUTH hunter2", "OK"},
		{c, "CONFIG SET requirepass " + strings.Repeat("x", 16<<10+1), "(error) ERR CONFIG SET failed (possibly related to argument 'requirepass') - argument is over 16384 bytes: nobody could show it"},
		{c, `CONFIG SET requirepass ""`, "OK"},
		{stranger, "PING", "PONG"},
		{stranger, "SET k " + strings.Repeat("x", 100_000), "OK"},
	} {
		if got := do(t, step.who, step.line); got != step.want {
			t.Errorf("%.40s: %s", step.line, got)
		}
	}
}

// No answer shows the password.
func TestPasswordIsNotShown(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	do(t, c, "CONFIG SET slowlog-log-slower-than 0 requirepass hunter2")
	for _, line := range []string{"CONFIG GET *", "CONFIG GET requirepass", "SLOWLOG GET -1", "INFO everything", "CLIENT LIST", "CONFIG SET requirepass hunter2 requirepass hunter2"} {
		if got := do(t, c, line); strings.Contains(got, "hunter2") || strings.HasPrefix(got, "(error) NOAUTH") {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := do(t, c, "CONFIG GET requirepass"); !strings.Contains(got, "(set)") {
		t.Error(got)
	}
}
