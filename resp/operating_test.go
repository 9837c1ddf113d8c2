package resp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"confman/resp"
	"confman/store"
)

// journal is a log that tests read while a server writes it.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// Nothing is deleted where allow_flush is off, and the error says what to set where.
func TestFlushIsOff(t *testing.T) {
	node, log := newSpy(), &journal{}
	addr := serve(t, &resp.Server{Node: node, Log: log.logger()})
	c := dial(t, addr)
	do(t, c, "SET a 1")
	for _, command := range []string{"FLUSHALL", "FLUSHDB ASYNC"} {
		word, _, _ := strings.Cut(command, " ")
		want := "(error) ERR " + word + " would delete every config on all nodes, and is off for safety: " +
			"set allow_flush (CONFMAN_ALLOW_FLUSH=true) on the node at " + addr + " and start it again"
		if got := do(t, c, command); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
		got := pipeline(t, c, "MULTI", "SET b 1", command, "EXEC")
		if want := "1) OK\n2) " + want; got[3] != want {
			t.Errorf("inside MULTI: %s, want %s", got[3], want)
		}
	}
	if got := do(t, c, "MGET a b"); got != "1) \"1\"\n2) \"1\"" {
		t.Error(got)
	}
	if log.String() != "" {
		t.Error(log.String())
	}
}

// Who has deleted everything is logged once it is done, however often it was tried.
func TestFlushIsLogged(t *testing.T) {
	node, log := newSpy(), &journal{}
	node.again = 2
	c := dial(t, serve(t, &resp.Server{Node: node, Log: log.logger(), AllowFlush: true}))
	pipeline(t, c, "CLIENT SETNAME ops", "MSET a 1 b/c 2 b/d 3")
	if got := pipeline(t, c, "FLUSHALL", "SET a 1", "MULTI", "FLUSHDB", "EXEC", "DBSIZE"); strings.Join(got, "; ") != "OK; OK; OK; QUEUED; 1) OK; (integer) 0" {
		t.Errorf("%q", got)
	}
	node.refuse = fmt.Errorf("%w: 1 of 3 nodes is reachable", store.ErrUnavailable)
	if got := do(t, c, "FLUSHALL"); !strings.HasPrefix(got, "(error) CLUSTERDOWN") {
		t.Error(got)
	}
	lines := regexp.MustCompile(`level=WARN msg="a client has deleted every config" command=FLUSH(ALL|DB) configs=(\d) user=default client=127\.0\.0\.1:\d+ name=ops\n`).
		FindAllStringSubmatch(log.String(), -1)
	if len(lines) != 2 || strings.Count(log.String(), "\n") != 2 || lines[0][1]+lines[0][2]+lines[1][1]+lines[1][2] != "ALL3DB1" {
		t.Errorf("%s", log.String())
	}
}

// A save waits for the disk or answers at once, and there is one at a time.
func TestSave(t *testing.T) {
	entered, proceed := make(chan struct{}), make(chan error)
	server := &resp.Server{Sync: func() error {
		entered <- struct{}{}
		return <-proceed
	}}
	c := dial(t, serve(t, server))
	if got := do(t, c, "BGSAVE"); got != "Background saving started" {
		t.Error(got)
	}
	<-entered
	for _, command := range []string{"SAVE", "BGSAVE", "BGSAVE SCHEDULE"} {
		if got := do(t, c, command); got != "(error) ERR Background save already in progress" {
			t.Errorf("%s: %s", command, got)
		}
	}
	if got := do(t, c, "INFO persistence"); !strings.Contains(got, `rdb_bgsave_in_progress:1\r\n`) || !strings.Contains(got, `rdb_saves:0\r\n`) {
		t.Error(got)
	}
	proceed <- nil
	eventually(t, func() bool { return strings.Contains(do(t, c, "INFO persistence"), `rdb_bgsave_in_progress:0\r\n`) })
	go func() { <-entered; proceed <- errors.New("the disk is gone") }()
	eventually(t, func() bool { return do(t, c, "SAVE") == "(error) ERR internal error" })
	if got := do(t, c, "INFO persistence"); !strings.Contains(got, `rdb_saves:1\r\n`) || !strings.Contains(got, `rdb_last_bgsave_status:err\r\n`) {
		t.Error(got)
	}
}

// eventually waits until something holds, which is asked of a server over and over.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it never holds")
		}
	}
}

func TestRewriteOfTheFile(t *testing.T) {
	var err error
	saved := time.Unix(1_700_000_000, 0)
	c := dial(t, serve(t, &resp.Server{
		Compact: func() error { return err },
		Storage: func() resp.Storage {
			return resp.Storage{Saved: saved, Size: 300, Compact: 100, Anew: true, Expired: 7}
		},
	}))
	if got := do(t, c, "BGREWRITEAOF"); got != "Background append only file rewriting started" {
		t.Error(got)
	}
	err = store.ErrCompacting
	if got := do(t, c, "BGREWRITEAOF"); got != "(error) ERR Background append only file rewriting already in progress" {
		t.Error(got)
	}
	if got := do(t, c, "LASTSAVE"); got != "(integer) 1700000000" {
		t.Error(got)
	}
	got := do(t, c, "INFO persistence")
	for _, want := range []string{"rdb_last_save_time:1700000000", "aof_rewrite_in_progress:1", "aof_rewrites:1", "aof_current_size:300", "aof_base_size:100", "aof_last_bgrewrite_status:err"} {
		if !strings.Contains(got, want+`\r\n`) {
			t.Errorf("no %s:\n%s", want, got)
		}
	}
	if got := do(t, c, "INFO stats"); !strings.Contains(got, `expired_keys:7\r\n`) {
		t.Error(got)
	}
	do(t, c, "CONFIG RESETSTAT")
	if got := do(t, c, "INFO stats"); !strings.Contains(got, `expired_keys:0\r\n`) {
		t.Error(got)
	}
}

func TestShutdown(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	if got := do(t, c, "SHUTDOWN"); got != "(error) ERR this server does not end by a command: stop its process" {
		t.Error(got)
	}
	for _, options := range []string{"", "NOSAVE", "SAVE NOW", "now force", "NOSAVE NOSAVE"} {
		asked := make(chan struct{}, 1)
		addr := serve(t, &resp.Server{Shutdown: func() { asked <- struct{}{} }})
		if got := raw(t, addr, "PING\r\nSHUTDOWN "+options+"\r\nPING\r\n"); got != "+PONG\r\n" {
			t.Errorf("SHUTDOWN %s: %q", options, got)
		}
		<-asked
	}
}

// INFO has the sections that Redis has, by default and when asked for more, and one of its own.
func TestSectionsAreRedis(t *testing.T) {
	redis, confman := dial(t, redis(t)), dial(t, serve(t, &resp.Server{}))
	heads := func(c *resp.Client, asked string) string {
		do(t, c, "GET a") // so that there are commandstats
		do(t, c, "SET a")
		return strings.Join(regexp.MustCompile(`# \w+`).FindAllString(do(t, c, "INFO "+asked), -1), " ")
	}
	for _, asked := range []string{"", "default", "all", "everything", "server", "SERVER clients", "keyspace server", "server default", "commandstats", "latencystats default", "modules", "cpu nosuch", "errorstats"} {
		got := strings.TrimSpace(strings.TrimSuffix(heads(confman, asked), "# Confman"))
		if want := heads(redis, asked); got != want {
			t.Errorf("INFO %s:\n%s, Redis\n%s", asked, got, want)
		}
	}
	for asked, own := range map[string]bool{"": true, "all": true, "everything": true, "default": true, "server": false, "confman": true} {
		if strings.Contains(heads(confman, asked), "# Confman") != own {
			t.Errorf("INFO %s", asked)
		}
	}
}

// INFO tells how many goroutines the process has: each connection takes some.
func TestInfoCountsGoroutines(t *testing.T) {
	addr := serve(t, &resp.Server{Node: newSpy()})
	c := dial(t, addr)
	goroutines := func() (n int) {
		_, text, _ := strings.Cut(do(t, c, "INFO memory"), `goroutines:`)
		_, _ = fmt.Sscanf(text, "%d", &n) // 0 if it is not told
		return n
	}
	before := goroutines()
	if before == 0 {
		t.Fatal("INFO memory does not tell")
	}
	for range 30 {
		do(t, dial(t, addr), "PING")
	}
	if now := goroutines(); now < before+20 { // some that began something may have ended
		t.Errorf("%d, and with 30 more connections %d", before, now)
	}
}

// What INFO counts of commands.
func TestCommandStatistics(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	pipeline(t, c, "GET a", "GET b", "GET", "INCR a", "SET a x", "INCR a", "SET a 1 SOON", "NOSUCH", "SLOWLOG LEN x", "CONFIG FOO", "MULTI", "GET a", "GET", "EXEC", "MULTI", "GET a", "EXEC")
	got := do(t, c, "INFO commandstats errorstats latencystats stats")
	for _, want := range []string{
		`cmdstat_get:calls=3,usec=\d+,usec_per_call=[\d.]+,rejected_calls=2,failed_calls=0`,
		`cmdstat_incr:calls=2,usec=\d+,usec_per_call=[\d.]+,rejected_calls=0,failed_calls=1`,
		`cmdstat_set:calls=2,.*,failed_calls=1`,
		`cmdstat_slowlog\|len:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0`,
		`cmdstat_exec:calls=2,.*,failed_calls=1`,
		`errorstat_ERR:count=7`,
		`errorstat_EXECABORT:count=1`,
		`latency_percentiles_usec_get:p50=[\d.]+,p99=[\d.]+,p99.9=[\d.]+`,
		`total_error_replies:8`,
		`total_commands_processed:11`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("no %s:\n%s", want, strings.ReplaceAll(got, `\r\n`, "\n"))
		}
	}
	for name, wrong := range map[string]string{"get": "cmdstat_nosuch", "len": "latency_percentiles_usec_slowlog"} {
		if strings.Contains(got, wrong) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// More clients, or fewer, are admitted as soon as it is said; who is there stays.
func TestMaxClientsChanges(t *testing.T) {
	addr := serve(t, &resp.Server{MaxClients: 1})
	c := dial(t, addr)
	do(t, c, "PING")
	if got := raw(t, addr, ""); got != "-ERR max number of clients reached\r\n" {
		t.Error(got)
	}
	do(t, c, "CONFIG SET maxclients 2")
	if got := do(t, dial(t, addr), "PING"); got != "PONG" {
		t.Error(got)
	}
	do(t, c, "CONFIG SET maxclients 1")
	if got := do(t, c, "INFO clients"); !strings.Contains(got, `maxclients:1\r\n`) {
		t.Error(got)
	}
}

// A client that sends nothing is hung up on, once it is said that it should, and no more when that
// is taken back; those that wait already too.
func TestTimeoutChanges(t *testing.T) {
	addr := serve(t, &resp.Server{})
	before, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := before.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	do(t, dial(t, addr), "PING") // which was accepted later
	do(t, dial(t, addr), "CONFIG SET timeout 1")
	if got := raw(t, addr, ""); got != "" {
		t.Errorf("%q", got)
	}
	if got, err := io.ReadAll(before); len(got) > 0 || err != nil {
		t.Errorf("who waited before the timeout was set: %q, %v", got, err)
	}
	waiting := dial(t, addr)
	do(t, waiting, "PING")
	do(t, dial(t, addr), "CONFIG SET timeout 0")
	if got := raw(t, addr, "WAIT 1 1500\r\nQUIT\r\n"); got != ":0\r\n+OK\r\n" { // longer than the timeout that was
		t.Errorf("%q", got)
	}
	if got := do(t, waiting, "PING"); got != "PONG" {
		t.Error(got)
	}
}

// What fails after it has waited is kept as slow, with the time that it took.
func TestFailuresTakeTime(t *testing.T) {
	node := newSpy()
	node.refuse = fmt.Errorf("%w: 1 of 3 nodes is reachable", store.ErrUnavailable)
	node.entered, node.proceed = make(chan struct{}), make(chan struct{})
	addr := serve(t, &resp.Server{Node: node})
	c := dial(t, addr)
	do(t, c, "CONFIG SET slowlog-log-slower-than 1")
	do(t, c, "SLOWLOG RESET")
	go func() {
		<-node.entered
		do(t, dial(t, addr), "PING") // which takes longer than a microsecond
		node.proceed <- struct{}{}
	}()
	if got := do(t, c, "SET a 1"); !strings.HasPrefix(got, "(error) CLUSTERDOWN") {
		t.Error(got)
	}
	if got := do(t, c, "SLOWLOG GET -1"); !strings.Contains(got, `"SET"`) {
		t.Error(got)
	}
}

// The node is asked about itself while nobody looks at its data: it may look at them too, and would
// wait for ever for a write that waits for the first look.
func TestTheNodeIsAskedOutsideOfViews(t *testing.T) {
	node := newSpy()
	var nested atomic.Bool
	c := dial(t, serve(t, &resp.Server{Node: node, Storage: func() resp.Storage {
		nested.Store(nested.Load() || node.viewing.Load())
		return resp.Storage{}
	}}))
	pipeline(t, c, "INFO everything", "LASTSAVE", "CONFIG RESETSTAT", "MULTI", "GET a", "INFO", "EXEC")
	if nested.Load() {
		t.Error("it is asked within a View")
	}
}
