package resp

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"confman/store"
	"confman/validate"
)

// Some parameters of CONFIG are the same on every node: they stand in the store, as the system's
// configs, and each node takes them from there when they change.

// settingsNamespace is where they stand, under Redis's names.
const settingsNamespace = validate.System + "/settings"

const notifyParameter = "notify-keyspace-events"

// A sharedParameter is one of them. What stands in the store and cannot be read, as nobody but an operator of a later
// version puts it there, counts as if it were not set.
type sharedParameter struct {
	name   string
	check  func(value string) error
	value  func(*Server) string          // as this node has it
	follow func(s *Server, value string) // takes it as the store has it now, "" if it is not set
}

var sharedParameters = []sharedParameter{
	{
		notifyParameter,
		func(value string) error {
			_, err := parseNotify(value)
			return err
		},
		func(s *Server) string {
			if told := s.notifies.Load(); told != nil {
				return formatNotify(*told)
			}
			return ""
		},
		func(s *Server, value string) {
			if classes, err := parseNotify(value); err != nil || classes == "" {
				s.notifies.Store(nil)
			} else {
				s.notifies.Store(&classes)
			}
		},
	},
	sharedBytes("history-bytes", store.DefaultHistoryBytes, func(l *live) *atomic.Int64 { return &l.historyBytes }),
	sharedBytes("audit-bytes", store.DefaultAuditBytes, func(l *live) *atomic.Int64 { return &l.auditBytes }),
}

// How much of the past may be said to be kept, in bytes of memory of each node.
const (
	leastPast = 1 << 20
	mostPast  = 64 << 30
)

// sharedBytes is a parameter that says how much of something is kept.
func sharedBytes(name string, otherwise int64, of func(*live) *atomic.Int64) sharedParameter {
	parse := func(value string) (int64, error) {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < leastPast || n > mostPast {
			return otherwise, errorf("argument must be a number of bytes from %d to %d", leastPast, int64(mostPast))
		}
		return n, nil
	}
	return sharedParameter{
		name,
		func(value string) error {
			_, err := parse(value)
			return err
		},
		func(s *Server) string { return strconv.FormatInt(cmp.Or(of(&s.live).Load(), otherwise), 10) },
		func(s *Server, value string) {
			n, _ := parse(value) // what it is otherwise, if that is no number
			of(&s.live).Store(n)
		},
	}
}

// shared returns the shared parameters.
func (s *Server) shared() (all []parameter) {
	for _, p := range sharedParameters {
		all = append(all, parameter{name: p.name, value: p.value(s), shared: true})
	}
	return all
}

// follow takes a shared parameter as the store has it now.
func (s *Server) follow(name, value string) {
	if i := slices.IndexFunc(sharedParameters, func(p sharedParameter) bool { return p.name == name }); i >= 0 {
		sharedParameters[i].follow(s, value)
	}
}

// share sets shared parameters on all nodes.
func (s *Server) share(ctx context.Context, from store.Origin, all []parameter) error {
	if len(all) == 0 {
		return nil
	}
	for _, p := range all {
		i := slices.IndexFunc(sharedParameters, func(each sharedParameter) bool { return each.name == p.name })
		if err := sharedParameters[i].check(p.value); err != nil {
			return errConfigSet(p.name, err.Error())
		}
	}
	_, err := s.Node.Update(ctx, defaultUser, func(tx *store.Tx) error {
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
