package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"confman/store"

	"github.com/urfave/cli/v2"
)

func (p *program) inspectCommand() *cli.Command {
	return &cli.Command{
		Name: "inspect", ArgsUsage: "FILE|DIR [NAME]", Flags: []cli.Flag{p.outputFlag()},
		Usage: "look into a backup or a node's data directory, whether the node runs or not; / is the root namespace",
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 2); err != nil {
				return err
			}
			f, err := openStore(c.Args().First())
			if err != nil {
				return err
			}
			defer f.Close()
			switch {
			case f.Frames == 0:
				return f.nothing()
			case c.Args().Len() == 1:
				return p.show(f.summary, f.table)
			}
			return p.inspectName(f, c.Args().Get(1))
		},
	}
}

// inspectName shows a config with its value, or what is directly in a namespace.
func (p *program) inspectName(f *storeFile, name string) error {
	if f.Damaged {
		fmt.Fprintf(p.stderr, "confman: warning: %s is %s of %d: this is the state before\n", f.File, f.condition(), f.Bytes)
	}
	ns := trimSlashes(name)
	return f.View(0, func(tx *store.Tx) error {
		if rec, found := tx.Get(ns); found && ns != "" {
			stored := newStoredConfig(ns, rec)
			return p.show(stored, stored.table)
		}
		l := listingOf(tx, ns)
		if l.empty() && ns != "" {
			return failure{exitNotFound, fmt.Errorf("there is no config and no namespace %q in %s", name, f.File)}
		}
		return p.show(l, l.table)
	})
}

// listingOf lists what is directly in a namespace, which is "" for the root.
func listingOf(tx *store.Tx, ns string) listing {
	l := listing{Namespaces: []string{}, Configs: []string{}}
	for _, item := range tx.List(ns) {
		l.Configs = append(l.Configs, item.Key)
	}
	tx.Namespaces("", -1, func(below string) { l.addBelow(ns, below) })
	return l
}

// A storedConfig is a config and all that the store knows of it.
type storedConfig struct {
	config   `yaml:",inline"`
	Version  uint64 `json:"version" yaml:"version"`
	Revision uint64 `json:"revision" yaml:"revision"`
	Created  string `json:"created" yaml:"created"`
	Updated  string `json:"updated" yaml:"updated"`
	By       string `json:"by" yaml:"by"`
	Expires  string `json:"expires,omitempty" yaml:"expires,omitempty"`
}

func newStoredConfig(name string, rec store.Record) storedConfig {
	return storedConfig{
		config: newConfig(name, rec.Value), Version: rec.Version, Revision: rec.Revision,
		Created: moment(rec.Created), Updated: moment(rec.Updated), By: rec.By, Expires: moment(rec.Expires),
	}
}

// moment is a time as people write it; none is "".
func moment(at store.Millis) string {
	if at == 0 {
		return ""
	}
	return time.UnixMilli(int64(at)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// table prints the config for people. A value that would not stay on its line is quoted.
func (c storedConfig) table(w io.Writer) error {
	value := c.Value
	if strings.ContainsFunc(value, unicode.IsControl) {
		value = strconv.Quote(value)
	}
	if c.Encoding != "" {
		value += " (" + c.Encoding + ")"
	}
	return columns(w, [][]string{
		{"name", c.Name},
		{"value", value},
		{"version", number(c.Version)},
		{"revision", number(c.Revision)},
		{"created", c.Created},
		{"updated", c.Updated},
		{"by", c.By},
		{"expires", orDash(c.Expires)},
	})
}
