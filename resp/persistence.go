package resp

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"confman/store"
)

// persistenceCommands are about this node's disk, and about its end.
var persistenceCommands = []Command{
	{
		Name: "bgrewriteaof", Flags: Admin, Group: "server", Since: "1.0.0", Do: rewriteFile,
		Summary: "Begins to write this node's file anew, without what has been replaced or deleted. It does so by itself when the file has outgrown twice its content.",
	},
	{
		Name: "bgsave", Synopsis: "[SCHEDULE]", Flags: Admin | Loose, Group: "server", Since: "1.0.0", Do: saveLater,
		Summary: "As SAVE, but answers at once.",
	},
	{
		Name: "lastsave", Flags: Fast, Category: "@admin", Group: "server", Since: "1.0.0", Do: lastSave,
		Summary: "Returns the second in which all that this node had applied was put into its file last, by SAVE or by itself, or that of its start.",
	},
	{
		Name: "save", Flags: Admin | NoMulti, Group: "server", Since: "1.0.0", Do: saveNow,
		Summary: "Puts all that this node has applied into its file, synced. What was answered needs no SAVE to survive: it is in the log, synced.",
	},
	{
		Name: "shutdown", Synopsis: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", Flags: Admin | NoMulti | Loose, Group: "server", Since: "1.0.0", Do: shutdown,
		Summary: "Ends this node as SIGTERM does: what is in flight is answered, leadership is handed over, and nothing is lost, with or without SAVE. The connection closes without an answer.",
	},
}

// The errors of persistenceCommands.
const (
	errSaving     = Error("ERR Background save already in progress")
	errRewriting  = Error("ERR Background append only file rewriting already in progress")
	errNoShutdown = Error("ERR No shutdown in progress.")
	errNoEnd      = Error("ERR this server does not end by a command: stop its process")
)

// disk is what is known of what was put on the node's disk by command.
type disk struct {
	saving sync.Mutex // held while somebody saves

	mu     sync.Mutex
	saved  time.Time     // when it was done last
	took   time.Duration // how long that took
	saves  int64
	failed bool      // the last attempt
	began  time.Time // of the attempt under way, zero if there is none

	rewrites      int64 // that were begun
	rewriteFailed bool  // to begin, the last time
}

// save syncs the node's file. Whoever calls it holds disk.saving.
func (s *Server) save() error {
	d, began := &s.disk, s.Now()
	d.mu.Lock()
	d.began = began
	d.mu.Unlock()
	var err error
	if s.Sync != nil {
		err = s.Sync()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.began, d.failed, d.took = time.Time{}, err != nil, s.Now().Sub(began)
	if err == nil {
		d.saved, d.saves = s.Now(), d.saves+1
	}
	return err
}

func saveNow(_ context.Context, c *Call) Reply {
	s := c.session.server
	if !s.disk.saving.TryLock() {
		return errSaving
	}
	defer s.disk.saving.Unlock()
	if err := s.save(); err != nil {
		return fromNode(err, s.Log)
	}
	return ok
}

// saveLater saves after it has answered. SCHEDULE changes nothing: nothing else keeps a save waiting.
func saveLater(_ context.Context, c *Call) Reply {
	if len(c.Args) > 1 || len(c.Args) == 1 && !strings.EqualFold(c.Args[0], "schedule") {
		return errSyntax
	}
	s := c.session.server
	if !s.disk.saving.TryLock() {
		return errSaving
	}
	s.served.Go(func() {
		defer s.disk.saving.Unlock()
		if err := s.save(); err != nil {
			s.Log.Error("a save in the background failed: look at the disk of the data directory", "error", err)
		}
	})
	return Status("Background saving started")
}

// storage tells how the node keeps its data, or when it was saved by command, if no more is known.
func (s *Server) storage() Storage {
	if s.Storage != nil {
		return s.Storage()
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	return Storage{Saved: s.disk.saved}
}

func lastSave(_ context.Context, c *Call) Reply { return c.session.server.storage().Saved.Unix() }

func rewriteFile(_ context.Context, c *Call) Reply {
	s := c.session.server
	var err error
	if s.Compact != nil {
		err = s.Compact()
	}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	switch s.disk.rewriteFailed = err != nil; {
	case errors.Is(err, store.ErrCompacting):
		return errRewriting
	case err != nil:
		return fromNode(err, s.Log)
	}
	s.disk.rewrites++
	return Status("Background append only file rewriting started")
}

// shutdown has the node end. Who asked sees its connection close, as all others do.
func shutdown(_ context.Context, c *Call) Reply {
	var save, nosave, abort, other bool
	for _, w := range c.Args {
		switch strings.ToLower(w) {
		case "save":
			save = true
		case "nosave":
			nosave = true
		case "now", "force":
			other = true
		case "abort":
			abort = true
		default:
			return errSyntax
		}
	}
	s := c.session
	switch {
	case save && nosave, abort && (save || nosave || other):
		return errSyntax
	case abort:
		return errNoShutdown
	case s.server.Shutdown == nil:
		return errNoEnd
	}
	s.server.Log.Warn("a client ends this node", "user", defaultUser, "client", s.conn.guard.RemoteAddr(), "name", s.name)
	s.quit = true
	s.server.Shutdown()
	return silence{}
}
