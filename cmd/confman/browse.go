package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

func (p *program) lsCommand() *cli.Command {
	return &cli.Command{
		Name: "ls", ArgsUsage: "[NAMESPACE]", Usage: "list what is directly in a namespace: its namespaces, with a slash, and its configs",
		Flags: p.clientFlags(),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.ls(n, trimSlashes(c.Args().First())) })
		},
	}
}

func (p *program) treeCommand() *cli.Command {
	return &cli.Command{
		Name: "tree", ArgsUsage: "[NAMESPACE]", Usage: "show all configs below a namespace as a tree",
		Flags: p.clientFlags(),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.tree(n, trimSlashes(c.Args().First())) })
		},
	}
}

// trimSlashes lets people write a namespace as shells complete directories.
func trimSlashes(name string) string { return strings.Trim(name, "/") }

// pattern matches everything below a namespace, "" being the root.
func pattern(ns string) string {
	if ns == "" {
		return "*"
	}
	return globbed(ns) + "/*"
}

// globbed is a name as a pattern that matches nothing else.
func globbed(name string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(name)
}

// listing is what ls shows of a namespace.
type listing struct {
	Namespaces []string `json:"namespaces" yaml:"namespaces"`
	Configs    []string `json:"configs" yaml:"configs"`
}

// addBelow adds the namespace directly in ns that another one is, or is in, if it is.
func (l *listing) addBelow(ns, other string) {
	if ns != "" {
		ns += "/"
	}
	rest, below := strings.CutPrefix(other, ns)
	name, _, _ := strings.Cut(rest, "/")
	if at, known := slices.BinarySearch(l.Namespaces, name); below && name != "" && !known {
		l.Namespaces = slices.Insert(l.Namespaces, at, name)
	}
}

func (l listing) empty() bool { return len(l.Configs)+len(l.Namespaces) == 0 }

// table prints the listing for people, with a slash behind namespaces.
func (l listing) table(w io.Writer) error {
	for _, name := range l.Namespaces {
		fmt.Fprintf(w, "%s/\n", name)
	}
	for _, name := range l.Configs {
		fmt.Fprintln(w, name)
	}
	return nil
}

func (p *program) ls(n *node, ns string) error {
	hash := ns
	if ns == "" {
		hash = "/"
	}
	reply, err := n.do("HKEYS", hash)
	if err != nil {
		return err
	}
	l := listing{Namespaces: []string{}}
	if l.Configs, err = texts(reply); err != nil {
		return err
	}
	below, err := n.scan("hash", pattern(ns))
	if err != nil {
		return err
	}
	for _, name := range below {
		l.addBelow(ns, name)
	}
	if ns != "" && l.empty() {
		return failure{exitNotFound, fmt.Errorf("there is no namespace %q", ns)}
	}
	return p.show(l, l.table)
}

func (p *program) tree(n *node, ns string) error {
	names, err := n.scan("string", pattern(ns))
	if err != nil {
		return err
	}
	if ns != "" && len(names) == 0 {
		return failure{exitNotFound, fmt.Errorf("there is no namespace %q", ns)}
	}
	slices.Sort(names)
	return p.show(names, func(w io.Writer) error {
		root := &branch{}
		for _, name := range names {
			root.grow(strings.Split(strings.TrimPrefix(strings.TrimPrefix(name, ns), "/"), "/"))
		}
		fmt.Fprintln(w, ns+"/")
		root.print(w, "")
		return nil
	})
}

// A branch is a part of a tree of names.
type branch struct {
	name     string
	branches []*branch
}

func (b *branch) grow(path []string) {
	if len(path) == 0 {
		return
	}
	i := slices.IndexFunc(b.branches, func(c *branch) bool { return c.name == path[0] })
	if i < 0 {
		i = len(b.branches)
		b.branches = append(b.branches, &branch{name: path[0]})
	}
	b.branches[i].grow(path[1:])
}

func (b *branch) print(w io.Writer, indent string) {
	for i, c := range b.branches {
		stem, below := "├── ", "│   "
		if i == len(b.branches)-1 {
			stem, below = "└── ", "    "
		}
		slash := ""
		if len(c.branches) > 0 {
			slash = "/"
		}
		fmt.Fprintf(w, "%s%s%s%s\n", indent, stem, c.name, slash)
		c.print(w, indent+below)
	}
}
