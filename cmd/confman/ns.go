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

// nsCommand groups what is about namespaces and their settings.
func (p *program) nsCommand() *cli.Command {
	return &cli.Command{
		Name: "ns", Usage: "list namespaces, and show and change their settings",
		Action: needSubcommand("ns", "ls|tree|get|set|del"),
		Subcommands: []*cli.Command{
			{
				Name: "ls", ArgsUsage: "[PATTERN]", Usage: "list the namespaces that have configs or settings, or those that match a pattern",
				Flags: p.clientFlags(), Action: p.asking(0, 1, p.nsLs),
			},
			{
				Name: "tree", ArgsUsage: "[NAMESPACE]", Usage: "show the namespaces at and below one as a tree, with how many configs are directly in each",
				Flags: p.clientFlags(), Action: p.asking(0, 1, p.nsTree),
			},
			{
				Name: "get", ArgsUsage: "NAMESPACE", Usage: "show what holds in a namespace, and how much is in it",
				Flags: p.clientFlags(), Action: p.asking(1, 1, p.nsGet),
			},
			{
				Name: "set", ArgsUsage: "NAMESPACE", Usage: "change settings of a namespace; those that are not named stay as they are, and \"\" or 0 takes one off",
				Flags: p.clientFlags(append(nsFlags(), reasonFlag())...), Action: p.asking(1, 1, p.nsSet),
			},
			{
				Name: "del", ArgsUsage: "NAMESPACE", Usage: "have a namespace forget its settings",
				Flags: p.clientFlags(reasonFlag(), yesFlag(),
					&cli.BoolFlag{Name: "force", Usage: "delete all configs in it and below it too, protected or not", DisableDefaultText: true}),
				Action: p.asking(1, 1, p.nsDel),
			},
		},
	}
}

// needSubcommand is the action of a command that only groups others.
func needSubcommand(name, all string) cli.ActionFunc {
	return func(c *cli.Context) error {
		word := c.Args().First()
		if word == "" {
			return failure{exitUsage, fmt.Errorf("usage: confman %s %s", name, all)}
		}
		var names []string
		for sub := range strings.SplitSeq(all, "|") {
			names = append(names, name+" "+sub)
		}
		return failure{exitUsage, noSuch("command", name+" "+word, names)}
	}
}

// asking is the action of a command that takes so many arguments and asks a node.
func (p *program) asking(least, most int, do func(*cli.Context, *node) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := needArgs(c, least, most); err != nil {
			return err
		}
		return p.ask(c, func(n *node) error { return do(c, n) })
	}
}

func (p *program) nsLs(c *cli.Context, n *node) error {
	names := []string{}
	if err := n.fetch(&names, append([]string{"NS", "LIST"}, c.Args().Slice()...)...); err != nil {
		return err
	}
	return p.showLong(names, func(w io.Writer) error {
		for _, name := range names {
			fmt.Fprintln(w, name)
		}
		return nil
	})
}

// nsBranch is how ns tree shows a namespace.
type nsBranch struct {
	Namespace   string `json:"namespace" yaml:"namespace"`
	Keys        int64  `json:"keys" yaml:"keys"`
	Description string `json:"description" yaml:"description"`
	Owner       string `json:"owner" yaml:"owner"`
}

func (p *program) nsTree(c *cli.Context, n *node) error {
	top := namespaceWord(c.Args().First())
	all := []nsBranch{}
	if err := n.fetch(&all, "NS", "TREE", top); err != nil {
		return err
	}
	return p.showLong(all, func(w io.Writer) error {
		rows := [][]string{{"NAMESPACE", "KEYS", "OWNER", "DESCRIPTION"}}
		for _, b := range all {
			rows = append(rows, []string{indented(b.Namespace, top), strconv.FormatInt(b.Keys, 10), orDash(b.Owner), orDash(b.Description)})
		}
		return columns(w, rows)
	})
}

// indented is a namespace as it stands in a tree: its last part, under those that it is in.
func indented(ns, top string) string {
	rest := strings.Trim(strings.TrimPrefix(ns, top), "/")
	if rest == "" {
		return strings.TrimSuffix(ns, "/") + "/"
	}
	parts := strings.Split(rest, "/")
	return strings.Repeat("  ", len(parts)) + parts[len(parts)-1] + "/"
}

// nsSettings is how ns get shows what holds in a namespace. A quota of 0 is none.
type nsSettings struct {
	Description string   `json:"description" yaml:"description"`
	Owner       string   `json:"owner" yaml:"owner"`
	Keep        uint64   `json:"keep" yaml:"keep"`
	Age         uint64   `json:"age" yaml:"age"` // in milliseconds
	MaxKeys     uint64   `json:"max_keys" yaml:"max_keys"`
	MaxBytes    uint64   `json:"max_bytes" yaml:"max_bytes"`
	Protect     bool     `json:"protect" yaml:"protect"`
	Strict      bool     `json:"strict" yaml:"strict"`
	Keys        uint64   `json:"keys" yaml:"keys"`
	Bytes       uint64   `json:"bytes" yaml:"bytes"`
	Rules       []nsRule `json:"rules" yaml:"rules"`
	Own         []string `json:"own" yaml:"own"` // the settings that are the namespace's own
}

func (p *program) nsGet(c *cli.Context, n *node) error {
	var s nsSettings
	if err := n.fetch(&s, "NS", "GET", namespaceWord(c.Args().First())); err != nil {
		return err
	}
	return p.show(s, func(w io.Writer) error {
		rows := [][]string{
			{"description", s.Description},
			{"owner", s.Owner},
			{"keep", number(s.Keep)},
			{"age", orNone(s.Age, (time.Duration(s.Age) * time.Millisecond).String())},
			{"max_keys", orNone(s.MaxKeys, number(s.MaxKeys))},
			{"max_bytes", orNone(s.MaxBytes, number(s.MaxBytes))},
			{"protect", strconv.FormatBool(s.Protect)},
			{"strict", strconv.FormatBool(s.Strict)},
			{"keys", number(s.Keys)},
			{"bytes", number(s.Bytes)},
		}
		for _, r := range s.Rules {
			rows = append(rows, []string{"rule", r.Pattern + " " + r.Rule + " (of " + r.Namespace + ")"})
		}
		for _, row := range rows {
			row[1] = orDash(row[1])
		}
		return columns(w, rows)
	})
}

// orNone is a text for what is above zero.
func orNone(n uint64, text string) string {
	if n == 0 {
		return ""
	}
	return text
}

// nsFlags are the settings of a namespace.
func nsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "description", Usage: "what it is for"},
		&cli.StringFlag{Name: "owner", Usage: "whose it is"},
		&cli.Uint64Flag{Name: "keep", Usage: "how many versions are kept of each config", DefaultText: "as above it"},
		&cli.DurationFlag{Name: "age", Usage: "how old a version may be that can be read, such as 720h", DefaultText: "as above it"},
		&cli.Uint64Flag{Name: "max-keys", Usage: "how many configs may be in it and below it", DefaultText: "as above it"},
		&cli.Uint64Flag{Name: "max-bytes", Usage: "how many bytes they may take", DefaultText: "as above it"},
		&cli.BoolFlag{Name: "protect", Usage: "keep it from being emptied by mistake; --protect=false lets it", DisableDefaultText: true},
		&cli.BoolFlag{Name: "strict", Usage: "take only configs that a rule is for; --strict=false takes all", DisableDefaultText: true},
	}
}

func (p *program) nsSet(c *cli.Context, n *node) error {
	ns := namespaceWord(c.Args().First())
	words := []string{"NS", "SET", ns}
	for _, name := range []string{"description", "owner", "keep"} {
		if c.IsSet(name) {
			words = append(words, strings.ToUpper(name), fmt.Sprint(c.Value(name)))
		}
	}
	if c.IsSet("age") {
		words = append(words, "AGE", strconv.FormatInt(c.Duration("age").Milliseconds(), 10))
	}
	quota, err := n.quotaWords(c, ns)
	if err != nil {
		return err
	}
	words = append(words, quota...)
	for _, option := range []struct{ flag, on, off string }{{"protect", "PROTECT", "UNPROTECT"}, {"strict", "STRICT", "LOOSE"}} {
		switch {
		case c.IsSet(option.flag) && c.Bool(option.flag):
			words = append(words, option.on)
		case c.IsSet(option.flag):
			words = append(words, option.off)
		}
	}
	if len(words) == 3 {
		return failure{exitUsage, errors.New("nothing to set: name a setting, such as --owner ops; confman ns set --help lists them")}
	}
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	if _, err := n.do(words...); err != nil {
		return err
	}
	return p.show(map[string]any{"namespace": ns, "set": true}, func(io.Writer) error { return nil })
}

// quotaWords are the quota of a namespace. Its two numbers go together, so the one that is not named is
// looked up: as it is, if it is the namespace's own.
func (n *node) quotaWords(c *cli.Context, ns string) ([]string, error) {
	if !c.IsSet("max-keys") && !c.IsSet("max-bytes") {
		return nil, nil
	}
	var s nsSettings
	if err := n.fetch(&s, "NS", "GET", ns); err != nil {
		return nil, err
	}
	numbers := map[string]uint64{"max_keys": 0, "max_bytes": 0}
	for _, own := range s.Own {
		switch own {
		case "max_keys":
			numbers[own] = s.MaxKeys
		case "max_bytes":
			numbers[own] = s.MaxBytes
		}
	}
	for _, name := range []string{"max-keys", "max-bytes"} {
		if c.IsSet(name) {
			numbers[strings.ReplaceAll(name, "-", "_")] = c.Uint64(name)
		}
	}
	return []string{"QUOTA", number(numbers["max_keys"]), number(numbers["max_bytes"])}, nil
}

func (p *program) nsDel(c *cli.Context, n *node) error {
	ns := namespaceWord(c.Args().First())
	words := []string{"NS", "DEL", ns}
	if c.Bool("force") {
		words = append(words, "FORCE")
		if !c.Bool("yes") {
			if err := p.confirm(fmt.Sprintf("delete namespace %s, and all configs in it and below it?", ns)); err != nil {
				return err
			}
		}
	}
	if err := n.because(c.String("reason")); err != nil {
		return err
	}
	var deleted int64
	if err := n.fetch(&deleted, words...); err != nil {
		return err
	}
	if deleted == 0 {
		return failure{exitNotFound, fmt.Errorf("namespace %q has no settings of its own", ns)}
	}
	return p.show(map[string]any{"namespace": ns, "deleted": true}, func(io.Writer) error { return nil })
}
