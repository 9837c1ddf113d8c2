package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"confman/replication"
	"confman/resp"
	"confman/validate"

	"github.com/urfave/cli/v2"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: "run a node", Flags: settingFlags(),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			if p.logFormat(logAuto) == logJournal {
				p.urgent = priority(slog.LevelError) // before it is known whether the settings say otherwise
			}
			s, where, err := p.settings(c)
			if err != nil {
				return err
			}
			return p.serve(c.Context, newRunning(p.sources(c), s, where))
		},
	}
}

// serve runs a node until ctx ends, or until it has ended by itself for a reason that another
// start does not mend.
func (p *program) serve(ctx context.Context, r *running) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := r.settings()
	p.urgent = ""
	if p.logFormat(s.LogFormat) == logJournal {
		p.urgent = priority(slog.LevelError)
	}
	log := p.logger(&r.level, s.LogFormat)
	sockets, err := takeHanded()
	if err != nil {
		return err
	}
	above := &supervisor{log: log}
	defer context.AfterFunc(ctx, above.stopping)()
	defer reloading(ctx, r, above)()
	for {
		err := p.serveLife(ctx, life{running: r, log: log, end: end, sockets: sockets, above: above})
		switch again := errors.Is(err, replication.ErrStartAgain); {
		case again && ctx.Err() == nil:
			log.Info("the node starts again")
			above.between()
		case (again || err == nil) && r.restart.Load():
			return failure{exitRestart, errRestart}
		case again:
			return nil // it was to end anyway
		default:
			return err
		}
	}
}

// A life of a node is what lies between a start and an end.
type life struct {
	*running
	log     *slog.Logger
	end     func() // ends all lives, as a signal does
	sockets handed
	above   *supervisor
}

// serveLife runs a node from a start to an end. Clients come last and go first: whoever is
// served finds everything there.
func (p *program) serveLife(ctx context.Context, l life) (err error) {
	s, log := l.settings(), l.log
	clients, err := l.sockets.open(s, log)
	if err != nil {
		return err
	}
	defer clients.close()
	peers, err := listen(s.RaftAddr, "raft-addr")
	if err != nil {
		return err
	}
	profile, err := profileNamed(s.Profile)
	if err != nil {
		return errors.Join(err, peers.Close())
	}
	raftAddr, respAddr, err := advertised(s, peers.Addr(), clients.port.Addr())
	if err != nil {
		return errors.Join(err, peers.Close())
	}
	server := &resp.Server{
		Version: currentVersion(), Password: s.Password, Log: log, Settings: l.running, AllowFlush: s.AllowFlush,
		MaxValue: s.MaxValue, Hold: s.hold(), Now: now, Shutdown: l.end, Restart: p.restarting(l.running, l.end),
	}
	member := &replication.Node{
		Dir: s.DataDir, Raft: peers, RaftAddr: raftAddr, RESPAddr: respAddr, Join: s.Join, Plain: s.RaftTLS == "off",
		Reserve: int64(s.DiskReserve), SnapshotRate: s.SnapshotRate,
		Profile: profile, Hold: s.hold(), Now: now, Log: log, CrashOutput: catchPanics, Watcher: server, Told: told(server, log), Asked: answerQuestion(server),
	}
	server.Own = member.Own // before the node's store tells of changes
	if err := member.Start(ctx); err != nil {
		if errors.Is(err, replication.ErrUntrusted) {
			err = failure{exitUntrusted, err}
		}
		return err
	}
	defer func() { err = errors.Join(err, member.Close()) }()
	defer giveMemoryBack(memoryEvery)()
	defer keepUsage(server, s.DataDir, usageEvery, log)()
	connect(server, member)
	defer exporting(ctx, s.AuditExport, member.View, server.Progress, log)()
	p.greet(s, member, clients.port.Addr())
	return p.serveClients(ctx, server, member, clients, l.above)
}

// serveClients serves them until ctx ends, or the node does.
func (p *program) serveClients(ctx context.Context, server *resp.Server, member *replication.Node, clients doors, above *supervisor) error {
	unfollow := func() {}
	defer func() { unfollow() }() // before the node is closed, which it asks
	server.Serving = func() { unfollow = above.follow(member.Status, member.Alive, answers(server)) }
	served := make(chan struct{})
	defer close(served)
	go func() {
		select {
		case <-member.Done():
			clients.close() // which ends Serve at once: there is nothing left to serve with
		case <-served:
		}
	}()
	err := server.Serve(ctx, clients.port, clients.more()...)
	if why := member.Err(); errors.Is(why, replication.ErrUntrusted) {
		return failure{exitUntrusted, why}
	} else if why != nil {
		return why
	}
	return err
}

// answers checks that the server answers its clients.
func answers(server *resp.Server) check {
	return func(ctx context.Context, _ time.Duration) error { return server.Answers(ctx) }
}

// connect gives a server what its node does for it.
func connect(server *resp.Server, member *replication.Node) {
	server.Node, server.Members, server.Usage = member, members{member}, usageEverywhere(server, member)
	server.Snapshot, server.Sync, server.Compact = member.Snapshot, member.Sync, member.Compact
	server.Publish = func(channel, message string, sharded bool) { member.Tell(encodeMessage(channel, message, sharded)) }
	server.Facts = func() []resp.Fact { return facts(member.Status()) }
	server.Storage = func() resp.Storage { return storage(member.Status()) }
	server.Leader, server.Elsewhere = member.Leader, func() string { return elsewhere(member.Status()) }
}

// catchPanics has the runtime write what it prints when the process dies into a file too.
func catchPanics(f *os.File) error { return debug.SetCrashOutput(f, debug.CrashOptions{}) }

// levelOf returns the level that a value of log_level names.
func levelOf(s Settings) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s.LogLevel)); err != nil {
		l = slog.LevelInfo // cannot be: the setting was checked
	}
	return l
}

// greet says what runs where, and what to type next.
func (p *program) greet(s Settings, member *replication.Node, clients net.Addr) {
	st := member.Status()
	if st.Degraded != "" {
		fmt.Fprintf(p.stderr, "confman: node %d only reads: %s\n", st.ID, st.Degraded)
	}
	if warning := exposure(s); warning != "" {
		fmt.Fprintln(p.stderr, "confman: warning:", warning)
	}
	_, port, _ := net.SplitHostPort(clients.String())
	fmt.Fprintf(p.stdout, `confman %s: node %d of cluster %s
  data   %s
  redis  %-21s  redis-cli -p %s SET prod/api/timeout 30s
  raft   %-21s  another node: confman token -a %s, and there confman serve --join TOKEN
Ctrl-C stops the node.
`, currentVersion(), st.ID, st.Cluster, s.DataDir, clients, port, member.Raft.Addr(), port)
}

// exposure says what a node without a password does with clients of other machines, where these reach
// it; else it is "".
func exposure(s Settings) string {
	switch {
	case s.Password != "" || validate.IsLoopback(s.RESPAddr):
		return ""
	case s.ProtectedMode:
		return "no password is set, so clients of other machines are refused (protected_mode): set password (CONFMAN_PASSWORD, or in the settings file)"
	}
	return fmt.Sprintf("no password is set and protected_mode is false: whoever reaches %s reads and writes everything", s.RESPAddr)
}

// storage is how a node keeps its data.
func storage(st replication.Status) resp.Storage {
	return resp.Storage{Saved: st.Saved, Size: st.File.Size, Compact: st.File.Compact, Anew: st.File.Anew, Expired: int64(st.Expired)}
}

// facts are what INFO confman says of a node.
func facts(st replication.Status) []resp.Fact {
	all := []resp.Fact{
		{Name: "cluster_id", Value: st.Cluster},
		{Name: "node_id", Value: number(st.ID)},
		{Name: "profile", Value: st.Profile},
		{Name: "raft_role", Value: st.Role},
		{Name: "loading", Value: flag(st.Loading)},
		{Name: "raft_term", Value: number(st.Term)},
		{Name: "raft_leader", Value: number(st.Leader)},
		{Name: "raft_leader_addr", Value: st.LeaderAddr},
		{Name: "raft_voters", Value: strconv.Itoa(st.Voters)},
		{Name: "raft_reachable", Value: strconv.Itoa(st.Reachable)},
		{Name: "applied_revision", Value: number(st.Applied)},
		{Name: "leader_contact_ms", Value: milliseconds(st.Contact)},
		{Name: "staleness_ms", Value: milliseconds(st.Stale)},
		{Name: "state_hash", Value: st.Hash},
		{Name: "history_versions", Value: strconv.Itoa(st.Kept.Versions)},
		{Name: "history_bytes", Value: strconv.Itoa(st.Kept.VersionBytes)},
		{Name: "audit_bytes", Value: strconv.Itoa(st.Kept.AuditBytes)},
		{Name: "generation", Value: number(st.Generation)},
		{Name: "log_term", Value: number(st.LogTerm)},
		{Name: "log_revision", Value: number(st.LogEnd)},
		{Name: "raft_tls", Value: until(st.Expires)},
		{Name: "messages_lost", Value: number(st.Untold)},
		{Name: "health", Value: st.Health()},
		{Name: "degraded", Value: oneLine(st.Degraded)},
		{Name: "last_crash", Value: oneLine(st.Crash)},
		{Name: "disk_free", Value: strconv.FormatInt(st.Room, 10)},
	}
	for _, m := range st.Members {
		role := "non-voter"
		if m.Voter {
			role = "voter"
		}
		about := fmt.Sprintf("id=%d,role=%s,resp=%s,raft=%s", m.ID, role, m.RESP, m.Raft)
		if l, linked := st.Links[m.ID]; linked {
			about += fmt.Sprintf(",contact_ms=%s,sent=%d,received=%d", milliseconds(l.Contact), l.Sent, l.Received)
		}
		all = append(all, resp.Fact{Name: "member" + number(m.ID), Value: about})
	}
	return all
}

// oneLine is a text as INFO can show it.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// milliseconds are those of a duration, or -1 if it is not known.
func milliseconds(d time.Duration) string {
	if d < 0 {
		return "-1"
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// until is how long the raft port speaks TLS, or that it does not.
func until(expires time.Time) string {
	if expires.IsZero() {
		return "off"
	}
	return "on until " + expires.Format(time.DateOnly)
}

// flag is 1 for what is so.
func flag(set bool) string {
	if set {
		return "1"
	}
	return "0"
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
