package resp

import (
	"context"
	"errors"
	"io"
	"time"

	"confman/store"
)

// backupCommands hand out all that a node holds, as it stood at one revision.
var backupCommands = []Command{
	{
		Name: "backup", Group: "server",
		Summary: "A container for commands that copy a node's data.",
	},
	{
		Name: "backup|help", Group: "server", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "backup|read", Flags: Admin | NoMulti, Group: "server", Do: backupRead,
		Summary: "Returns the next piece of the backup, of at most 256 KiB, or null at its end. All pieces together are a file that BuntDB opens.",
	},
	{
		Name: "backup|start", Flags: Admin | NoMulti, Group: "server", Do: backupStart,
		Summary: "Takes a snapshot of this node's data for this connection to read, in place of one that it had. The other nodes are not needed.",
	},
	{
		Name: "backup|stop", Flags: Admin | NoMulti, Group: "server", Do: backupStop,
		Summary: "Lets go of the backup, wherever it stands.",
	},
}

// pieceSize is how much of a backup goes out at a time. A client has BackupTime to take it
// and to ask for more, and some have links of a few KiB a second.
const pieceSize = 256 << 10

// maxBackups bounds how many clients read backups at a time: writes go on meanwhile, and a
// snapshot keeps what they replace in memory.
const maxBackups = 4

// A backup is a snapshot on its way to a client. Whoever stops the timer before it fires has
// the snapshot: the session for a command, or the timer for good.
type backup struct {
	server   *Server
	snapshot *store.Snapshot
	timer    *time.Timer
	gone     chan struct{} // closed when the snapshot was given up
}

func backupStart(ctx context.Context, c *Call) Reply {
	s := c.session
	if s.server.Snapshot == nil {
		return errNoBackups
	}
	if err := s.server.Node.View(ctx, func(*store.Tx) error { return nil }); err != nil {
		return fromNode(err, s.server.Log) // it may be loading: a backup of next to nothing would look like one
	}
	s.endBackup()
	select {
	case s.server.backups <- struct{}{}:
	default:
		return errManyBackups
	}
	b := &backup{server: s.server, snapshot: s.server.Snapshot(), gone: make(chan struct{})}
	revision, client := b.snapshot.Revision(), s.conn.guard.RemoteAddr()
	s.server.Log.Info("a client takes a backup", "client", client, "revision", revision)
	b.timer = time.AfterFunc(s.server.BackupTime, func() {
		s.server.Log.Warn("a backup was let go: its client did not go on reading", "client", client)
		b.letGo()
	})
	s.backup = b
	return Map{"revision", int64(revision), "read_within_ms", s.server.BackupTime.Milliseconds()}
}

func backupRead(_ context.Context, c *Call) Reply {
	s, b := c.session, c.session.backup
	if b == nil {
		return errNoBackup
	}
	if !b.timer.Stop() {
		s.endBackup()
		return errBackupLate(s.server.BackupTime)
	}
	piece := make([]byte, pieceSize)
	n, err := io.ReadFull(b.snapshot, piece)
	b.timer.Reset(s.server.BackupTime)
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF):
		return string(piece[:n])
	case errors.Is(err, io.EOF):
		s.endBackup()
		return nil
	}
	s.endBackup()
	s.server.Log.Warn("a backup has broken off", "error", err) // the node has ended, or got its data from another
	return errBackupGone
}

func backupStop(_ context.Context, c *Call) Reply {
	c.session.endBackup()
	return ok
}

// endBackup lets go of the connection's backup, if there is one.
func (s *session) endBackup() {
	b := s.backup
	if b == nil {
		return
	}
	if b.timer.Stop() {
		b.letGo()
	}
	<-b.gone // the timer may be about it
	s.backup = nil
}

// letGo gives up the snapshot, and its place among those that there may be.
func (b *backup) letGo() {
	_ = b.snapshot.Close() // it was only read
	<-b.server.backups
	close(b.gone)
}
