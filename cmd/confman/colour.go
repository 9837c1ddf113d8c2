package main

import (
	"bytes"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// The colours that say something: what is new, what is gone, where a part begins, and what stands above.
const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	cyan  = "\x1b[36m"
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

// colourFlag turns colours off; so does NO_COLOR (no-color.org).
func (p *program) colourFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-color", Usage: "print without colours, as with $NO_COLOR", Destination: &p.plain, DisableDefaultText: true}
}

// coloured reports whether what is printed may have colours: people see it, and want them.
func (p *program) coloured() bool {
	return !p.plain && p.env("NO_COLOR", "") == "" && p.env("TERM", "") != "dumb" && onTerminal(p.stdout)
}

// painted returns a text in a colour, "" being none.
func painted(text, colour string) string {
	if colour == "" {
		return text
	}
	return colour + text + plain
}

// paint writes the lines of a text, each in the colour that it has; without colours if there are to be none.
func (p *program) paint(w io.Writer, text string, colourOf func(line int, text string) string) error {
	var b bytes.Buffer
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if p.coloured() {
			line = painted(line, colourOf(i, line))
		}
		b.WriteString(line + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// paintColumns writes rows in columns, of which the first is the head.
func (p *program) paintColumns(w io.Writer, rows [][]string, colourOf func(row int) string) error {
	var b strings.Builder
	for _, row := range rows {
		for i := range row {
			row[i] = orDash(row[i])
		}
	}
	if err := columns(&b, rows); err != nil {
		return err
	}
	return p.paint(w, b.String(), func(line int, _ string) string {
		if line == 0 {
			return bold
		}
		return colourOf(line - 1)
	})
}

// diffColour is the colour of a line of a unified diff.
func diffColour(_ int, line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		return bold
	case strings.HasPrefix(line, "@@"):
		return cyan
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	}
	return ""
}
