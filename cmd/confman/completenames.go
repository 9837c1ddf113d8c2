package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"confman/store"
	"confman/validate"

	"github.com/urfave/cli/v2"
)

// completeTime is how long somebody who pressed TAB waits for a node.
const completeTime = 300 * time.Millisecond

// completeWord returns what a word may become, by what may stand there.
func (p *program) completeWord(c *cli.Context, t *typed, words, word string) ([]candidate, error) {
	var all []candidate
	for _, kind := range strings.Split(words, "|") {
		switch kind {
		case "FILE", "DIR":
			return nil, errFiles
		case "NAME":
			all = append(all, p.offered(c, t, func(n *node) ([]candidate, error) { return n.completeName(word, true) })...)
		case "NAMESPACE":
			all = append(all, p.offered(c, t, func(n *node) ([]candidate, error) { return n.completeName(word, false) })...)
		case "NUMBER":
			all = append(all, p.offered(c, t, (*node).completeNumber)...)
		case "VERSION", "FROM", "TO":
			all = append(all, p.offered(c, t, func(n *node) ([]candidate, error) { return n.completeVersion(t.args[0]) })...)
		default:
			if strings.IndexFunc(kind, unicode.IsLower) == 0 {
				all = append(all, candidate{word: kind})
			}
		}
	}
	return all, nil
}

// offered asks the node that the command would ask. One that does not answer at once, or refuses to, has
// nothing to offer: whoever presses TAB wants no errors.
func (p *program) offered(c *cli.Context, t *typed, ask func(*node) ([]candidate, error)) []candidate {
	ctx, cancel := context.WithTimeout(c.Context, completeTime)
	defer cancel()
	addr := cmp.Or(t.given["addr"], p.env("CONFMAN_RESP_ADDR", defaults().RESPAddr))
	n, err := p.dial(ctx, validate.Addr(addr))
	if err != nil {
		return nil
	}
	defer n.Close()
	all, err := ask(n)
	if err != nil {
		return nil
	}
	return all
}

// completeName returns what is in the namespace that a name has so far and begins like the rest of it: the
// namespaces, with a slash, and the configs, if these may stand there. It asks for what does not count as a
// read: CONF USAGE tells of programs, not of who looks around. The configs are found among all below the
// namespace; where there are too many to look through in time, it is the namespaces alone.
func (n *node) completeName(word string, configs bool) ([]candidate, error) {
	ns, _ := store.Split(word)
	like := globbed(word) + "*"
	reply, err := n.do("NS", "LIST", like)
	if err != nil {
		return nil, err
	}
	below, err := texts(reply)
	if err != nil {
		return nil, err
	}
	found := listing{}
	for _, name := range below {
		found.addBelow(ns, name)
	}
	var names []string
	if configs {
		if names, err = n.scan("string", like); err != nil && n.ctx.Err() == nil {
			return nil, err
		}
	}
	var all []candidate
	for _, name := range found.Namespaces {
		all = append(all, candidate{word: store.Join(ns, name) + "/"})
	}
	slices.Sort(names)
	for _, name := range names {
		if above, _ := store.Split(name); above == ns {
			all = append(all, candidate{word: name})
		}
	}
	return all, nil
}

// completeVersion returns the versions of a config that are kept, the newest first.
func (n *node) completeVersion(name string) ([]candidate, error) {
	var versions []pastVersion
	if err := n.fetch(&versions, "CONF", "HISTORY", name); err != nil {
		return nil, err
	}
	all := make([]candidate, len(versions))
	for i, v := range versions {
		all[i] = candidate{number(v.Version), strings.TrimSpace(v.Time.String() + " " + v.By + " " + v.Reason)}
	}
	return all, nil
}

// completeNumber returns the numbers of the cluster's nodes.
func (n *node) completeNumber() ([]candidate, error) {
	members, err := n.members()
	if err != nil {
		return nil, err
	}
	all := make([]candidate, len(members))
	for i, m := range members {
		all[i] = candidate{m["id"], strings.TrimSpace(m["role"] + " " + m["resp"])}
	}
	return all, nil
}
