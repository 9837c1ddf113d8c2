package resp

import "confman/store"

// A Server is the [store.Watcher] of its node's store: so clients learn of a change before anybody
// can be answered with it.

// Changed is told what transactions have changed.
func (s *Server) Changed([]store.Changes) {}

// Replaced is told that another state has taken the place of the store's.
func (s *Server) Replaced(uint64, func(name string) (value string, found bool)) {}
