package resp

import (
	"context"
	"strings"

	"confman/store"
	"confman/validate"
)

// streamCommands read what has changed, as Redis reads streams. There are no others, so nothing
// adds to one.
var streamCommands = []Command{
	{
		Name: "xinfo", Group: "stream", Since: "5.0.0",
		Summary: "A container for commands that tell about streams.",
	},
	{
		Name: "xinfo|groups", Synopsis: "key", Flags: Reads, Group: "stream", Since: "5.0.0", Do: proved(xinfoGroups),
		Summary: "Returns no groups: each reader remembers by itself where it is.",
	},
	{
		Name: "xinfo|help", Group: "stream", Since: "5.0.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "xinfo|stream", Synopsis: "key [FULL [COUNT count]]", Flags: Reads | Loose, Group: "stream", Since: "5.0.0", Do: proved(xinfoStream),
		Summary: "Tells how much is kept of what has changed, and the first and the last of it; FULL shows the first 10 changes, or as many as COUNT says (0: all).",
	},
	{
		Name: "xlen", Synopsis: "key", Flags: Reads | Fast, Group: "stream", Since: "5.0.0", Do: proved(xlen),
		Summary: "Counts the changes that are kept. It walks over them for all but confman/changes and confman/values.",
	},
	{
		Name: "xrange", Synopsis: "key start-id end-id [COUNT count]", Flags: Reads | Loose, Group: "stream", Since: "5.0.0", Do: proved(xrange),
		Summary: "Returns changes from one id to another, at least as many as COUNT says: whole revisions. What is over 1 MiB has to be read in parts, with COUNT.",
	},
	{
		Name: "xread", Synopsis: "[COUNT count] [BLOCK milliseconds] <STREAMS key [key ...] id [id ...]>", Flags: Reads | Loose | Blocks, Group: "stream",
		Since: "5.0.0", Do: proved(xread),
		Summary: "Returns what has changed behind an id ($: from now on, +: the last change), at least as many changes as COUNT says and about 1 MiB at most, " +
			"in whole revisions. BLOCK waits for a change for so many milliseconds (0: for ever).",
	},
	{
		Name: "xrevrange", Synopsis: "key end-id start-id [COUNT count]", Flags: Reads | Loose, Group: "stream", Since: "5.0.0", Do: proved(xrevrange),
		Summary: "As XRANGE, from the latest change to the earliest.",
	},
}

// The streams: all that changes, and the same with the values that configs still have. Behind either
// may stand a namespace, for what changes there and below it.
const (
	changesStream = "confman/changes"
	valuesStream  = "confman/values"
)

// A stream is what has changed in a namespace and below it, "" for everywhere.
type stream struct {
	within string
	values bool
}

// streamNamed returns the stream that a key names.
func streamNamed(key string) (s stream, found bool) {
	for _, name := range []string{changesStream, valuesStream} {
		if rest, cut := strings.CutPrefix(key, name); cut && (rest == "" || rest[0] == '/') {
			return stream{strings.TrimPrefix(rest, "/"), name == valuesStream}, rest != "/"
		}
	}
	return stream{}, false
}

// streamsOf returns the keys of the streams that tell of a config.
func streamsOf(name string) (keys []string) {
	if reserved(name) {
		return nil
	}
	keys = []string{changesStream, valuesStream}
	for i, c := range name {
		if c == '/' {
			keys = append(keys, changesStream+"/"+name[:i], valuesStream+"/"+name[:i])
		}
	}
	return keys
}

// opens reports whether the command may be given the name of a stream.
func (c *Command) opens() bool { return c.Group == "stream" || c.Name == "type" }

// checkStream checks a key that may name a stream.
func checkStream(key string) (s stream, found bool, err error) {
	if s, found = streamNamed(key); !found {
		err = validate.Namespace(key)
	} else if s.within != "" {
		err = validate.Name(s.within)
	}
	if err != nil {
		return s, found, refused(err)
	}
	return s, found, nil
}

// streamAt is the stream that a call's first argument names. Where it names none there is none, or
// something else.
func (c *Call) streamAt(ctx context.Context) (s stream, found bool, err error) {
	if s, found, err = checkStream(c.Args[0]); found || err != nil {
		return s, found, err
	}
	return s, false, c.session.look(ctx, func(tx *store.Tx) error { return notStream(tx, c.Args[0]) })
}

// notStream returns what is wrong with a name that is no stream's: nothing, if nothing is there.
func notStream(tx *store.Tx, name string) error {
	if kind(tx, name) != "none" {
		return errWrongType
	}
	return nil
}

// proved makes a command of one that looks at the data more than once, and will see what it must.
func proved(do func(context.Context, *Call) Reply) func(context.Context, *Call) Reply {
	return func(ctx context.Context, c *Call) Reply {
		c.session.proof = proof{}
		if err := c.session.prove(ctx, []*Call{c}); err != nil {
			return err
		}
		if c.kept {
			keys, _ := c.keysIn(c.words)
			err := c.session.look(ctx, func(*store.Tx) error { // before it is read: what changes then is told
				c.session.server.tracker.note(c.session.id, keys, c.session.server.live.trackedKeys.Load())
				return nil
			})
			if err != nil {
				return err
			}
		}
		return do(ctx, c)
	}
}

func xrange(ctx context.Context, c *Call) Reply { return ranged(ctx, c, c.Args[1], c.Args[2], false) }

func xrevrange(ctx context.Context, c *Call) Reply { return ranged(ctx, c, c.Args[2], c.Args[1], true) }

// ranged answers with a part of a stream, or says that it is too large: less than what was asked for
// would look like all that there is.
func ranged(ctx context.Context, c *Call, start, end string, backwards bool) Reply {
	if _, _, err := checkStream(c.Args[0]); err != nil {
		return err
	}
	r := excerpt{backwards: backwards}
	count, err := c.bounds(&r, start, end, c.Args[3:])
	if err != nil {
		return err
	}
	var found bool
	if r.stream, found, err = c.streamAt(ctx); err != nil {
		return err
	}
	switch {
	case !found:
		return []Reply{}
	case count == 0:
		return NullArray{}
	}
	r.count = max(count, 0)
	if err := c.session.read(ctx, &r); err != nil {
		return err
	}
	if r.over {
		return errLongRange
	}
	return r.all()
}

// bounds reads the ids of a range and its COUNT, which is negative if there is none, in the order in
// which Redis finds what is wrong with them.
func (c *Call) bounds(r *excerpt, start, end string, options []string) (count int64, err error) {
	if err := r.startAt(start); err != nil {
		return 0, err
	}
	if err := r.endAt(end); err != nil {
		return 0, err
	}
	count = -1
	for ; len(options) > 0; options = options[2:] {
		if !strings.EqualFold(options[0], "COUNT") || len(options) == 1 {
			return 0, errSyntax
		}
		if count, err = parseInt(options[1]); err != nil {
			return 0, err
		}
		count = max(count, 0)
	}
	return count, nil
}

func xlen(ctx context.Context, c *Call) Reply {
	s, found, err := c.streamAt(ctx)
	if err != nil {
		return err
	}
	if !found {
		return int64(0)
	}
	n, err := c.length(ctx, s)
	if err != nil {
		return err
	}
	return n
}

// length counts the changes in a stream.
func (c *Call) length(ctx context.Context, s stream) (n int64, err error) {
	if s.within == "" {
		err = c.session.look(ctx, func(tx *store.Tx) error {
			n = int64(tx.CountPast())
			return nil
		})
		return n, err
	}
	r := excerpt{stream: s, to: lastPosition, counting: true}
	err = c.session.read(ctx, &r)
	return r.counted, err
}

func xinfoGroups(ctx context.Context, c *Call) Reply {
	_, found, err := c.streamAt(ctx)
	switch {
	case err != nil:
		return err
	case !found:
		return errNoKey
	}
	return []Reply{}
}

func xinfoStream(ctx context.Context, c *Call) Reply {
	s, found, err := c.streamAt(ctx)
	switch {
	case err != nil:
		return err
	case !found:
		return errNoKey
	}
	full, count, err := c.fullInfo()
	if err != nil {
		return err
	}
	return c.describe(ctx, s, full, count)
}

// fullInfo reads the options of XINFO STREAM.
func (c *Call) fullInfo() (full bool, count int64, err error) {
	options := c.Args[1:]
	if len(options) == 0 {
		return false, 1, nil
	}
	if !strings.EqualFold(options[0], "FULL") || len(options) != 1 && (len(options) != 3 || !strings.EqualFold(options[1], "COUNT")) {
		return false, 0, errSubcommandSyntax(c)
	}
	const usual = 10
	if count = usual; len(options) == 3 {
		if count, err = parseInt(options[2]); count < 0 {
			count = usual
		}
	}
	return true, count, err
}

// describe tells about a stream. What Redis tells of how it holds one is nothing here.
func (c *Call) describe(ctx context.Context, s stream, full bool, count int64) Reply {
	head := excerpt{stream: s, to: lastPosition, count: count}
	tail := excerpt{stream: s, to: lastPosition, count: 1, backwards: true}
	n, err := c.length(ctx, s)
	for _, r := range []*excerpt{&head, &tail} {
		if err == nil {
			err = c.session.read(ctx, r)
		}
	}
	if err != nil {
		return err
	}
	if full && head.over {
		return errLongRange
	}
	first, firstID := head.at(0)
	last, lastID := tail.at(0)
	m := Map{
		"length", n, "radix-tree-keys", int64(0), "radix-tree-nodes", int64(0), "last-generated-id", lastID,
		"max-deleted-entry-id", position{revision: head.floor}.String(), "entries-added", n, "recorded-first-entry-id", firstID,
	}
	if full {
		return append(m, "entries", head.all(), "groups", []Reply{})
	}
	return append(m, "groups", int64(0), "first-entry", first, "last-entry", last)
}
