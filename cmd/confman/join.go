package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"confman/replication"

	"github.com/urfave/cli/v2"
)

func (p *program) joinCommand() *cli.Command {
	return &cli.Command{
		Name: "join", ArgsUsage: "TOKEN",
		Usage: "have the node of this machine join a cluster: write TOKEN, and the settings given as flags, into the settings file, restart the service, and wait until the node has caught up",
		Flags: append(settingFlags(), p.outputFlag(),
			&cli.BoolFlag{Name: "discard-data", Usage: "join even if the node has configs, or other nodes: its data is kept in a folder beside, and is not in the cluster", DisableDefaultText: true},
			&cli.DurationFlag{Name: "timeout", Usage: "how long to wait for the node", Value: 10 * time.Minute}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			j, err := p.joining(c)
			if err != nil {
				return err
			}
			return j.run(c.Context, c.Duration("timeout"))
		},
	}
}

// A joiner makes the node of this machine a member of another cluster.
type joiner struct {
	*program
	running *running // the settings as they will be
	path    string   // of their file
	cluster string   // that it is to join
	discard bool
	service service
	aside   string // where what the node had is now
	goal    string // the revision that it has to reach
}

// joined is what came of it.
type joined struct {
	Node    string `json:"node" yaml:"node"` // "" if it has yet to be started
	Cluster string `json:"cluster" yaml:"cluster"`
	Role    string `json:"role" yaml:"role"`
	Aside   string `json:"aside,omitempty" yaml:"aside,omitempty"`
}

// joining gathers what is to be done, and refuses what could not go well. Nothing is changed yet.
func (p *program) joining(c *cli.Context) (*joiner, error) {
	from := p.sources(c)
	if c.IsSet("join") {
		return nil, failure{exitUsage, errors.New("the token is given without --join: confman join TOKEN")}
	}
	j := &joiner{program: p, path: from.file, discard: c.Bool("discard-data")}
	if j.path == "" {
		j.path = defaultFile
	}
	from.file = j.path
	if _, err := os.Stat(j.path); errors.Is(err, fs.ErrNotExist) {
		return nil, failure{exitNotFound, fmt.Errorf("there is no settings file %s: make an empty one, or name another with --config", j.path)}
	}
	s, where, err := from.load()
	if err != nil {
		return nil, failure{exitConfig, err}
	}
	if by := where["join"]; strings.HasPrefix(by, "environment ") {
		return nil, failure{exitConfig, fmt.Errorf("%s overrules what would be written into %s: unset it, and take it out of what the service gets (EnvironmentFile)", by, j.path)}
	}
	s.Join = strings.TrimSpace(c.Args().First())
	if j.cluster, err = replication.CheckToken(s.Join, s.RaftAddr); err != nil {
		return nil, failure{exitUsage, err}
	}
	j.running = newRunning(from, s, where)
	j.running.changed["join"] = true
	for _, d := range settings() {
		if _, set := from.flags[d.flag]; set && d.flag != "" {
			j.running.changed[d.name] = true
		}
	}
	if p.env("CONFMAN_PASSWORD", "") == "" && s.Password != "" {
		p.environ = append(p.environ, "CONFMAN_PASSWORD="+s.Password)
	}
	j.service = findService(c.Context)
	return j, j.mayGo(s.DataDir)
}

// mayGo refuses data that nobody has said may go.
func (j *joiner) mayGo(dir string) error {
	h, found, err := replication.LookInto(dir)
	if err != nil || !found {
		return err
	}
	return j.judge(dir, h)
}

func (j *joiner) judge(dir string, h replication.Held) error {
	const otherwise = "; confman join --discard-data TOKEN keeps it in a folder beside and joins without it"
	switch {
	case h.Cluster == j.cluster:
		return failure{exitConflict, fmt.Errorf("this machine is node %d of that cluster already, by its data in %s: start it, or take its place with confman node replace", h.Node, dir)}
	case j.discard || h.Empty():
		return nil
	case h.Unknown:
		return failure{exitConflict, fmt.Errorf("nothing was changed: what %s has cannot be read, and may be needed%s", dir, otherwise)}
	case h.Others > 0:
		return failure{exitConflict, fmt.Errorf("nothing was changed: this machine is node %d of a cluster with %d other nodes, by its data in %s: remove it there first (confman member remove %d)%s",
			h.Node, h.Others, dir, h.Node, otherwise)}
	case h.Configs > 0:
		return failure{exitConflict, fmt.Errorf("nothing was changed: the node has %d configs of its own in %s, which would not be in the cluster: save them (confman backup FILE)%s", h.Configs, dir, otherwise)}
	}
	return failure{exitConflict, fmt.Errorf("nothing was changed: in %s are settings of namespaces, or the history of configs%s", dir, otherwise)}
}

// run does it.
func (j *joiner) run(ctx context.Context, patience time.Duration) error {
	s := j.running.settings()
	if err := j.makeRoom(ctx, s.DataDir); err != nil {
		return err
	}
	if err := j.write(); err != nil {
		return err
	}
	fmt.Fprintf(j.stderr, "the token is in %s\n", j.path)
	if !j.service.found {
		return j.finish(joined{Cluster: j.cluster, Aside: j.aside},
			fmt.Sprintf("systemd does not run here, or has no %s: start the node, and it joins: confman serve --config %s", serviceName, j.path))
	}
	if err := j.service.do(ctx, "restart"); err != nil {
		return err
	}
	fmt.Fprintf(j.stderr, "%s was restarted\n", serviceName)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done, err := j.await(ctx, s)
	if err != nil {
		return err
	}
	return j.finish(done, fmt.Sprintf("node %s of cluster %s has everything, as a %s", done.Node, done.Cluster, done.Role))
}

// makeRoom sets aside what the data directory has, for which the node must not run.
func (j *joiner) makeRoom(ctx context.Context, dir string) (err error) {
	if _, found, err := replication.LookInto(dir); err != nil || !found {
		return err
	}
	if j.service.found {
		if err := j.service.do(ctx, "stop"); err != nil {
			return err
		}
	}
	owner, err := os.Stat(dir)
	if err != nil {
		return err
	}
	j.aside, err = replication.Abandon(dir, func(h replication.Held) error { return j.judge(dir, h) })
	if err != nil && j.service.found { // it goes on as it was
		return errors.Join(err, j.service.do(context.WithoutCancel(ctx), "start"))
	}
	if err == nil && j.aside != "" {
		var f *os.File
		if f, err = os.Open(j.aside); err == nil {
			err = errors.Join(keepOwner(f, owner), f.Close())
		}
	}
	return err
}

// write puts the token, and what else was given, into the settings file.
func (j *joiner) write() error {
	content, err := os.ReadFile(j.path)
	if err != nil {
		return err
	}
	if content, err = j.running.rewritten(j.path, content); err != nil {
		return failure{exitConfig, fmt.Errorf("%s: %w", j.path, err)}
	}
	return replaceSettings(j.path, content)
}

func (j *joiner) finish(done joined, text string) error {
	done.Aside = j.aside
	return j.show(done, func(w io.Writer) error {
		printAside(w, j.aside)
		_, err := fmt.Fprintln(w, text)
		return err
	})
}
