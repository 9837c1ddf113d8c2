package resp

import (
	"net"
	"strings"
	"unicode/utf8"

	"confman/store"
	"confman/validate"
)

// unaudited are the commands of operators that are not noted, and why.
var unaudited = map[string]string{
	"backup|read":       "BACKUP START is noted",
	"backup|stop":       "BACKUP START is noted",
	"conf|audit":        "it only tells",
	"conf|chain":        "it only tells",
	"client|list":       "it only tells",
	"client|no-evict":   "it is about the connection that says it",
	"config|get":        "it only tells, and no secrets",
	"latency|doctor":    "it only tells",
	"latency|graph":     "it only tells",
	"latency|histogram": "it only tells",
	"latency|history":   "it only tells",
	"latency|latest":    "it only tells",
	"member|list":       "it only tells",
	"slowlog|get":       "it only tells",
	"slowlog|len":       "it only tells",
}

// acts reports whether a command is one of operators that is noted. What runs in a transaction
// stands in the audit with that.
func (c *Command) acts() bool {
	return c.Flags&Admin != 0 && c.Do != nil && unaudited[c.Name] == ""
}

// audit notes a call that was denied, or that an operator made. EXEC tells of what it runs.
func (s *session) audit(c *Call, r Reply) {
	err, failed := r.(error)
	a := &s.server.auditor
	switch why := denial(c, err); {
	case failed && why != "" && c.Name != "exec":
		a.note(&a.denied, s.noted(c.title(), c.named(), why))
	case c.acts():
		if failed {
			why, _, _ = strings.Cut(err.Error(), " ")
		}
		a.note(&a.acts, s.noted(c.deed(), nil, why))
	}
}

// auditAll notes calls that were denied together.
func (s *session) auditAll(calls []*Call, r Reply) {
	for _, c := range calls {
		s.audit(c, r)
	}
}

// auditRejected notes a command that a stranger sent. What it says beside its name is not noted: it may
// be anything.
func (s *session) auditRejected(words []string, err error) {
	if err != errNoAuth {
		return
	}
	act := "(unknown command)"
	if cmd := s.server.table.called(words); cmd != nil {
		act = cmd.title()
	}
	a := &s.server.auditor
	a.note(&a.denied, s.noted(act, nil, "NOAUTH"))
}

// auditRefused notes a client that was not let in.
func (s *Server) auditRefused(client net.Addr, err error) {
	if err == errProtected {
		from := store.Origin{Addr: client.String(), Protocol: protocolName}
		s.auditor.note(&s.auditor.denied, store.Note{At: store.Millis(s.Now().UnixMilli()), By: defaultUser, Origin: from, Act: "(connect)", Refused: "DENIED"})
	}
}

// noted makes a note of what the client did.
func (s *session) noted(act string, names []string, refused string) store.Note {
	return store.Note{
		At: store.Millis(s.server.Now().UnixMilli()), By: defaultUser, Origin: s.origin(),
		Act: act, Names: names, Refused: refused,
	}
}

// denial says in a word why a call was denied. It is "" for one that only failed, and for one that did
// not.
func denial(c *Call, err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	switch code, _, _ := strings.Cut(text, " "); {
	case code == "NOAUTH", code == "WRONGPASS", code == "NOPERM", code == "INVALID", code == "PROTECTED", code == "OOM", code == "BUSY":
		return code
	case strings.Contains(text, " is reserved: names below "+validate.System+"/"):
		return "RESERVED"
	case strings.HasPrefix(text, "ERR "+c.title()+" would delete every config"):
		return "OFF"
	}
	return ""
}

// deed is an operator's call as the audit shows it, without what may be secret. CONFIG SET is shown
// without values.
func (c *Call) deed() string {
	args := c.cleared()[len(c.words)-len(c.Args):]
	if c.Name == "config|set" {
		names := args[:0]
		for i := 0; i < len(args); i += 2 {
			names = append(names, args[i])
		}
		args = names
	}
	act := strings.ToValidUTF8(strings.Join(append([]string{c.title()}, args...), " "), "?")
	if len(act) > maxAct {
		act = strings.ToValidUTF8(act[:maxAct-3], "") + "..."
	}
	return act
}

// named returns the keys of a call, not more than a line holds, and none that cannot be names.
func (c *Call) named() (names []string) {
	keys, _ := c.keysIn(c.words)
	for _, key := range keys {
		if len(names) < maxNamed && len(key) <= validate.MaxName && utf8.ValidString(key) {
			names = append(names, key)
		}
	}
	return names
}
