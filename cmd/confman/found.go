package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"

	"confman/replication"

	"github.com/urfave/cli/v2"
)

func (p *program) restoreCommand() *cli.Command {
	return &cli.Command{
		Name: "restore", ArgsUsage: "FILE", Usage: "found a new cluster from a backup, in an empty data directory",
		Flags: append(settingFlags(), p.outputFlag()),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			return p.onDir(c, 1, func(s Settings) error { return p.restore(c.Args().First(), s.DataDir) })
		},
	}
}

func (p *program) restore(path, dir string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return failure{exitNotFound, fmt.Errorf("there is no file %s", path)}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	done, err := replication.Restore(dir, f)
	if err != nil {
		return spaceError(err)
	}
	return p.showFounding(done, dir)
}

// showFounding says what was founded, and what to type next.
func (p *program) showFounding(f replication.Founding, dir string) error {
	return p.show(f, func(w io.Writer) error {
		fmt.Fprintf(w, "cluster %s, generation %d: %d configs at revision %d, and node %d\n", f.Cluster, f.Generation, f.Configs, f.Revision, f.Node)
		printAside(w, f.Aside)
		_, err := fmt.Fprintf(w, "start it: confman serve --data-dir %s\n", dir)
		return err
	})
}

func (p *program) recoverCommand() *cli.Command {
	return &cli.Command{
		Name: "recover", Usage: "found a new cluster from this node, which does not run, when a majority of its cluster is lost for good",
		Flags: append(settingFlags(), p.outputFlag(),
			&cli.BoolFlag{Name: "yes", Usage: "do it; without this, say what would be done", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			return p.onDir(c, 0, func(s Settings) error { return p.recover(c.Context, s, c.Bool("yes")) })
		},
	}
}

func (p *program) recover(ctx context.Context, s Settings, yes bool) (err error) {
	profile, err := profileNamed(s.Profile)
	if err != nil {
		return err
	}
	survivor, err := replication.OpenSurvivor(ctx, s.DataDir, profile, p.logger(slog.LevelError, s.LogFormat))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, survivor.Close()) }()
	others := p.askOthers(ctx, survivor)
	for _, o := range others {
		if o.Refusal != "" {
			return failure{exitConflict, fmt.Errorf("node %d at %s %s; nothing was changed", o.Node, o.RESP, o.Refusal)}
		}
	}
	if !yes {
		return p.showPlan(survivor, others)
	}
	done, err := survivor.Found()
	if err != nil {
		return spaceError(err)
	}
	return p.showFounding(done, s.DataDir)
}

// other is what can be found out about another node of the lost cluster.
type other struct {
	Node     uint64 `json:"node" yaml:"node"`
	RESP     string `json:"resp" yaml:"resp"`
	Revision string `json:"revision" yaml:"revision"` // of the end of its log; "" if it does not answer
	Refusal  string `json:"-" yaml:"-"`               // why it speaks against the recovery
}

// askOthers asks all other nodes what they have. One that has a leader, or more than the
// survivor, speaks against recovering from the survivor.
func (p *program) askOthers(ctx context.Context, s *replication.Survivor) (all []other) {
	for _, m := range s.Members {
		if m.ID == s.Node {
			continue
		}
		o := other{Node: m.ID, RESP: m.RESP}
		if fields, err := p.infoOf(ctx, m.RESP); err == nil && fields["node_id"] == number(m.ID) {
			o.Revision = fields["log_revision"]
			term, _ := strconv.ParseUint(fields["log_term"], 10, 64)
			end, _ := strconv.ParseUint(fields["log_revision"], 10, 64)
			switch {
			case fields["raft_leader"] != "0":
				o.Refusal = "has a leader: the cluster is not lost, and what is wrong with this node confman serve says"
			case term > s.Term || term == s.Term && end > s.Revision:
				o.Refusal = fmt.Sprintf("has more, up to revision %d of term %d, than this one, up to %d of term %d: recover from that one", end, term, s.Revision, s.Term)
			}
		}
		all = append(all, o)
	}
	return all
}

// plan is what recover would do.
type plan struct {
	Node     uint64  `json:"node" yaml:"node"`
	Revision uint64  `json:"revision" yaml:"revision"`
	Others   []other `json:"others" yaml:"others"`
}

func (p *program) showPlan(s *replication.Survivor, others []other) error {
	return p.show(plan{s.Node, s.Revision, others}, func(w io.Writer) error {
		fmt.Fprintf(w, "this was node %d, and has everything up to revision %d\n", s.Node, s.Revision)
		for _, o := range others {
			if o.Revision == "" {
				fmt.Fprintf(w, "node %d at %s does not answer: what only it has is lost\n", o.Node, o.RESP)
			} else {
				fmt.Fprintf(w, "node %d at %s has everything up to revision %s\n", o.Node, o.RESP, o.Revision)
			}
		}
		_, err := fmt.Fprintln(w, "Nothing was changed. To found a new cluster from this node, give --yes; the others then join it with confman node replace, and must not start as they are.")
		return err
	})
}
