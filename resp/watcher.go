package resp

import "confman/store"

// A Server is the [store.Watcher] of its node's store: so clients learn of a change before anybody
// can be answered with it.

// Changed is told what transactions have changed.
func (s *Server) Changed(all []store.Changes) {
	for _, c := range all {
		for _, change := range c.All {
			if ns, name := store.Split(change.Name); ns == settingsNamespace {
				s.follow(name, change.Value)
			}
		}
		by := int64(0)
		if s.Own == nil || s.Own(c.Node, c.Seq) {
			by = int64(c.Client)
		}
		s.tracker.changed(c, by)
		s.notify(c)
	}
	s.changed()
}

// Progress returns a channel that is closed when the data changes next.
func (s *Server) Progress() <-chan struct{} { return s.progress.next() }

// Lapsed is told of configs that cannot be seen any more.
func (s *Server) Lapsed(names []string) { s.tracker.lapsed(names) }

// Replaced is told that another state has taken the place of the store's. What led to it nobody can tell: so whoever keeps
// what he has read is told that nothing of it holds, and who listens to notifications is hung up on, which is how he learns
// that he has missed some.
func (s *Server) Replaced(_ uint64, value func(name string) (value string, found bool)) {
	s.tracker.replaced()
	s.ready.clear() // a revision of another state may be of something else
	if n := s.hub.dropListeners(); n > 0 {
		s.Log.Info("subscribers to notifications were hung up on: the state was replaced, so they have missed some", "subscriptions", n)
	}
	for _, p := range s.shared() {
		now, _ := value(store.Join(settingsNamespace, p.name))
		s.follow(p.name, now)
	}
	s.changed()
}
