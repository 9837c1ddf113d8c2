package resp

// info is the command's part in the answer of COMMAND. It has no tips: those of Redis are for
// who stands before many shards, and say what is random or in no order, where confman sorts.
func (c *Command) info() []Reply {
	first, last, step := keyPlaces(c.Name, c.args)
	subs := []Reply{}
	for _, sub := range c.subs {
		subs = append(subs, sub.info())
	}
	return []Reply{
		c.Name, int64(c.arity), statuses(c.flagNames()), int64(first), int64(last), int64(step),
		statuses(c.categories()),
		Set{},
		c.keySpecs(),
		subs,
	}
}

func statuses(names []string) Set {
	all := Set{}
	for _, name := range names {
		all = append(all, Status(name))
	}
	return all
}

// flagNames are the flags that Redis has too. Not told are those about what confman does not
// have, or clients do nothing with: noscript, allow_busy and may_replicate (scripts),
// no_async_loading, skip_monitor, skip_slowlog, sentinel.
func (c *Command) flagNames() (names []string) {
	for _, f := range []struct {
		given bool
		name  string
	}{
		{c.Flags&Writes != 0, "write"},
		{c.Flags&Reads != 0, "readonly"},
		{c.Flags&Grows != 0, "denyoom"},
		{c.Flags&Admin != 0, "admin"},
		{c.Category == "@pubsub", "pubsub"},
		{c.Do != nil && c.Flags&Reads == 0, "loading"}, // it needs no data
		{c.Do != nil && c.Flags&Reads == 0, "stale"},
		{c.Flags&Blocks != 0, "blocking"},
		{c.behind() != "", "movablekeys"},
		{c.Flags&Fast != 0, "fast"},
		{c.Flags&NoAuth != 0, "no_auth"},
		{c.Flags&NoMulti != 0, "no_multi"},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// groupCategories are the ACL categories of the groups that have one.
var groupCategories = map[string]string{
	"string": "@string", "hash": "@hash", "generic": "@keyspace",
	"transactions": "@transaction", "connection": "@connection", "stream": "@stream",
}

// categories are the ACL's: they follow from the flags and the group.
func (c *Command) categories() (all []string) {
	speed := "@slow"
	if c.Flags&Fast != 0 {
		speed = "@fast"
	}
	group := groupCategories[c.Group]
	if c.Run == nil && c.Do == nil {
		group = "" // a container is in no group
	}
	for _, category := range []struct {
		in   bool
		name string
	}{
		{c.Flags&Writes != 0, "@write"},
		{c.Flags&Reads != 0, "@read"},
		{c.Category != "", c.Category},
		{c.Flags&Blocks != 0, "@blocking"},
		{group != "", group},
		{c.Flags&Admin != 0, "@admin"},
		{true, speed},
		{c.Flags&(Admin|Dangerous) != 0 || c.Category == "@admin", "@dangerous"},
	} {
		if category.in {
			all = append(all, category.name)
		}
	}
	return all
}

// docs is the command's part in the answer of COMMAND DOCS; redis-cli makes its hints and
// its HELP of it.
func (c *Command) docs() Map {
	m := Map{"summary", c.Summary}
	if c.Since != "" {
		m = append(m, "since", c.Since)
	}
	m = append(m, "group", c.Group)
	if len(c.args) > 0 {
		m = append(m, "arguments", argDocs(c.args))
	}
	if len(c.subs) > 0 {
		subs := Map{}
		for _, sub := range c.subs {
			subs = append(subs, sub.Name, sub.docs())
		}
		m = append(m, "subcommands", subs)
	}
	return m
}

func argDocs(args []arg) []Reply {
	all := []Reply{}
	for _, a := range args {
		m := Map{"name", a.name, "type", a.kind}
		if a.kind == "key" {
			m = append(m, "key_spec_index", int64(0))
		}
		if a.token != "" {
			m = append(m, "token", a.token)
		}
		var flags []string
		if a.optional {
			flags = append(flags, "optional")
		}
		if a.multiple {
			flags = append(flags, "multiple")
		}
		if a.tokens {
			flags = append(flags, "multiple_token")
		}
		if len(flags) > 0 {
			m = append(m, "flags", statuses(flags))
		}
		if a.args != nil {
			m = append(m, "arguments", argDocs(a.args))
		}
		all = append(all, m)
	}
	return all
}
