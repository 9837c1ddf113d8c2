package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"confman/replication"
	"confman/validate"

	"github.com/urfave/cli/v2"
)

// nodeCommand groups what mends the data directory of a node that does not run.
func (p *program) nodeCommand() *cli.Command {
	return &cli.Command{
		Name: "node", Usage: "mend a node whose data is lost, damaged or not its own",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return failure{exitUsage, noSuch("command", "node "+word, []string{"node replace", "node repair", "node resume"})}
			}
			return failure{exitUsage, errors.New("usage: confman node replace|repair|resume")}
		},
		Subcommands: []*cli.Command{
			{
				Name: "replace", ArgsUsage: "[NUMBER] --join TOKEN", Flags: append(settingFlags(), p.outputFlag()),
				Usage: "take a node's place as a new one, which copies everything from the others; the node is the one that the data directory was, or NUMBER, or the one with this raft address",
				Action: func(c *cli.Context) error {
					return p.onDir(c, 1, func(s Settings) error { return p.replace(c, s) })
				},
			},
			{
				Name: "repair", ArgsUsage: "--from ADDRESS", Usage: "copy another node's state in place of a store's file that is lost, damaged or too old",
				Flags: append(settingFlags(), p.outputFlag(), &cli.StringFlag{Name: "from", Usage: "where clients reach the node to copy from"}),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.repair(c.Context, s.DataDir, c.String("from")) })
				},
			},
			{
				Name: "resume", Usage: "have a node that only reads, because it crashed over and over, take part in its cluster again",
				Flags: append(settingFlags(), p.outputFlag()),
				Action: func(c *cli.Context) error {
					return p.onDir(c, 0, func(s Settings) error { return p.resume(s.DataDir) })
				},
			},
		},
	}
}

// onDir runs do with the settings, for commands that work on a data directory themselves.
func (p *program) onDir(c *cli.Context, most int, do func(Settings) error) error {
	if err := needArgs(c, 0, most); err != nil {
		return err
	}
	s, _, err := p.settings(c)
	if err != nil {
		return err
	}
	return do(s)
}

func (p *program) replace(c *cli.Context, s Settings) error {
	var number uint64
	if word := c.Args().First(); word != "" {
		var err error
		if number, err = strconv.ParseUint(word, 10, 64); err != nil || number == 0 {
			return failure{exitUsage, fmt.Errorf("%q is no node's number: confman status lists them", word)}
		}
	}
	if s.Join == "" {
		return failure{exitUsage, errors.New("--join is missing: confman token, on a member, prints what to give it")}
	}
	profile, err := profileNamed(s.Profile)
	if err != nil {
		return err
	}
	raftAddr, respAddr, err := advertised(s, named(s.RaftAddr), named(s.RESPAddr))
	if err != nil {
		return err
	}
	r := replication.Replacement{Dir: s.DataDir, Node: number, Join: s.Join, RaftAddr: raftAddr, RESPAddr: respAddr, Profile: profile}
	done, err := r.Replace(c.Context)
	if err != nil {
		return err
	}
	return p.show(done, func(w io.Writer) error {
		fmt.Fprintf(w, "this is node %d now", done.Node)
		if done.Replaces != 0 {
			fmt.Fprintf(w, ", in place of node %d", done.Replaces)
		}
		fmt.Fprintln(w)
		printAside(w, done.Aside)
		_, err := fmt.Fprintf(w, "start it: confman serve --data-dir %s\n", s.DataDir)
		return err
	})
}

// printAside says where the former content of a data directory is.
func printAside(w io.Writer, aside string) {
	if aside != "" {
		fmt.Fprintf(w, "what was there is in %s: delete it when you need it no more\n", aside)
	}
}

func (p *program) repair(ctx context.Context, dir, from string) error {
	if from == "" {
		return failure{exitUsage, errors.New("--from is missing: name the address at which clients reach another node")}
	}
	n, err := p.dial(ctx, validate.Addr(from))
	if err != nil {
		return err
	}
	defer n.Close()
	var state bytes.Buffer
	if _, err := n.backup(&state); err != nil {
		return err
	}
	revision, err := replication.Repair(dir, &state)
	if err != nil {
		return spaceError(err)
	}
	return p.show(map[string]any{"revision": revision}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "the store stands at revision %d; start the node: confman serve --data-dir %s\n", revision, dir)
		return err
	})
}

func (p *program) resume(dir string) error {
	resumed, err := replication.Resume(dir)
	if err != nil {
		return err
	}
	return p.show(map[string]any{"resumed": resumed}, func(w io.Writer) error {
		text := "no crash is noted in " + dir
		if resumed {
			text = "the crashes are forgotten: the node takes part again, within a second if it runs, or when it is started"
		}
		_, err := fmt.Fprintln(w, text)
		return err
	})
}
