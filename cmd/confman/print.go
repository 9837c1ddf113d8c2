package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"
)

// outputFlag lets people choose how to see things.
func (p *program) outputFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "output", Aliases: []string{"o"}, Value: "table", Usage: "how to print: table, json or yaml",
		Destination: &p.output,
		Action: func(_ *cli.Context, v string) error {
			if !slices.Contains(outputs, v) {
				p.output = "table"
				return failure{exitUsage, fmt.Errorf("--output %q: there are table, json and yaml", v)}
			}
			return nil
		},
	}
}

// show prints a value as JSON or YAML, or what table writes.
func (p *program) show(v any, table func(io.Writer) error) error {
	if p.output == "json" || p.output == "yaml" {
		return p.print(p.stdout, v)
	}
	return table(p.stdout)
}

func (p *program) print(w io.Writer, v any) error {
	if p.output == "yaml" {
		return yaml.NewEncoder(w).Encode(v)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// columns prints rows in columns, without borders, so that awk can read them.
func columns(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// orDash is a text for a table, where nothing is a dash: awk counts columns.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// A config is how get and ls show one. A value that is not text is in base64, and then
// encoding says so.
type config struct {
	Name     string `json:"name" yaml:"name"`
	Value    string `json:"value" yaml:"value"`
	Encoding string `json:"encoding,omitempty" yaml:"encoding,omitempty"`
}

func newConfig(name, value string) config {
	if utf8.ValidString(value) {
		return config{Name: name, Value: value}
	}
	return config{Name: name, Value: base64.StdEncoding.EncodeToString([]byte(value)), Encoding: "base64"}
}
