package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"
)

// nodeUsage is how usage shows what one node knows.
type nodeUsage struct {
	Node           uint64  `json:"node" yaml:"node"`
	Host           string  `json:"host" yaml:"host"`
	Since          instant `json:"since" yaml:"since"`
	Last           instant `json:"last" yaml:"last"`
	Reads          int64   `json:"reads" yaml:"reads"`
	NamespaceLast  instant `json:"namespace_last" yaml:"namespace_last"`
	NamespaceReads int64   `json:"namespace_reads" yaml:"namespace_reads"`
	Error          string  `json:"error,omitempty" yaml:"error,omitempty"`
}

func (p *program) usageCommand() *cli.Command {
	return &cli.Command{
		Name: "usage", ArgsUsage: "NAME", Usage: "show for each node when a client read a config there last, by itself or with its whole namespace",
		Flags: p.clientFlags(p.colourFlag()),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.usage(n, namespaceWord(c.Args().First())) })
		},
	}
}

func (p *program) usage(n *node, name string) error {
	var all []nodeUsage
	if err := n.fetch(&all, "CONF", "USAGE", name); err != nil {
		return err
	}
	return p.show(all, func(w io.Writer) error {
		rows := [][]string{{"NODE", "RESP", "LAST_READ", "READS", "NAMESPACE_READ", "NAMESPACE_READS", "KNOWN_SINCE"}}
		for _, u := range all {
			row := []string{number(u.Node), u.Host, never(u.Last), strconv.FormatInt(u.Reads, 10), never(u.NamespaceLast), strconv.FormatInt(u.NamespaceReads, 10), u.Since.String()}
			if u.Error != "" {
				row = []string{number(u.Node), u.Host, "", "", "", "", ""}
			}
			rows = append(rows, row)
		}
		err := p.paintColumns(w, rows, func(row int) string {
			switch u := all[row]; {
			case u.Error != "":
				return red
			case u.Last+u.NamespaceLast > 0:
				return green
			}
			return ""
		})
		for _, u := range all {
			if u.Error != "" && err == nil {
				_, err = fmt.Fprintf(w, "node %d could not be asked: %s\n", u.Node, u.Error)
			}
		}
		return err
	})
}

// never is a time, or that there was none.
func never(m instant) string {
	if m == 0 {
		return "never"
	}
	return m.String()
}
