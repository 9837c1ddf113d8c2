package resp

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"confman/store"
)

// configCommands show and change the settings of this node.
var configCommands = []Command{
	{
		Name: "config", Group: "server", Since: "2.0.0",
		Summary: "A container for commands about this node's settings.",
	},
	{
		Name: "config|get", Synopsis: "parameter [parameter ...]", Flags: Admin | Loose, Group: "server", Since: "2.0.0", Do: configGet,
		Summary: "Returns this node's settings whose names match, under confman's names and under Redis's. Secrets only show whether they are set.",
	},
	{
		Name: "config|help", Group: "server", Since: "5.0.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "config|resetstat", Flags: Admin, Group: "server", Since: "2.0.0", Do: configResetStat,
		Summary: "Sets to zero what INFO and LATENCY HISTOGRAM have counted.",
	},
	{
		Name: "config|rewrite", Flags: Admin, Group: "server", Since: "2.8.0", Do: configRewrite,
		Summary: "Writes into the settings file what CONFIG SET has changed since this node was started.",
	},
	{
		Name: "config|set", Synopsis: "parameter value [parameter value ...]", Flags: Admin | Loose, Group: "server", Since: "2.0.0", Do: configSet,
		Summary: "Changes settings of this node while it runs, all of those given or none: maxclients, timeout, slowlog-log-slower-than, slowlog-max-len, " +
			"latency-monitor-threshold, tracking-table-max-keys, hgetall_ready_bytes, requirepass, protected-mode, scan_view and log_level; and notify-keyspace-events on all nodes.",
	},
}

const errNotYesOrNo = Error("argument must be 'yes' or 'no'")

const errNotInteger = Error("argument couldn't be parsed into an integer")

// ErrNoSettingsFile is what [Settings.Rewrite] fails with when there is none.
const ErrNoSettingsFile = Error("ERR The server is running without a config file")

// Settings are those of the node that a server belongs to, for CONFIG. The server takes from
// them, and keeps for itself, what it can change while it runs.
type Settings interface {
	// All returns every setting, in an order of theirs.
	All() []Setting
	// Change changes settings, all of them or none. With an error it tells which of them is wrong.
	Change(to []Setting) (wrong int, err error)
	// Rewrite writes what was changed into the settings file. An [Error] reaches the client as it is.
	Rewrite() error
}

// A Setting is one of the node's.
type Setting struct {
	Name   string // as in the settings file: max_clients
	Value  string // as people write it; of a secret that is set, "(set)"
	Secret bool
	Fixed  bool // only a start of the node changes it
}

func (s *Server) settings() []Setting {
	if s.Settings == nil {
		return nil
	}
	return s.Settings.All()
}

// A parameter is what CONFIG has under one name.
type parameter struct {
	name    string // as it is listed
	value   string
	setting string // the node's, or ""
	secret  bool
	fixed   bool
	shared  bool  // all nodes have the same
	knob    *knob // or nil
}

// parameters returns all that CONFIG shows, in the order of their names: the node's settings
// under their own names, and what has a name in Redis under that too.
func (s *Server) parameters() []parameter {
	all := append(s.fixedParameters(), s.shared()...)
	all = append(all, s.requirepass())
	settings := s.settings()
	for _, k := range knobs {
		if k.parameter != "" && k.parameter != k.setting {
			all = append(all, parameter{name: k.parameter, value: k.text(&s.live), setting: k.setting, knob: k})
		}
		if !slices.ContainsFunc(settings, func(s Setting) bool { return s.Name == k.setting }) {
			all = append(all, parameter{name: k.setting, value: k.text(&s.live), knob: k})
		}
	}
	for _, one := range settings {
		p := parameter{name: one.Name, value: one.Value, setting: one.Name, secret: one.Secret, fixed: one.Fixed, knob: knobOf(one.Name)}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b parameter) int { return strings.Compare(a.name, b.name) })
	return all
}

// fixedParameters are those of Redis's that clients ask for and nobody can change here.
func (s *Server) fixedParameters() []parameter {
	dir, level := "", "notice"
	for _, one := range s.settings() {
		switch one.Name {
		case "data_dir":
			dir = one.Value
		case "log_level":
			level = redisLevels[one.Value]
		}
	}
	host, port, _ := net.SplitHostPort(s.addr)
	var all []parameter
	for _, p := range [][2]string{
		{"appendfsync", "always"},
		{"appendonly", "yes"},
		{"bind", host},
		{"cluster-enabled", "no"},
		{"databases", "1"},
		{"dbfilename", store.FileName},
		{"dir", dir},
		{"loglevel", level},
		{"maxmemory", "0"},
		{"maxmemory-policy", "noeviction"},
		{"port", port},
		{"proto-max-bulk-len", strconv.Itoa(s.MaxValue)},
		{"replica-read-only", "no"},
		{"save", ""},
	} {
		all = append(all, parameter{name: p[0], value: p[1], fixed: true})
	}
	return all
}

// redisLevels are Redis's words for the values of log_level.
var redisLevels = map[string]string{"debug": "debug", "info": "notice", "warn": "warning", "error": "warning"}

// named finds a parameter by a name in any case, in which - and _ are the same.
func (s *Server) named(name string) (found parameter, known bool) {
	plain := func(name string) string { return strings.ReplaceAll(strings.ToLower(name), "-", "_") }
	for _, p := range s.parameters() {
		if strings.EqualFold(p.name, name) {
			return p, true
		}
		if plain(p.name) == plain(name) {
			found, known = p, true
		}
	}
	return found, known
}

// configGet answers to a name with the name as it was asked for, as Redis does.
func configGet(_ context.Context, c *Call) Reply {
	all, shown := Map{}, map[string]bool{}
	show := func(name, value string) {
		if !shown[strings.ToLower(name)] {
			shown[strings.ToLower(name)] = true
			all = append(all, name, value)
		}
	}
	for _, wanted := range c.Args {
		if len(wanted) > maxPattern {
			return errPattern
		}
		if !strings.ContainsAny(wanted, "[*?") {
			if p, known := c.session.server.named(wanted); known {
				show(wanted, p.value)
			}
			continue
		}
		for _, p := range c.session.server.parameters() {
			if glob(strings.ToLower(wanted), p.name) {
				show(p.name, p.value)
			}
		}
	}
	return all
}

// configSet changes nothing unless all is right. Of several mistakes it tells Redis's.
func configSet(ctx context.Context, c *Call) Reply {
	if len(c.Args)%2 != 0 {
		return errSyntax
	}
	s := c.session.server
	s.changing.Lock()
	defer s.changing.Unlock()
	var all []parameter
	for i := 0; i < len(c.Args); i += 2 {
		p, known := s.named(c.Args[i])
		switch {
		case !known:
			return errorf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", c.Args[i])
		case p.name == "loglevel":
			return errConfigSet(c.Args[i], "can't set it in Redis's words: CONFIG SET log_level debug, info, warn or error")
		case p.fixed:
			return errConfigSet(c.Args[i], "can't set immutable config")
		case slices.ContainsFunc(all, p.same):
			return errConfigSet(c.Args[i], "duplicate parameter")
		case p.setting == passwordSetting && len(c.Args[i+1]) > strangers.word:
			return errConfigSet(c.Args[i], "argument is over 16384 bytes: nobody could show it")
		}
		p.value = c.Args[i+1]
		all = append(all, p)
	}
	if err := s.change(ctx, c.session.origin(), all); err != nil {
		return err
	}
	return ok
}

func errConfigSet(name, why string) Error {
	return errorf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, why)
}

// same reports whether two names are those of one thing.
func (p parameter) same(q parameter) bool {
	return p.name == q.name || p.knob != nil && p.knob == q.knob || p.setting != "" && p.setting == q.setting
}

// change sets parameters to their new values.
func (s *Server) change(ctx context.Context, from store.Origin, all []parameter) error {
	numbers := make([]int64, len(all))
	var settings []Setting
	var names []string // of the parameters behind the settings
	var shared []parameter
	for i, p := range all {
		if p.shared {
			shared = append(shared, p)
		}
		if p.knob != nil {
			var err error
			if numbers[i], err = p.knob.parse(p.value); err != nil {
				return errConfigSet(p.name, err.Error())
			}
			p.value = p.knob.settled(numbers[i], p.value)
		}
		if p.setting != "" && s.Settings != nil {
			settings, names = append(settings, Setting{Name: p.setting, Value: p.value}), append(names, p.name)
		}
	}
	if err := s.share(ctx, from, shared); err != nil { // it may fail for reasons of others
		return err
	}
	if len(settings) > 0 {
		if wrong, err := s.Settings.Change(settings); err != nil {
			return errConfigSet(names[wrong], err.Error())
		}
	}
	for i, p := range all {
		if p.knob != nil {
			s.turn(p.knob, numbers[i])
		}
		if p.setting == passwordSetting {
			s.password.Store(&p.value)
		}
	}
	return nil
}

func configRewrite(_ context.Context, c *Call) Reply {
	s := c.session.server
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.Settings == nil {
		return ErrNoSettingsFile
	}
	err := s.Settings.Rewrite()
	var told Error
	switch {
	case errors.As(err, &told):
		return told
	case err != nil:
		return errorf("ERR Rewriting config file: %s", err)
	}
	return ok
}

func configResetStat(_ context.Context, c *Call) Reply {
	c.session.server.resetStat()
	return ok
}
