package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// memberCommand groups what changes who is in the cluster.
func (p *program) memberCommand() *cli.Command {
	number := func(c *cli.Context) error { return needNumber(c) }
	return &cli.Command{
		Name: "member", Usage: "show and change the nodes of the cluster, from any of them",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return failure{exitUsage, noSuch("command", "member "+word, memberCommandNames(c))}
			}
			return failure{exitUsage, errors.New("usage: confman member list|add|remove|promote|demote|lead|replace|profile")}
		},
		Subcommands: []*cli.Command{
			p.memberSub("list", "", "show all nodes, what they are meant to be, and how far they have come", nil, p.memberList),
			p.memberSub("add", "", "make a token for a new machine, and wait until its node takes part", nil, p.memberAdd,
				ttlFlag(), waitFlag(), tokenFlag(), &cli.BoolFlag{Name: "non-voter", Aliases: []string{"nonvoter"}, Usage: "the new node gets no vote: for edge sites", DisableDefaultText: true}),
			p.memberSub("remove", "NUMBER", "take a node out for good", number, p.memberRemove,
				waitFlag(), &cli.BoolFlag{Name: "force", Usage: "even if those that remain and run are no majority", DisableDefaultText: true}),
			p.memberSub("promote", "NUMBER", "have a node vote as soon as it has caught up", number, p.memberPromote, waitFlag()),
			p.memberSub("demote", "NUMBER", "have a node give its vote up: it goes on under a new number, and copies the state again", number, p.memberDemote, waitFlag()),
			p.memberSub("lead", "NUMBER", "have a node that votes lead, without stopping another one", number, p.memberLead),
			p.memberSub("replace", "NUMBER", "make a token for a machine that takes the place of a node that does not run, and wait for it", number, p.memberReplace,
				ttlFlag(), waitFlag(), tokenFlag()),
			p.memberSub("profile", "[lan|edge|wan|metered]", "show the timing between the nodes, or change it for all of them", nil, p.memberProfile, waitFlag()),
		},
	}
}

// memberSub is one of them, which asks a node.
func (p *program) memberSub(name, args, usage string, check func(*cli.Context) error, do func(*cli.Context, *node) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, ArgsUsage: args, Usage: usage, Flags: p.clientFlags(flags...),
		Action: func(c *cli.Context) error {
			if check == nil {
				check = func(c *cli.Context) error { return needArgs(c, 0, min(len(args), 1)) }
			}
			if err := check(c); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return do(c, n) })
		},
	}
}

func memberCommandNames(c *cli.Context) (names []string) {
	for _, sub := range c.Command.Subcommands {
		names = append(names, "member "+sub.Name)
	}
	return names
}

func ttlFlag() cli.Flag {
	return &cli.DurationFlag{Name: "ttl", Value: time.Hour, Usage: "how long the token is good"}
}

func waitFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-wait", Usage: "do not wait until it is done", DisableDefaultText: true}
}

func tokenFlag() cli.Flag {
	return &cli.BoolFlag{Name: "token-only", Usage: "print the token alone, and do not wait", DisableDefaultText: true}
}

// needNumber checks that a node's number is the one argument.
func needNumber(c *cli.Context) error {
	if err := needArgs(c, 1, 1); err != nil {
		return err
	}
	if n, err := strconv.ParseUint(c.Args().First(), 10, 63); err != nil || n == 0 {
		return failure{exitUsage, fmt.Errorf("%q is no node's number: confman member list shows them", c.Args().First())}
	}
	return nil
}

// listedMember is how member list shows a node.
type listedMember struct {
	Node     string `json:"node" yaml:"node"`
	Role     string `json:"role" yaml:"role"`
	Meant    string `json:"meant" yaml:"meant"` // voter, non-voter or gone
	RESP     string `json:"resp" yaml:"resp"`
	Raft     string `json:"raft" yaml:"raft"`
	Revision string `json:"revision" yaml:"revision"` // "" if it does not answer
	Profile  string `json:"profile" yaml:"profile"`
}

func (p *program) memberList(_ *cli.Context, n *node) error {
	all, err := n.members()
	if err != nil {
		return err
	}
	shown := []listedMember{}
	rows := [][]string{{"NODE", "ROLE", "MEANT", "RESP", "RAFT", "REVISION", "PROFILE"}}
	for _, m := range all {
		one := listedMember{Node: m["id"], Role: m["role"], Meant: m["meant"], RESP: m["resp"], Raft: m["raft"], Revision: m["revision"], Profile: m["profile"]}
		if one.Revision == "" {
			if fields, err := p.infoOf(n.ctx, m["resp"]); err == nil && fields["node_id"] == m["id"] {
				one.Revision = fields["applied_revision"]
			}
		}
		shown = append(shown, one)
		rows = append(rows, []string{one.Node, one.Role, one.Meant, one.RESP, one.Raft, orDash(one.Revision), orDash(one.Profile)})
	}
	return p.show(shown, func(w io.Writer) error { return columns(w, rows) })
}

func (p *program) memberAdd(c *cli.Context, n *node) error {
	words := []string{"MEMBER", "ADD"}
	if c.Bool("non-voter") {
		words = append(words, "NONVOTER")
	}
	return p.invite(c, n, words, "")
}

func (p *program) memberReplace(c *cli.Context, n *node) error {
	return p.invite(c, n, []string{"MEMBER", "REPLACE", c.Args().First()}, c.Args().First())
}

// invite gets a token, says what to do with it, and waits for the node that uses it. Programs get
// the token, and do not wait.
func (p *program) invite(c *cli.Context, n *node, words []string, replaces string) error {
	seconds := int64(c.Duration("ttl") / time.Second)
	token, err := n.text(append(words, "TTL", strconv.FormatInt(seconds, 10))...)
	if err != nil {
		return err
	}
	before, err := n.members() // after the token: by now a node that has just joined knows all who came before
	if err != nil {
		return err
	}
	if c.Bool("token-only") {
		_, err := fmt.Fprintln(p.stdout, token)
		return err
	}
	typed := "confman serve --join " + token
	err = p.show(map[string]string{"token": token, "command": typed}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "type on the new machine, within %s:\n\n  %s\n\n", spoken(c.Duration("ttl")), typed)
		return err
	})
	if err != nil || c.Bool("no-wait") || p.output != "table" && p.output != "" {
		return err
	}
	return p.await(n, before, joining(before, replaces))
}

// spoken is a duration as people write it: 1h, and not 1h0m0s.
func spoken(d time.Duration) string {
	text := d.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func (p *program) memberPromote(c *cli.Context, n *node) error {
	return p.change(c, n, promoted(c.Args().First()), "MEMBER", "PROMOTE", c.Args().First())
}

func (p *program) memberDemote(c *cli.Context, n *node) error {
	before, err := n.members()
	if err != nil {
		return err
	}
	return p.change(c, n, demoted(c.Args().First(), before), "MEMBER", "DEMOTE", c.Args().First())
}

func (p *program) memberLead(c *cli.Context, n *node) error {
	if _, err := n.do("MEMBER", "LEAD", c.Args().First()); err != nil {
		return err
	}
	return p.say(fmt.Sprintf("node %s leads", c.Args().First()))
}

func (p *program) memberRemove(c *cli.Context, n *node) error {
	words := []string{"MEMBER", "REMOVE", c.Args().First()}
	if c.Bool("force") {
		words = append(words, "FORCE")
	}
	return p.change(c, n, removed(c.Args().First()), words...)
}

func (p *program) memberProfile(c *cli.Context, n *node) error {
	name := c.Args().First()
	if name == "" {
		agreed, err := n.text("MEMBER", "PROFILE")
		if err != nil {
			return err
		}
		return p.show(map[string]string{"profile": agreed}, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, agreed)
			return err
		})
	}
	return p.change(c, n, following(name), "MEMBER", "PROFILE", name)
}

// change asks for a change, says what the node said, and waits until it is done.
func (p *program) change(c *cli.Context, n *node, done goal, words ...string) error {
	before, err := n.members()
	if err != nil {
		return err
	}
	said, err := n.text(words...)
	if err != nil {
		return err
	}
	if err = p.say(said); err != nil || c.Bool("no-wait") {
		return err
	}
	return p.await(n, before, done)
}

// say prints what people are to be told.
func (p *program) say(said string) error {
	return p.show(map[string]string{"said": said}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, said)
		return err
	})
}
