package resp

import (
	"context"
	"slices"
	"strings"
)

// trackingCommands are those of clients that keep what they have read.
var trackingCommands = []Command{
	{
		Name: "client|caching", Synopsis: "<YES | NO>", Flags: Loose, Group: "connection", Since: "6.0.0", Do: clientCaching,
		Summary: "Says of the next command, or transaction, whether the client keeps what it reads.",
	},
	{
		Name: "client|getredir", Group: "connection", Since: "6.0.0", Do: clientGetRedir,
		Summary: "Returns which client takes the invalidations of this one: 0 for itself, -1 for none.",
	},
	{
		Name: "client|tracking", Synopsis: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		Flags: Loose, Group: "connection", Since: "6.0.0", Do: clientTracking,
		Summary: "Has the client told when what it has read changes, under the name of the config and of its namespace, before anybody can read the change on this node.",
	},
	{
		Name: "client|trackinginfo", Group: "connection", Since: "6.2.0", Do: clientTrackingInfo,
		Summary: "Describes how the client tracks what it has read.",
	},
}

// tracked is what a session knows of its own tracking.
type tracked struct {
	how     *tracking // or nil
	caching bool      // CLIENT CACHING was said of what comes next
}

// clientTracking begins or ends tracking. Nothing changes unless all is right.
func clientTracking(_ context.Context, c *Call) Reply {
	s := c.session
	wanted, err := c.trackingOptions()
	if err != nil {
		return err
	}
	switch strings.ToUpper(c.Args[0]) {
	case "OFF":
		s.stopTracking()
		return ok
	case "ON":
	default:
		return errSyntax
	}
	if err := s.agrees(wanted); err != nil {
		return err
	}
	if wanted.broadcast && len(wanted.prefixes) == 0 {
		wanted.prefixes = []string{""}
	}
	if s.how != nil {
		wanted.prefixes = append(wanted.prefixes, s.how.prefixes...)
	}
	slices.Sort(wanted.prefixes)
	wanted.prefixes = slices.Compact(wanted.prefixes)
	wanted.id, wanted.conn = s.id, s.conn
	s.conn.listen()
	if wanted.redirect != nil {
		wanted.redirect.listen()
	}
	s.tell(func() { s.how = wanted })
	s.server.tracker.begin(wanted)
	return ok
}

// trackingOptions reads the words behind ON or OFF.
func (c *Call) trackingOptions() (*tracking, error) {
	t := &tracking{}
	for words := c.Args[1:]; len(words) > 0; words = words[1:] {
		switch token := strings.ToUpper(words[0]); {
		case token == "REDIRECT" && len(words) > 1:
			id, err := parseInt(words[1])
			if err != nil {
				return nil, err
			}
			if t.redirect != nil {
				return nil, errTwoRedirects
			}
			if t.redirect = c.session.server.client(id); t.redirect == nil {
				return nil, errNoRedirect
			}
			words = words[1:]
		case token == "PREFIX" && len(words) > 1:
			if len(words[1]) > maxPattern {
				return nil, errPattern
			}
			t.prefixes = append(t.prefixes, words[1])
			words = words[1:]
		case token == "BCAST":
			t.broadcast = true
		case token == "OPTIN":
			t.optIn = true
		case token == "OPTOUT":
			t.optOut = true
		case token == "NOLOOP":
			t.noLoop = true
		default:
			return nil, errSyntax
		}
	}
	return t, nil
}

// agrees reports what is wrong with how a client wants to track, in Redis's order.
func (s *session) agrees(t *tracking) error {
	old := s.how
	switch {
	case !t.broadcast && len(t.prefixes) > 0:
		return errPrefixBroadcast
	case old != nil && old.broadcast != t.broadcast:
		return errSwitchBroadcast
	case t.broadcast && (t.optIn || t.optOut):
		return errOptBroadcast
	case t.optIn && t.optOut:
		return errOptBoth
	case old != nil && (t.optIn && old.optOut || t.optOut && old.optIn):
		return errSwitchOpt
	case len(t.prefixes) > maxPrefixes:
		return errManyPrefixes
	}
	return t.overlaps(old)
}

// maxPrefixes bounds those of one client.
const maxPrefixes = 1 << 10

// overlaps finds prefixes of a client one of which begins with the other.
func (t *tracking) overlaps(old *tracking) error {
	meet := func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
	for i, prefix := range t.prefixes {
		if old != nil {
			for _, other := range old.prefixes {
				if meet(prefix, other) {
					return errorf("ERR Prefix '%s' overlaps with an existing prefix '%s'. Prefixes for a single client must not overlap.", prefix, other)
				}
			}
			if len(old.prefixes)+len(t.prefixes) > maxPrefixes {
				return errManyPrefixes
			}
		}
		for _, other := range t.prefixes[i+1:] {
			if meet(prefix, other) {
				return errorf("ERR Prefix '%s' overlaps with another provided prefix '%s'. Prefixes for a single client must not overlap.", prefix, other)
			}
		}
	}
	return nil
}

// stopTracking ends it.
func (s *session) stopTracking() {
	if s.how != nil {
		s.server.tracker.end(s.id)
	}
	s.tell(func() { s.tracked = tracked{} })
}

func clientCaching(_ context.Context, c *Call) Reply {
	if err := c.session.mayCache(c.Args[0]); err != nil {
		return err
	}
	c.session.caching = true
	return ok
}

// mayCache returns what is wrong with saying YES or NO of what comes next.
func (s *session) mayCache(word string) error {
	if s.how == nil {
		return errNotTracking
	}
	switch strings.ToUpper(word) {
	case "YES":
		if !s.how.optIn {
			return errCachingYes
		}
	case "NO":
		if !s.how.optOut {
			return errCachingNo
		}
	default:
		return errSyntax
	}
	return nil
}

// keeps reports whether the client keeps what a command reads.
func (s *session) keeps(cmd *Command) bool {
	switch {
	case s.how == nil, s.how.broadcast, cmd.Flags&Reads == 0, cmd.keys == 0 && cmd.behind() == "":
		return false
	case s.how.optIn:
		return s.caching
	case s.how.optOut:
		return !s.caching
	}
	return true
}

// keeping reports whether the client keeps what any of the calls reads. Then it has to be told of what
// they write, too: the names that it keeps are noted before that is applied.
func keeping(calls []*Call) bool {
	return slices.ContainsFunc(calls, func(c *Call) bool { return c.kept })
}

// spoken ends what CLIENT CACHING has said, with the command that it was said of.
func (s *session) spoken(cmd *Command) {
	if s.caching && !s.multi && cmd.Name != "multi" && !strings.HasPrefix(cmd.Name, "client|") {
		s.caching = false
	}
}

// remember notes what the client keeps of a command's reply. It is called while the store is read.
func (c *Call) remember(r Reply) {
	if _, failed := r.(error); failed || !c.kept {
		return
	}
	s, names := c.session, c.keysOf()
	s.server.tracker.note(s.id, names, s.server.live.trackedKeys.Load())
}

func clientGetRedir(_ context.Context, c *Call) Reply { return c.session.redirection() }

// redirection is who takes the client's invalidations: another one by its id, itself (0), or nobody.
func (s *session) redirection() int64 {
	switch {
	case s.how == nil:
		return -1
	case s.how.redirect == nil:
		return 0
	}
	return s.how.redirect.session.id
}

func clientTrackingInfo(_ context.Context, c *Call) Reply {
	s := c.session
	flags, prefixes := Set{"off"}, []Reply{}
	if t := s.how; t != nil {
		flags, prefixes = Set{"on"}, bulks(t.prefixes)
		for _, f := range []struct {
			is   bool
			name string
		}{
			{t.broadcast, "bcast"},
			{t.optIn, "optin"},
			{t.optIn && s.caching, "caching-yes"},
			{t.optOut, "optout"},
			{t.optOut && s.caching, "caching-no"},
			{t.noLoop, "noloop"},
			{t.broken.Load(), "broken_redirect"},
		} {
			if f.is {
				flags = append(flags, f.name)
			}
		}
	}
	return Map{"flags", flags, "redirect", s.redirection(), "prefixes", prefixes}
}

// What is wrong with tracking, in Redis's words.
const (
	errTwoRedirects    = Error("ERR A client can only redirect to a single other client")
	errNoRedirect      = Error("ERR The client ID you want redirect to does not exist")
	errPrefixBroadcast = Error("ERR PREFIX option requires BCAST mode to be enabled")
	errSwitchBroadcast = Error("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.")
	errOptBroadcast    = Error("ERR OPTIN and OPTOUT are not compatible with BCAST")
	errOptBoth         = Error("ERR You can't specify both OPTIN mode and OPTOUT mode")
	errSwitchOpt       = Error("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.")
	errManyPrefixes    = Error("ERR too many prefixes of this connection: use shorter ones that cover them")
	errNotTracking     = Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	errCachingYes      = Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	errCachingNo       = Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
)
