package resp

import "confman/store"

// Changed tells the server what has changed in its node's store.
func (s *Server) Changed([]store.Changes) { s.changed() }

// Replaced tells it that another state has taken the place of the store's.
func (s *Server) Replaced(uint64) { s.changed() }
