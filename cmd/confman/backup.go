package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"time"

	"confman/resp"
	"confman/store"

	"github.com/urfave/cli/v2"
)

func (p *program) backupCommand() *cli.Command {
	return &cli.Command{
		Name: "backup", ArgsUsage: "FILE|-", Usage: "copy all that a node holds to a file, or to standard output",
		Flags: p.clientFlags(
			&cli.StringFlag{Name: "data-dir", Usage: "take it from the data directory of a node that does not run"},
			&cli.BoolFlag{Name: "force", Usage: "replace FILE; use what is whole of a damaged data directory", DisableDefaultText: true},
		),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			if c.IsSet("addr") && c.IsSet("data-dir") {
				return failure{exitUsage, errors.New("--addr is a node that runs and --data-dir one that does not: name one of them")}
			}
			return p.backup(c, c.Args().First())
		},
		Subcommands: []*cli.Command{p.verifyCommand()},
	}
}

// A filler writes a backup, and returns the revision that it is said to be of.
type filler func(io.Writer) (revision uint64, err error)

// backup writes a backup and says what is in it. Nothing stands where it was to go unless it
// is whole.
func (p *program) backup(c *cli.Context, path string) error {
	fill := p.fromNode(c)
	if c.IsSet("data-dir") {
		fill = p.fromDir(c.String("data-dir"), c.Bool("force"))
	}
	var sum summary
	var err error
	if path == "-" {
		sum, err = p.backupToOutput(fill)
		p.stdout = p.stderr // standard output is the backup's
	} else {
		sum, err = backupToFile(c.Context, path, c.Bool("force"), fill)
	}
	if err != nil {
		return err
	}
	return p.show(sum, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: revision %d, %d configs, %d bytes, cluster %s\n", sum.File, sum.Revision, sum.Configs, sum.Bytes, orDash(sum.Cluster))
		return err
	})
}

// backupToOutput holds the backup back until it has been checked.
func (p *program) backupToOutput(fill filler) (summary, error) {
	var b bytes.Buffer
	revision, err := fill(&b)
	if err != nil {
		return summary{}, err
	}
	sum, err := checkArrived("-", b.Bytes(), revision)
	if err != nil {
		return sum, err
	}
	_, err = p.stdout.Write(b.Bytes())
	return sum, err
}

// checkArrived checks that a backup is one, of the revision that was announced.
func checkArrived(path string, content []byte, revision uint64) (summary, error) {
	sum, err := checkBackup(path, content)
	if err == nil && sum.Revision != revision {
		err = fmt.Errorf("it is of revision %d, not %d", sum.Revision, revision)
	}
	if err != nil {
		return sum, fmt.Errorf("what arrived is not the backup that was announced: %w", err)
	}
	return sum, nil
}

// fromNode takes the backup from the node that the flags name.
func (p *program) fromNode(c *cli.Context) filler {
	return func(w io.Writer) (revision uint64, err error) {
		err = p.ask(c, func(n *node) error {
			revision, err = n.backup(w)
			return err
		})
		return revision, err
	}
}

// pieceTime is how long to wait for a piece of a backup: a node whose machine has lost its
// power says nothing.
const pieceTime = 2 * time.Minute

// backup copies a node's backup to w.
func (n *node) backup(w io.Writer) (revision uint64, err error) {
	reply, err := n.inTime("BACKUP", "START")
	if err != nil {
		return 0, err
	}
	if revision, err = announced(reply); err != nil {
		return 0, err
	}
	for {
		reply, err := n.inTime("BACKUP", "READ")
		if reply == nil || err != nil {
			return revision, err
		}
		piece, fine := reply.(string)
		if !fine {
			return 0, fmt.Errorf("BACKUP READ answers %s", resp.Format(reply))
		}
		if _, err := io.WriteString(w, piece); err != nil {
			return 0, err
		}
	}
}

// inTime sends a command that must be answered within the pieceTime.
func (n *node) inTime(words ...string) (resp.Reply, error) {
	ctx, cancel := context.WithTimeout(n.ctx, pieceTime)
	defer cancel()
	reply, err := (&node{Client: n.Client, ctx: ctx}).do(words...)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("the node sent nothing for %v", pieceTime)
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return nil, errors.New("the node hung up before the end of the backup")
		}
	}
	return reply, err
}

// announced reads the revision out of the answer of BACKUP START.
func announced(reply resp.Reply) (uint64, error) {
	fields, _ := reply.([]resp.Reply)
	for i := 0; i+1 < len(fields); i += 2 {
		if revision, fine := fields[i+1].(int64); fine && fields[i] == "revision" {
			return uint64(revision), nil
		}
	}
	return 0, fmt.Errorf("BACKUP START answers %s", resp.Format(reply))
}

// fromDir takes the backup from a data directory. Of a damaged store it takes what is whole,
// if it must.
func (p *program) fromDir(dir string, force bool) filler {
	return func(w io.Writer) (revision uint64, err error) {
		f, err := openStore(filepath.Join(dir, store.FileName))
		if err != nil {
			return 0, err
		}
		defer f.Close()
		switch lost := f.Bytes - f.Whole; {
		case f.Frames == 0:
			return 0, f.nothing()
		case f.Damaged && !force:
			return 0, fmt.Errorf("%s is damaged from byte %d on: --force backs up what is before, without the last %d of its %d bytes", f.File, f.Whole, lost, f.Bytes)
		case f.Damaged:
			fmt.Fprintf(p.stderr, "confman: warning: the last %d of the %d bytes of %s are damaged, and not in the backup\n", lost, f.Bytes, f.File)
		}
		snapshot := f.Snapshot()
		defer snapshot.Close()
		_, err = io.Copy(w, snapshot)
		return snapshot.Revision(), err
	}
}
