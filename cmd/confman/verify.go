package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"
)

func (p *program) verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", ArgsUsage: "FILE", Usage: "check that a backup is whole, and tell what is in it",
		Flags: []cli.Flag{p.outputFlag()},
		Action: func(c *cli.Context) error {
			if c.Lineage()[1].NumFlags() > 0 { // verify has flags of its own, and would not see them
				return failure{exitUsage, errors.New("flags stand behind verify: confman backup verify FILE --output json")}
			}
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			return p.verify(c.Args().First())
		},
	}
}

func (p *program) verify(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory, not a backup: confman inspect looks into a node's data directory", path)
	}
	f, err := openStore(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.show(f.summary, f.table); err != nil {
		return err
	}
	return f.isBackup()
}

// checkBackup checks that a file's content is a backup, and tells what is in it.
func checkBackup(path string, content []byte) (summary, error) {
	f, err := loadStore(path, bytes.NewReader(content))
	if err != nil {
		return summary{}, err
	}
	defer f.Close()
	return f.summary, f.isBackup()
}

// isBackup tells why a file is no backup: it must be one frame, and that one whole.
func (s summary) isBackup() error {
	switch {
	case s.Frames == 0:
		return s.nothing()
	case s.Damaged:
		return fmt.Errorf("%s is damaged from byte %d of %d on", s.File, s.Whole, s.Bytes)
	case s.Frames > 1:
		return fmt.Errorf("%s is a node's file, not a backup: make one with confman backup FILE --data-dir DIR", s.File)
	}
	return nil
}
