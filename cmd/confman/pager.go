package main

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// showLong shows a value as show does, but on a terminal page by page.
func (p *program) showLong(v any, table func(io.Writer) error) error {
	pager := p.pager()
	if pager == "" || p.output == "json" || p.output == "yaml" || !onTerminal(p.stdout) {
		return p.show(v, table)
	}
	var b bytes.Buffer
	if err := table(&b); err != nil {
		return err
	}
	return p.page(pager, b.Bytes())
}

// pager is what shows long texts: $PAGER, or less if it is installed. It is "" if nothing does.
func (p *program) pager() string {
	pager := p.env("PAGER", "less")
	if pager == "less" {
		if _, err := exec.LookPath(pager); err != nil {
			return ""
		}
	}
	return strings.TrimSpace(pager)
}

// page has a pager show a text. Unless people have told less how they want it, it shows colours, ends by
// itself when all fits on the screen, and leaves it there.
func (p *program) page(pager string, text []byte) error {
	cmd := exec.Command("sh", "-c", pager)
	cmd.Env = append(slices.Clone(p.environ), "LESS="+p.env("LESS", "FRX"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), p.stdout, p.stderr
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() != noSuchCommand:
		return nil // people end it as they like
	case err != nil:
		_, err = p.stdout.Write(text)
	}
	return err
}

// noSuchCommand is how a shell ends that finds no command.
const noSuchCommand = 127
