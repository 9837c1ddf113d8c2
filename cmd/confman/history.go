package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"
)

// pastVersion is how history shows a version of a config.
type pastVersion struct {
	Version       uint64  `json:"version" yaml:"version"`
	Revision      uint64  `json:"revision" yaml:"revision"`
	Time          instant `json:"time" yaml:"time"`
	By            string  `json:"by" yaml:"by"`
	Reason        string  `json:"reason,omitempty" yaml:"reason,omitempty"`
	Size          int64   `json:"size" yaml:"size"`
	Digest        string  `json:"digest" yaml:"digest"`
	State         string  `json:"state" yaml:"state"`
	UntilRevision uint64  `json:"until_revision,omitempty" yaml:"until_revision,omitempty"`
	Until         instant `json:"until" yaml:"until"`
	UntilBy       string  `json:"until_by,omitempty" yaml:"until_by,omitempty"`
}

func (p *program) historyCommand() *cli.Command {
	return &cli.Command{
		Name: "history", ArgsUsage: "NAME", Usage: "list the versions of a config that are kept, the newest first",
		Flags: p.clientFlags(p.colourFlag(), &cli.Uint64Flag{Name: "count", Usage: "list at most so many", DefaultText: "all"}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.history(n, c.Args().First(), c.Uint64("count")) })
		},
	}
}

func (p *program) history(n *node, name string, count uint64) error {
	words := []string{"CONF", "HISTORY", name}
	if count > 0 {
		words = append(words, "COUNT", number(count))
	}
	var all []pastVersion
	if err := n.fetch(&all, words...); err != nil {
		return err
	}
	if len(all) == 0 {
		return failure{exitNotFound, fmt.Errorf("there is no history of %q", name)}
	}
	return p.showLong(all, func(w io.Writer) error { return p.historyTable(w, all) })
}

func (p *program) historyTable(w io.Writer, all []pastVersion) error {
	rows := [][]string{{"VERSION", "REVISION", "TIME", "BY", "SIZE", "DIGEST", "STATE", "UNTIL"}}
	reasons := slices.ContainsFunc(all, func(v pastVersion) bool { return v.Reason != "" })
	if reasons {
		rows[0] = append(rows[0], "REASON")
	}
	for _, v := range all {
		row := []string{number(v.Version), number(v.Revision), v.Time.String(), v.By, strconv.FormatInt(v.Size, 10), v.Digest, v.State, v.Until.String()}
		if reasons {
			row = append(row, v.Reason)
		}
		rows = append(rows, row)
	}
	return p.paintColumns(w, rows, func(row int) string {
		switch all[row].State {
		case "current":
			return green
		case "replaced":
			return ""
		}
		return red
	})
}

// fetch asks a node and unpacks what it answers.
func (n *node) fetch(into any, words ...string) error {
	reply, err := n.do(words...)
	if err != nil {
		return err
	}
	return unpack(reply, into)
}
