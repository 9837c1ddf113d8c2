package resp

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
)

var pubsubCommands = []Command{
	{
		Name: "psubscribe", Synopsis: "pattern [pattern ...]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.0.0", Do: subscribe(patterns),
		Summary: "Has the client sent the messages on channels whose names match.",
	},
	{
		Name: "publish", Synopsis: "channel message", Flags: Fast, Group: "pubsub", Category: "@pubsub", Since: "2.0.0", Do: publish,
		Summary: "Sends a message to the subscribers of a channel on every node that can be reached, and returns how many of this node get it. It is stored nowhere.",
	},
	{
		Name: "pubsub", Group: "pubsub", Since: "2.8.0",
		Summary: "A container for commands that look at subscriptions.",
	},
	{
		Name: "pubsub|channels", Synopsis: "[pattern]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.8.0", Do: activeChannels(channels),
		Summary: "Lists the channels that have subscribers on this node.",
	},
	{
		Name: "pubsub|help", Group: "pubsub", Since: "6.2.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "pubsub|numpat", Group: "pubsub", Category: "@pubsub", Since: "2.8.0", Do: numPat,
		Summary: "Counts the patterns that have subscribers on this node.",
	},
	{
		Name: "pubsub|numsub", Synopsis: "[channel [channel ...]]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.8.0", Do: numSub(channels),
		Summary: "Counts the subscribers of channels on this node.",
	},
	{
		Name: "pubsub|shardchannels", Synopsis: "[pattern]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "7.0.0", Do: activeChannels(shards),
		Summary: "Lists the shard channels that have subscribers on this node.",
	},
	{
		Name: "pubsub|shardnumsub", Synopsis: "[shardchannel [shardchannel ...]]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "7.0.0", Do: numSub(shards),
		Summary: "Counts the subscribers of shard channels on this node.",
	},
	{
		Name: "punsubscribe", Synopsis: "[pattern [pattern ...]]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.0.0", Do: unsubscribe(patterns),
		Summary: "Ends subscriptions to patterns, or to all of them.",
	},
	{
		Name: "spublish", Synopsis: "shardchannel message", Flags: Fast, Group: "pubsub", Category: "@pubsub", Since: "7.0.0", Do: publishShard,
		Summary: "As PUBLISH, for those who have used SSUBSCRIBE. There is one shard.",
	},
	{
		Name: "ssubscribe", Synopsis: "shardchannel [shardchannel ...]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "7.0.0", Do: subscribe(shards),
		Summary: "Has the client sent what SPUBLISH sends to channels.",
	},
	{
		Name: "subscribe", Synopsis: "channel [channel ...]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.0.0", Do: subscribe(channels),
		Summary: "Has the client sent the messages on channels.",
	},
	{
		Name: "sunsubscribe", Synopsis: "[shardchannel [shardchannel ...]]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "7.0.0", Do: unsubscribe(shards),
		Summary: "Ends subscriptions to shard channels, or to all of them.",
	},
	{
		Name: "unsubscribe", Synopsis: "[channel [channel ...]]", Flags: Loose, Group: "pubsub", Category: "@pubsub", Since: "2.0.0", Do: unsubscribe(channels),
		Summary: "Ends subscriptions to channels, or to all of them.",
	},
}

// subscriptions are what a client is subscribed to. Its session changes them; others may count them.
type subscriptions struct {
	names [ways]map[string]struct{}
	n     [ways]atomic.Int32
}

// maxSubscriptions bounds them by kind: each message is compared with all patterns.
var maxSubscriptions = [ways]int{channels: 1 << 16, patterns: 1 << 10, shards: 1 << 16}

// maxChannel bounds the name of a channel, in bytes: notifications are on channels that hold a name.
const maxChannel = 2 << 10

// The words with which the server confirms, by kind.
var (
	subscribed   = [ways]string{"subscribe", "psubscribe", "ssubscribe"}
	unsubscribed = [ways]string{"unsubscribe", "punsubscribe", "sunsubscribe"}
)

// listens reports whether the client is subscribed to anything.
func (s *subscriptions) listens() bool {
	return s.n[channels].Load()+s.n[patterns].Load()+s.n[shards].Load() > 0
}

// told is how many subscriptions a confirmation tells of: those of shards have a count of their own.
func (s *subscriptions) told(kind int) int64 {
	if kind == shards {
		return int64(s.n[shards].Load())
	}
	return int64(s.n[channels].Load() + s.n[patterns].Load())
}

// subscribe confirms each name by itself, as Redis does.
func subscribe(kind int) func(context.Context, *Call) Reply {
	return func(_ context.Context, c *Call) Reply {
		s := c.session
		if kind == shards && s.executing {
			return errShardsInExec
		}
		if len(s.names[kind])+len(c.Args) > maxSubscriptions[kind] {
			return errManySubscriptions
		}
		for _, name := range c.Args {
			switch {
			case kind == patterns && len(name) > maxPattern:
				return errPattern
			case len(name) > maxChannel:
				return errChannel
			}
		}
		s.conn.listen()
		var confirmed replies
		for _, name := range c.Args {
			s.subscribe(kind, name)
			confirmed = append(confirmed, Push{subscribed[kind], name, s.told(kind)})
		}
		return confirmed
	}
}

func (s *session) subscribe(kind int, name string) {
	if _, is := s.names[kind][name]; is {
		return
	}
	if s.names[kind] == nil {
		s.names[kind] = map[string]struct{}{}
	}
	s.names[kind][name] = struct{}{}
	s.n[kind].Add(1)
	s.server.hub.add(kind, name, s.conn)
}

func unsubscribe(kind int) func(context.Context, *Call) Reply {
	return func(_ context.Context, c *Call) Reply {
		s, names := c.session, c.Args
		if len(names) == 0 {
			names = slices.Sorted(maps.Keys(s.names[kind]))
		}
		var confirmed replies
		for _, name := range names {
			s.unsubscribe(kind, name)
			confirmed = append(confirmed, Push{unsubscribed[kind], name, s.told(kind)})
		}
		if len(names) == 0 {
			confirmed = replies{Push{unsubscribed[kind], nil, s.told(kind)}}
		}
		if !s.executing && !s.monitors {
			s.conn.forward() // what came before, while the client can tell it from a reply
		}
		return confirmed
	}
}

func (s *session) unsubscribe(kind int, name string) {
	if _, is := s.names[kind][name]; !is {
		return
	}
	delete(s.names[kind], name)
	s.n[kind].Add(-1)
	s.server.hub.remove(kind, name, s.conn)
}

// unsubscribeAll ends all subscriptions, without a word.
func (s *session) unsubscribeAll() {
	for kind := range s.names {
		for name := range s.names[kind] {
			s.unsubscribe(kind, name)
		}
	}
}

// mayCall refuses most commands to a subscriber that could not tell replies from messages, and to a
// monitor what nothing would hold back while CLIENT PAUSE holds what others call.
func (s *session) mayCall(cmd *Command) error {
	if s.monitors && (cmd.Flags&(Reads|Writes) != 0 || cmd.publishes()) {
		return errMonitorReads
	}
	if s.protocol != 2 || !s.listens() || cmd.Group == "pubsub" && cmd.Flags&Loose != 0 && len(cmd.subs) == 0 && cmd.depth() == 1 {
		return nil
	}
	switch cmd.Name {
	case "ping", "quit", "reset":
		return nil
	}
	return errorf("ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", cmd.Name)
}

// publishes reports whether a command sends a message to others.
func (c *Command) publishes() bool { return c.Name == "publish" || c.Name == "spublish" }

func publish(_ context.Context, c *Call) Reply {
	s := c.session.server
	if s.Publish != nil {
		s.Publish(c.Args[0], c.Args[1], false)
	}
	return s.hub.publish(c.Args[0], c.Args[1])
}

func publishShard(_ context.Context, c *Call) Reply {
	s := c.session.server
	if s.Publish != nil {
		s.Publish(c.Args[0], c.Args[1], true)
	}
	return s.hub.publishShard(c.Args[0], c.Args[1])
}

// Published hands a message that was published on another node to the subscribers of this one. It
// waits for nobody.
func (s *Server) Published(channel, message string, sharded bool) {
	if sharded {
		s.hub.publishShard(channel, message)
	} else {
		s.hub.publish(channel, message)
	}
}

func activeChannels(kind int) func(context.Context, *Call) Reply {
	return func(_ context.Context, c *Call) Reply {
		switch {
		case len(c.Args) > 1:
			return errSubcommandSyntax(c)
		case len(c.Args) == 0:
			return c.session.server.hub.names(kind, "", true)
		case len(c.Args[0]) > maxPattern:
			return errPattern
		}
		return c.session.server.hub.names(kind, c.Args[0], false)
	}
}

func numSub(kind int) func(context.Context, *Call) Reply {
	return func(_ context.Context, c *Call) Reply {
		counts := Map{}
		for _, name := range c.Args {
			counts = append(counts, name, c.session.server.hub.count(kind, name))
		}
		return []Reply(counts)
	}
}

func numPat(_ context.Context, c *Call) Reply { return c.session.server.hub.size(patterns) }
