// Package store holds the configs of one node and the rules by which they
// change: nodes that apply the same entries in the same order hold the same
// bytes.
//
// A config has a name such as "prod/api/timeout": what stands before its last
// slash is its namespace, the rest its key. A name is a config or a namespace,
// never both.
//
// Everything that changes configs is a [Txn]: a few writes, and the guards that
// their values were computed from. [Store.Apply], the replicated state machine,
// carries a transaction out if all its guards still hold, and does nothing
// otherwise. Nobody writes a Txn by hand: commands and handlers are functions over
// a [Tx], which reads this node's data, collects writes, and notes as guards
// whatever was read. Clocks, chance and the meaning of commands live there, outside
// the state machine, so a new version of a command never changes what an old log
// says.
//
// The data is in memory, in BuntDB, and in a file that the store writes itself, in
// BuntDB's record format with a checksum behind every batch (see frame.go).
//
// This package imports no clock, no network and no randomness; a test holds it to
// that.
package store
