// Package replication keeps the stores of a cluster's nodes in step: the node that
// takes an update evaluates it on its own data, and what all nodes apply is the
// outcome.
//
// A [Node] is one member: a store, the raft log that feeds it (dragonboat), and the
// connections to its peers. [Node.View] runs a function over the node's own data,
// whether or not anyone else can be reached. [Node.Update] runs a function over the
// same data, proposes what it read and wrote as a transaction, and returns when this
// node has applied it; if something that it read had changed by then, the function
// runs again. Whatever waits while an entry is on its way shares the next one.
//
// This package knows no protocol that clients speak.
package replication
