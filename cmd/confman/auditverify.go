package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"confman/store"

	"github.com/urfave/cli/v2"
)

func (p *program) auditVerifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "prove that no record of the audit is missing or altered: of a node, or of an export",
		Flags: p.clientFlags(&cli.StringFlag{Name: "export", Usage: "a file that audit_export or confman audit export has written, instead of a node"}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			if path := c.String("export"); path != "" {
				return p.verifyExport(path)
			}
			return p.ask(c, p.verifyAudit)
		},
	}
}

// proven is what was verified.
type proven struct {
	From    uint64 `json:"from" yaml:"from"`
	To      uint64 `json:"to" yaml:"to"`
	Records int    `json:"records" yaml:"records"`
	Hash    string `json:"hash" yaml:"hash"`
}

// showProven says what was verified. Who keeps the hash elsewhere can tell later whether all of the audit was replaced.
func (p *program) showProven(c chained) error {
	sum := proven{c.from, c.last, c.records, hex.EncodeToString(c.hash[:])}
	return p.show(sum, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "revisions %d to %d: %d records, none missing or altered\nhash %s\n", sum.From, sum.To, sum.Records, sum.Hash)
		return err
	})
}

func (p *program) verifyAudit(n *node) error {
	var c chained
	begin := func(page chainPage) error {
		if c.records == 0 {
			c.hash = page.before
		}
		if page.before != c.hash {
			return fmt.Errorf("revision %d %w", page.first(), errAltered)
		}
		return nil
	}
	end := func(page chainPage) error {
		if c.hash != page.head {
			return fmt.Errorf("what follows on revision %d is missing", c.last)
		}
		return nil
	}
	err := n.eachRecord(0, begin, func(r store.RawPast) error { return c.follow(r.Revision, r.Record) }, end)
	if err != nil {
		return err
	}
	return p.showProven(c)
}

// first is the revision of the page's first record, or where one would be.
func (page chainPage) first() uint64 {
	if len(page.records) > 0 {
		return page.records[0].Revision
	}
	return page.last + 1
}

func (p *program) verifyExport(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return failure{exitNotFound, fmt.Errorf("there is no file %s", path)}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var c chained
	if _, err := eachLine(f, c.followLine); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := p.showProven(c); err != nil {
		return err
	}
	if len(c.gaps) > 0 {
		return fmt.Errorf("%s says itself that there is missing: %s", path, strings.Join(c.gaps, "; "))
	}
	return nil
}

func (p *program) auditExportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "print the audit as lines of JSON that confman audit verify --export proves",
		Flags: p.clientFlags(&cli.Uint64Flag{Name: "since", Usage: "from this revision on, instead of all"}),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.exportAudit(n, c.Uint64("since")) })
		},
	}
}

func (p *program) exportAudit(n *node, since uint64) error {
	var hash store.Chain
	begin := func(page chainPage) error {
		hash = page.before
		return nil
	}
	visit := func(r store.RawPast) error {
		line, next, fits, err := newExported(hash, r.Revision, r.Record)
		if err == nil && !fits {
			err = fmt.Errorf("revision %d %w", r.Revision, errAltered)
		}
		if err != nil {
			return err
		}
		hash = next
		_, err = p.stdout.Write(jsonLine(line))
		return err
	}
	return n.eachRecord(since, begin, visit, func(chainPage) error { return nil })
}
