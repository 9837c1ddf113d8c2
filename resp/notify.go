package resp

import (
	"strings"

	"confman/store"
)

// Keyspace notifications are messages about what has changed, on every node, out of what it has
// applied: so they come in the same order everywhere. A change is told under both names of a config:
// its own, as of a string, and its namespace's, as of a hash.

// A notice is an event of Redis, and the letter with which notify-keyspace-events asks for its kind.
type notice struct {
	event string
	class byte
}

// keyChannels is what the channels of notifications begin with.
const keyChannels = "__key"

// The letters that are not one kind of event.
const (
	onKeyspace = 'K'
	onKeyevent = 'E'
	allClasses = "g$lshzxetd" // what A stands for; n and m are asked for by name
)

// notices are what is told of each event of the store: of the config, and of its namespace.
var notices = map[string]struct{ config, namespace notice }{
	"set":         {notice{"set", '$'}, notice{"hset", 'h'}},
	"append":      {notice{"append", '$'}, notice{"hset", 'h'}},
	"setrange":    {notice{"setrange", '$'}, notice{"hset", 'h'}},
	"incrby":      {notice{"incrby", '$'}, notice{"hincrby", 'h'}},
	"incrbyfloat": {notice{"incrbyfloat", '$'}, notice{"hincrbyfloat", 'h'}},
	"expire":      {notice{"expire", 'g'}, notice{"hexpire", 'h'}},
	"persist":     {notice{"persist", 'g'}, notice{"hpersist", 'h'}},
	"restore":     {notice{"restore", 'g'}, notice{"hset", 'h'}},
	"copy_to":     {notice{"copy_to", 'g'}, notice{"hset", 'h'}},
	"rename_to":   {notice{"rename_to", 'g'}, notice{"hset", 'h'}},
	"rename_from": {notice{"rename_from", 'g'}, notice{"hdel", 'h'}},
	"del":         {notice{"del", 'g'}, notice{"hdel", 'h'}},
	"expired":     {notice{"expired", 'x'}, notice{"hexpired", 'h'}},
}

var (
	created = notice{"new", 'n'}
	gone    = notice{"del", 'g'}
)

// noticesOf tells what is told of a change, in order.
func noticesOf(change store.Change, tell func(name string, n notice)) {
	ns, _ := store.Split(change.Name)
	if ns == "" {
		ns = "/"
	}
	var told []struct{ config, namespace notice } // Redis has no event for a rollback
	for event := range strings.FieldsSeq(change.Events) {
		if n, known := notices[event]; known {
			told = append(told, n)
		}
	}
	if change.Created {
		tell(change.Name, created)
	}
	for _, n := range told {
		tell(change.Name, n.config)
	}
	if change.First {
		tell(ns, created)
	}
	for _, n := range told {
		tell(ns, n.namespace)
	}
	if change.Last {
		tell(ns, gone)
	}
}

// announce publishes an event of a name on this node.
func (s *Server) announce(classes, name, event string) {
	if strings.IndexByte(classes, onKeyspace) >= 0 {
		s.hub.publish("__keyspace@0__:"+name, event)
	}
	if strings.IndexByte(classes, onKeyevent) >= 0 {
		s.hub.publish("__keyevent@0__:"+event, name)
	}
}

// parseNotify reads a value of notify-keyspace-events: it returns the letters of what is told, A
// written out, and "" if that is nothing.
func parseNotify(text string) (classes string, err error) {
	for _, letter := range []byte(text) {
		if letter != 'A' && strings.IndexByte(allClasses+"KEmn", letter) < 0 {
			return "", errNotifyClass
		}
	}
	return strings.ReplaceAll(text, "A", allClasses), nil
}

// formatNotify writes the letters as Redis does.
func formatNotify(classes string) string {
	var b strings.Builder
	write := func(letters string) (all bool) {
		all = true
		for _, letter := range []byte(letters) {
			if strings.IndexByte(classes, letter) >= 0 {
				b.WriteByte(letter)
			} else {
				all = false
			}
		}
		return all
	}
	if write(allClasses) {
		b.Reset()
		b.WriteByte('A') // beside which Redis does not show n
	} else {
		write("n")
	}
	write("KEm")
	return b.String()
}
