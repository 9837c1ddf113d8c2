// Package resp speaks the Redis protocol: a command is one row of a table and a
// function that returns its reply, and nothing but the connection writes.
//
// Because commands return replies, they can run more than once over a [store.Tx],
// which is how a replicated transaction is made. And because a row says everything of
// its command, its arity, options and keys, COMMAND, redis-cli's hints and the
// reference page follow from it and cannot disagree.
//
// The path of a command: the guard (guard.go, frames.go) lets only whole, bounded
// commands through to redcon's parser; the connection (conn.go) hands what came in together to its
// session (session.go), which finds the rows, and runs a row's function on the
// connection itself, over this node's data (View), or in a transaction that all nodes
// commit (Update); the reply is encoded for RESP2 or RESP3 (reply.go).
//
// The rows stand next to their functions: strings.go, numbers.go, hashes.go, keys.go,
// expire.go, scan.go, transactions.go, history.go, diff.go, rollback.go, changesets.go, audit.go, reason.go, readusage.go,
// namespaces.go, namespacelist.go, rules.go, connection.go, clients.go, clientlist.go, clientreply.go, pause.go,
// unblock.go, monitor.go, servercommands.go,
// config.go, slowlog.go, latency.go, persistence.go, flush.go, introspection.go, backup.go, pubsub.go,
// tracking.go. The texts of
// errors stand in errors.go, or with the commands that alone have them. What is counted of
// commands (stats.go) is told by INFO (info.go, infofacts.go, infousage.go), what COMMAND tells of them
// follows from their rows (describe.go, keyuse.go), and what CONFIG SET changes is in knobs.go and, for
// all nodes, in shared.go.
//
// What others may ask of a connection, and have done to it, goes through its presence (presence.go): CLIENT LIST and
// CLIENT KILL, UNBLOCK and PAUSE. Who is served at all without a password is in protected.go; clients of a UNIX socket
// (unixsocket.go) are of this machine. Whether clients would get an answer now, a server asks itself (probe.go).
//
// What clients are sent beside replies waits in their mailboxes (mailbox.go). A server watches its node's
// store (watcher.go): out of what changes come notifications (notify.go), which are messages (hub.go), and
// invalidations (trackingtable.go).
//
// There is a small client
// (client.go, decode.go, format.go), and package transcript for tests that read like
// sessions of redis-cli.
package resp
