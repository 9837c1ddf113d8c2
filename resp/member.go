package resp

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Members is what MEMBER commands need of a node: the administration of its cluster. What a method
// returns as text is for people. An error that is an [Error] reaches the client as it is.
type Members interface {
	// List returns what is known of each node, by number.
	List() [][]Fact
	// Invite makes a token with which one new node can join until ttl, or a default if that is zero,
	// has passed; replaces is the node in whose place it comes, or zero.
	Invite(ctx context.Context, nonVoter bool, replaces uint64, ttl time.Duration) (token string, err error)
	Promote(ctx context.Context, node uint64) (said string, err error)
	Demote(ctx context.Context, node uint64) (said string, err error)
	// Lead has a node be the leader, and returns when it leads.
	Lead(ctx context.Context, node uint64) error
	Remove(ctx context.Context, node uint64, force bool) (said string, err error)
	// Profile names the timing that the nodes have agreed on.
	Profile() string
	SetProfile(ctx context.Context, name string) (said string, err error)
}

// memberCommands administer the cluster, on any of its nodes.
var memberCommands = []Command{
	{
		Name: "member", Group: "server",
		Summary: "A container for commands about the nodes of the cluster.",
	},
	{
		Name: "member|add", Synopsis: "[NONVOTER] [TTL seconds]", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberAdd),
		Summary: "Returns a token with which one new machine joins: confman serve --join TOKEN.",
	},
	{
		Name: "member|demote", Synopsis: "node", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberDemote),
		Summary: "Has a node give its vote up. It goes on under a new number, and answers LOADING until it has copied the state again.",
	},
	{
		Name: "member|help", Group: "server", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "member|lead", Synopsis: "node", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberLead),
		Summary: "Has a node that votes lead, and answers when it leads. Writes wait for that, as in any election.",
	},
	{
		Name: "member|list", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberList),
		Summary: "Returns what this node knows of each node.",
	},
	{
		Name: "member|profile", Synopsis: "[name]", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberProfile),
		Summary: "Returns the timing between the nodes, or changes it for all: each starts again by itself, the leader last.",
	},
	{
		Name: "member|promote", Synopsis: "node", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberPromote),
		Summary: "Has a node vote as soon as it has caught up.",
	},
	{
		Name: "member|remove", Synopsis: "node [FORCE]", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberRemove),
		Summary: "Takes a node out for good. It is refused if those that remain and run would be no majority, unless forced, and always for the last voter.",
	},
	{
		Name: "member|replace", Synopsis: "node [TTL seconds]", Flags: Admin | NoMulti, Group: "server", Do: withMembers(memberReplace),
		Summary: "Returns a token with which one new machine takes the place of a node that does not run.",
	},
}

// withMembers runs do on a server that has a cluster.
func withMembers(do func(context.Context, Members, *Call) (Reply, error)) func(context.Context, *Call) Reply {
	return func(ctx context.Context, c *Call) Reply {
		s := c.session.server
		if s.Members == nil {
			return errNoMembers
		}
		reply, err := do(ctx, s.Members, c)
		if err != nil {
			return fromNode(err, s.Log)
		}
		return reply
	}
}

func memberList(_ context.Context, m Members, _ *Call) (Reply, error) {
	all := []Reply{}
	for _, facts := range m.List() {
		each := Map{}
		for _, f := range facts {
			each = append(each, f.Name, f.Value)
		}
		all = append(all, each)
	}
	return all, nil
}

// node returns the number of the node that a call names first.
func (c *Call) node() (uint64, error) {
	if n := c.integer(0); n > 0 {
		return uint64(n), nil
	}
	return 0, errNode
}

// ttl returns how long a token is to be good.
func (c *Call) ttl() (time.Duration, error) {
	seconds := c.number("TTL", 0)
	if c.has("TTL") && (seconds < 1 || seconds > int64(maxTTL/time.Second)) {
		return 0, errTTL
	}
	return time.Duration(seconds) * time.Second, nil
}

// maxTTL is how long a token is good at most: it lets whoever has it in.
const maxTTL = 7 * 24 * time.Hour

func memberAdd(ctx context.Context, m Members, c *Call) (Reply, error) {
	ttl, err := c.ttl()
	if err != nil {
		return nil, err
	}
	return textOr(m.Invite(ctx, c.has("NONVOTER"), 0, ttl))
}

func memberReplace(ctx context.Context, m Members, c *Call) (Reply, error) {
	node, err := c.node()
	ttl, bad := c.ttl()
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	return textOr(m.Invite(ctx, false, node, ttl))
}

func memberPromote(ctx context.Context, m Members, c *Call) (Reply, error) {
	node, err := c.node()
	if err != nil {
		return nil, err
	}
	return textOr(m.Promote(ctx, node))
}

func memberDemote(ctx context.Context, m Members, c *Call) (Reply, error) {
	node, err := c.node()
	if err != nil {
		return nil, err
	}
	return textOr(m.Demote(ctx, node))
}

func memberLead(ctx context.Context, m Members, c *Call) (Reply, error) {
	node, err := c.node()
	if err != nil {
		return nil, err
	}
	return ok, m.Lead(ctx, node)
}

func memberRemove(ctx context.Context, m Members, c *Call) (Reply, error) {
	node, err := c.node()
	if err != nil {
		return nil, err
	}
	return textOr(m.Remove(ctx, node, c.has("FORCE")))
}

func memberProfile(ctx context.Context, m Members, c *Call) (Reply, error) {
	switch len(c.Args) {
	case 0:
		return m.Profile(), nil
	case 1:
		return textOr(m.SetProfile(ctx, strings.ToLower(c.Args[0])))
	}
	return nil, errArity(c.Command)
}

// textOr makes a reply of a text.
func textOr(text string, err error) (Reply, error) { return text, err }
