package resp

import (
	"context"
	"strings"

	"confman/store"
	"confman/validate"
)

// Some parameters of CONFIG are the same on every node: they stand in the store, as the system's
// configs, and each node takes them from there when they change.

// settingsNamespace is where they stand, under Redis's names.
const settingsNamespace = validate.System + "/settings"

const notifyParameter = "notify-keyspace-events"

// shared returns the shared parameters.
func (s *Server) shared() []parameter {
	classes := ""
	if told := s.notifies.Load(); told != nil {
		classes = *told
	}
	return []parameter{{name: notifyParameter, value: formatNotify(classes), shared: true}}
}

// follow takes a shared parameter as the store has it now. Nobody but an operator of a later version
// puts in what cannot be read; that counts as if it were not set.
func (s *Server) follow(name, value string) {
	if name != notifyParameter {
		return
	}
	classes, err := parseNotify(value)
	if err != nil || classes == "" {
		s.notifies.Store(nil)
	} else {
		s.notifies.Store(&classes)
	}
}

// share sets shared parameters on all nodes.
func (s *Server) share(ctx context.Context, from store.Origin, all []parameter) error {
	if len(all) == 0 {
		return nil
	}
	for _, p := range all {
		if _, err := parseNotify(p.value); err != nil {
			return errConfigSet(p.name, err.Error())
		}
	}
	err := s.Node.Update(ctx, defaultUser, func(tx *store.Tx) error {
		tx.Origin(from)
		for _, p := range all {
			if err := tx.Set(store.Join(settingsNamespace, p.name), p.value, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fromNode(err, s.Log)
	}
	return nil
}

// reserved reports whether a config is one of the system's.
func reserved(name string) bool { return strings.HasPrefix(name, validate.System+"/") }
