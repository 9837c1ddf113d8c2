package resp_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// lending serves a store and its backups.
func lending(t *testing.T, s *resp.Server) (addr string, local *transcript.Local) {
	t.Helper()
	local = transcript.NewLocal()
	s.Snapshot = local.Store.Snapshot
	if s.Node == nil {
		s.Node = local
	}
	return serve(t, s), local
}

// begin begins a backup and returns the revision that was announced.
func begin(t *testing.T, c *resp.Client) (revision int64) {
	t.Helper()
	reply, err := c.Do(t.Context(), "BACKUP", "START")
	if err != nil {
		t.Fatal(err)
	}
	if _, refused := reply.(resp.Error); refused {
		t.Fatal(reply)
	}
	return field(reply, "revision").(int64)
}

// rest reads the pieces of a backup to its end.
func rest(t *testing.T, c *resp.Client) (pieces []string) {
	t.Helper()
	for {
		reply, err := c.Do(t.Context(), "BACKUP", "READ")
		switch piece := reply.(type) {
		case string:
			if len(piece) == 0 || len(piece) > 1<<20 {
				t.Fatalf("a piece of %d bytes", len(piece))
			}
			pieces = append(pieces, piece)
		case nil:
			if err != nil {
				t.Fatal(err)
			}
			return pieces
		default:
			t.Fatal(reply)
		}
	}
}

// loaded makes a store of a backup, which must be one whole frame.
func loaded(t *testing.T, pieces []string) *store.Store {
	t.Helper()
	s, extent, err := store.Load(strings.NewReader(strings.Join(pieces, "")))
	if err != nil || extent.Damaged() || extent.Frames != 1 {
		t.Fatalf("%+v, %v", extent, err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it has no file
	return s
}

// value returns a config of a store.
func value(t *testing.T, s *store.Store, name string) (v string) {
	t.Helper()
	err := s.View(0, func(tx *store.Tx) error {
		rec, _ := tx.Get(name)
		v = rec.Value
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A backup is the state of the revision at which it began, in as many pieces as it takes.
func TestBackup(t *testing.T) {
	addr, local := lending(t, &resp.Server{})
	c := dial(t, addr)
	large := strings.Repeat("x", 500<<10)
	for i := range 5 {
		do(t, c, fmt.Sprintf("SET large/%d %s", i, large))
	}
	do(t, c, "SET a before")
	index, hash := local.Store.Hash()
	if got := begin(t, c); got != int64(index) {
		t.Errorf("revision %d, want %d", got, index)
	}
	do(t, c, "SET a after")
	pieces := rest(t, c)
	if len(pieces) < 3 {
		t.Errorf("%d pieces for 2.5 MB", len(pieces))
	}
	s := loaded(t, pieces)
	if i, h := s.Hash(); i != index || h != hash {
		t.Errorf("state %x of revision %d, want %x of %d", h, i, hash, index)
	}
	if got := value(t, s, "a"); got != "before" {
		t.Errorf("a is %q", got)
	}
	if got := do(t, c, "BACKUP READ"); got != "(error) ERR this connection reads no backup: BACKUP START begins one" {
		t.Errorf("behind the end: %s", got)
	}
}

// What is written together is together in a backup, however many writes go on.
func TestBackupsAreOfOneRevision(t *testing.T) {
	addr, _ := lending(t, &resp.Server{})
	c, done := dial(t, addr), make(chan struct{})
	do(t, c, "MSET left/a 0 right/z 0")
	var writing sync.WaitGroup
	for range 3 {
		w := dial(t, addr)
		writing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
					do(t, w, fmt.Sprintf("MSET left/a %d right/z %d", n, n))
				}
			}
		})
	}
	for range 50 {
		begin(t, c)
		s := loaded(t, rest(t, c))
		if a, z := value(t, s, "left/a"), value(t, s, "right/z"); a != z {
			t.Errorf("left/a is %s, right/z is %s", a, z)
		}
	}
	close(done)
	writing.Wait()
	// The comparison would notice: what is not written together differs.
	do(t, c, "SET left/a only")
	begin(t, c)
	do(t, c, "SET right/z only")
	s := loaded(t, rest(t, c))
	if value(t, s, "left/a") == value(t, s, "right/z") {
		t.Error("a backup shows what was written after it began")
	}
}

// A backup needs no majority and writes nothing.
func TestBackupsOfANodeAlone(t *testing.T) {
	node := newSpy()
	node.refuse = store.ErrUnavailable
	c := dial(t, serve(t, &resp.Server{Node: node, Snapshot: node.Store.Snapshot}))
	begin(t, c)
	loaded(t, rest(t, c))
	if took := node.took(); took != "V" { // it looks whether the node is loading
		t.Errorf("took %s", took)
	}
}

const tooMany = "(error) TRYAGAIN as many backups as this node gives at a time are being read: try again when one has ended"

// Four backups are given at a time, and whatever ends one makes room for another.
func TestBackupsAtATime(t *testing.T) {
	addr, _ := lending(t, &resp.Server{})
	for range 4 {
		begin(t, dial(t, addr))
	}
	next := dial(t, addr)
	if got := do(t, next, "BACKUP START"); got != tooMany {
		t.Fatalf("the fifth: %s", got)
	}
	if got := do(t, next, "BACKUP READ"); !strings.HasPrefix(got, "(error) ERR this connection reads no backup") {
		t.Errorf("nothing was begun: %s", got)
	}
}

func TestWhatEndsABackup(t *testing.T) {
	for what, end := range map[string]func(t *testing.T, c *resp.Client){
		"STOP":       func(t *testing.T, c *resp.Client) { do(t, c, "BACKUP STOP") },
		"START":      func(t *testing.T, c *resp.Client) { pipeline(t, c, "BACKUP START", "BACKUP STOP") },
		"the end":    func(t *testing.T, c *resp.Client) { rest(t, c) },
		"RESET":      func(t *testing.T, c *resp.Client) { do(t, c, "RESET") },
		"QUIT":       func(t *testing.T, c *resp.Client) { do(t, c, "QUIT") },
		"a hang-up":  func(_ *testing.T, c *resp.Client) { _ = c.Close() },
		"a mistake":  func(t *testing.T, c *resp.Client) { _, _ = c.Do(t.Context(), strings.Repeat("x", 17<<20)) },
		"everything": func(t *testing.T, c *resp.Client) { pipeline(t, c, "BACKUP READ", "BACKUP STOP", "RESET", "QUIT") },
	} {
		t.Run(what, func(t *testing.T) {
			addr, _ := lending(t, &resp.Server{})
			first := dial(t, addr)
			begin(t, first)
			for range 3 {
				begin(t, dial(t, addr))
			}
			next := dial(t, addr)
			if got := do(t, next, "BACKUP START"); got != tooMany {
				t.Fatalf("the fifth: %s", got)
			}
			end(t, first)
			until(t, func() bool { return do(t, next, "BACKUP START") != tooMany })
			if got := do(t, dial(t, addr), "BACKUP START"); got != tooMany {
				t.Errorf("it made room for more than one: %s", got)
			}
		})
	}
}

// until waits for something that happens soon.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 10_000 {
		if holds() {
			return
		}
		<-tick.C
	}
	t.Fatal("it never happens")
}

// heard is a log that tells when something is logged.
type heard chan string

func (h heard) Enabled(context.Context, slog.Level) bool { return true }
func (h heard) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h heard) WithGroup(string) slog.Handler            { return h }

func (h heard) Handle(_ context.Context, r slog.Record) error {
	h <- r.Message
	return nil
}

// Who does not go on reading loses the backup, and is told at the next attempt.
func TestBackupsThatNobodyReads(t *testing.T) {
	log := make(heard, 100)
	addr, _ := lending(t, &resp.Server{BackupTime: time.Millisecond, Log: slog.New(log)})
	c := dial(t, addr)
	begin(t, c)
	for message := ""; !strings.HasPrefix(message, "a backup was let go"); {
		message = <-log
	}
	for _, step := range [][2]string{
		{"BACKUP READ", "(error) ERR the backup was let go, because nothing of it was read for 1ms: BACKUP START begins a new one"},
		{"BACKUP READ", "(error) ERR this connection reads no backup: BACKUP START begins one"},
		{"BACKUP STOP", "OK"},
		{"PING", "PONG"},
	} {
		if got := do(t, c, step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
	for range 10 { // each is let go in its turn
		until(t, func() bool { return do(t, dial(t, addr), "BACKUP START") != tooMany })
	}
}

func TestBackupsThatAreRefused(t *testing.T) {
	addr, _ := lending(t, &resp.Server{Password: "secret"})
	without := serve(t, &resp.Server{})
	for _, c := range []struct{ addr, lines, answers string }{
		{addr, "BACKUP START", "(error) NOAUTH Authentication required."},
		{addr, "AUTH secret; BACKUP", "OK; (error) ERR wrong number of arguments for 'backup' command"},
		{addr, "AUTH secret; BACKUP START now", "OK; (error) ERR wrong number of arguments for 'backup|start' command"},
		{addr, "AUTH secret; BACKUP SOON", "OK; (error) ERR unknown subcommand 'SOON'. Try BACKUP HELP."},
		{
			addr, "AUTH secret; MULTI; BACKUP START; SET a 1; EXEC; GET a; BACKUP READ",
			"OK; OK; (error) ERR Command not allowed inside a transaction; QUEUED; (error) EXECABORT Transaction discarded because of previous errors.; (nil); " +
				"(error) ERR this connection reads no backup: BACKUP START begins one",
		},
		{without, "BACKUP START; BACKUP STOP", "(error) ERR this server gives no backups; OK"},
	} {
		if got := strings.Join(pipeline(t, dial(t, c.addr), strings.Split(c.lines, "; ")...), "; "); got != c.answers {
			t.Errorf("%s\n%s\nwant\n%s", c.lines, got, c.answers)
		}
	}
}

// ACL rules that leave out what is dangerous leave out backups.
func TestBackupsAreForOperators(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	for _, category := range []string{"admin", "dangerous"} {
		got := do(t, c, "COMMAND LIST FILTERBY ACLCAT "+category)
		for _, name := range []string{"backup|start", "backup|read", "backup|stop"} {
			if !strings.Contains(got, name) {
				t.Errorf("%s is not in @%s", name, category)
			}
		}
	}
}

// A node that gets its data from another one meanwhile says so.
func TestBackupsOfDataThatIsReplaced(t *testing.T) {
	addr, local := lending(t, &resp.Server{})
	c := dial(t, addr)
	do(t, c, "SET a 1")
	begin(t, c)
	if err := local.Store.Restore(local.Store.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"(error) TRYAGAIN the node's data was replaced while the backup was being read: begin a new one",
		"(error) ERR this connection reads no backup: BACKUP START begins one",
	} {
		if got := do(t, c, "BACKUP READ"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A server that ends lets go of the backups that are being read.
func TestServersEndWithBackups(t *testing.T) {
	local := transcript.NewLocal()
	addr, stop := start(t, &resp.Server{Node: local, Snapshot: local.Store.Snapshot})
	begin(t, dial(t, addr))
	if err := stop(); err != nil {
		t.Error(err)
	}
}
