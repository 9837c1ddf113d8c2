package resp

import (
	"context"
	"slices"
	"strings"

	"confman/store"
)

// A Command is one row of the table, and all that is known of a command: how to call it,
// what it does to data, who may run it, and what the reference says of it. The name of a
// subcommand holds its container's, as in "client|id".
type Command struct {
	Name     string
	Synopsis string // as the Redis manual writes it: key value [NX | XX]
	Flags    Flags
	Group    string
	Category string // one of the ACL that does not follow from the group and the flags: @admin
	Since    string // the version of Redis that had it first; none for confman's own
	Summary  string
	Event    string // what it is when it sets a config, in Redis's words, if that is not "set"

	// Run answers a command about data. It may run more than once, so it has effects only
	// through the Tx.
	Run func(*store.Tx, *Call) Reply
	// Do answers a command about the connection or the server. A command has one of the two,
	// or it is no more than the container of its subcommands.
	Do func(context.Context, *Call) Reply

	args  []arg // the synopsis, parsed
	force bool  // it has the option FORCE
	arity int
	keys  int // how many it takes: none, one, or more
	subs  []*Command
	used  *usage
	reads func(*readings, *Call, Reply, int64) // takes down what a call has read; nil if it does not count
}

// Flags say where a command runs and what it may do there.
type Flags uint32

// What COMMAND tells, and what decides about AUTH, MULTI and the way to the data.
const (
	Reads     Flags = 1 << iota // looks at data, of this node
	Writes                      // runs in a transaction that all nodes commit
	Fast                        // takes the same time however much data there is
	NoAuth                      // runs before AUTH
	Immediate                   // runs at once inside MULTI
	Loose                       // reads its words by itself: they are not bound to the synopsis
	Admin                       // for operators
	Dangerous                   // slow, or tells much: ACL rules leave it out
	NoMulti                     // is refused inside MULTI
	Grows                       // may make the data larger
	Blocks                      // may wait for something to happen
)

// A table holds the commands by name.
type table struct {
	rows   []*Command // in the order of their names, without subcommands
	byName map[string]*Command
}

// newTable parses the rows. It is a function and no variable, because the rows' functions
// look into the table.
func newTable() *table {
	t := &table{byName: map[string]*Command{}}
	for _, rows := range [][]Command{
		stringCommands, numberCommands, compareCommands, hashCommands, hashExpireCommands, keyCommands, expireCommands,
		objectCommands, dumpCommands, lcsCommands, scanCommands, transactionCommands, connectionCommands, clientCommands, listCommands, pauseCommands, replyCommands, confCommands, reasonCommands, auditCommands, historyCommands, diffCommands, rollbackCommands, changesetCommands,
		waitCommands, unblockCommands, monitorCommands, serverCommands, configCommands, slowlogCommands, latencyCommands, persistenceCommands, flushCommands,
		pubsubCommands, trackingCommands, maintenanceCommands, streamCommands, introspectionCommands, backupCommands, memberCommands, restartCommands,
		usageCommands, nsCommands, ruleCommands,
	} {
		for _, row := range rows {
			row.args = parseSynopsis(row.Synopsis)
			_, _, row.force = option(row.args, "FORCE")
			row.arity = arity(row.Name, row.args)
			row.keys = keysOf(&row)
			row.used = &usage{}
			row.reads = readers[row.Name]
			t.byName[row.Name] = &row
		}
	}
	for name, c := range t.byName {
		container, _, isSub := strings.Cut(name, "|")
		if !isSub {
			t.rows = append(t.rows, c)
			continue
		}
		up := t.byName[container]
		up.subs = append(up.subs, c)
		if up.arity = -2; up.Do != nil {
			up.arity = -1 // it can do without a subcommand
		}
	}
	byName := func(a, b *Command) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(t.rows, byName)
	for _, c := range t.rows {
		slices.SortFunc(c.subs, byName)
	}
	return t
}

// find returns the command that the words call.
func (t *table) find(words []string) (*Command, error) {
	name := strings.ToLower(words[0])
	c := t.byName[name]
	if c == nil || strings.Contains(name, "|") {
		return nil, errUnknown(words)
	}
	if len(c.subs) > 0 && len(words) > 1 {
		if c = t.byName[name+"|"+strings.ToLower(words[1])]; c == nil {
			return nil, errUnknownSubcommand(name, words[1])
		}
	}
	if n := len(words); n != c.arity && (c.arity > 0 || n < -c.arity) {
		return nil, errArity(c)
	}
	return c, nil
}

// called returns the command that a client's words name, or nil; of one that has subcommands the
// container, if no subcommand is named.
func (t *table) called(words []string) *Command {
	c := t.byName[strings.ToLower(words[0])]
	if c != nil && len(words) > 1 {
		if sub := t.byName[c.Name+"|"+strings.ToLower(words[1])]; sub != nil {
			return sub
		}
	}
	return c
}

// keysOf tells how many keys a command takes: none, one, or more.
func keysOf(c *Command) int {
	first, last, step := keyPlaces(c.Name, c.args)
	switch {
	case first == 0:
		return 0
	case last == first:
		return step
	}
	return 2
}

// depth tells how many words the command's name takes.
func (c *Command) depth() int { return 1 + strings.Count(c.Name, "|") }

// title is how people write the command's name.
func (c *Command) title() string { return strings.ToUpper(strings.ReplaceAll(c.Name, "|", " ")) }

// call is how people write a call of the command.
func (c *Command) call() string { return strings.TrimSpace(c.title() + " " + c.Synopsis) }
