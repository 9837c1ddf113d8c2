package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// settingFlags are the flags that settings have.
func settingFlags() []cli.Flag {
	flags := []cli.Flag{&cli.StringFlag{Name: "config", Usage: "settings file; " + defaultFile + " if it is there ($CONFMAN_CONFIG)"}}
	for _, d := range settings() {
		if d.flag != "" {
			text := fmt.Sprintf("%s ($%s)", d.usage, d.env)
			flags = append(flags, &cli.StringFlag{Name: d.flag, Usage: text, DefaultText: d.text(defaults())})
		}
	}
	return flags
}

// sources gathers where settings come from for a command line.
func (p *program) sources(c *cli.Context) sources {
	from := sources{file: p.env("CONFMAN_CONFIG", ""), environ: p.environ, flags: map[string]string{}}
	if c.IsSet("config") {
		from.file = c.String("config")
	}
	for _, d := range settings() {
		if d.flag != "" && c.IsSet(d.flag) {
			from.flags[d.flag] = c.String(d.flag)
		}
	}
	return from
}

// settings loads them; a mistake in them has an exit code of its own.
func (p *program) settings(c *cli.Context) (Settings, origins, error) {
	from := p.sources(c)
	for _, text := range from.strangers() {
		fmt.Fprintln(p.stderr, "confman: warning:", text)
	}
	s, where, err := from.load()
	if err != nil {
		return s, where, failure{exitConfig, err}
	}
	return s, where, nil
}

func (p *program) configCommand() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "check and show the settings",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return failure{exitUsage, noSuch("command", "config "+word, []string{"config check", "config show"})}
			}
			return failure{exitUsage, errors.New("usage: confman config check|show")}
		},
		Subcommands: []*cli.Command{
			{
				Name: "check", Usage: "check the settings without starting anything", Flags: append(settingFlags(), p.outputFlag()),
				Action: func(c *cli.Context) error {
					if _, _, err := p.settings(c); err != nil {
						return err
					}
					return p.show(map[string]any{"ok": true}, func(w io.Writer) error {
						_, err := fmt.Fprintln(w, "ok")
						return err
					})
				},
			},
			{
				Name: "show", Usage: "print all settings",
				Flags: append(settingFlags(), p.outputFlag(), &cli.BoolFlag{Name: "origin", Usage: "tell where each value is from"}),
				Action: func(c *cli.Context) error {
					s, where, err := p.settings(c)
					if err != nil {
						return err
					}
					return p.showSettings(s, where, c.Bool("origin"))
				},
			},
		},
	}
}

// shown is how config show shows a setting.
type shown struct {
	Name   string `json:"name" yaml:"name"`
	Value  string `json:"value" yaml:"value"`
	Origin string `json:"origin,omitempty" yaml:"origin,omitempty"`
}

func (p *program) showSettings(s Settings, where origins, origin bool) error {
	var all []shown
	var rows [][]string
	for _, d := range settings() {
		one := shown{Name: d.name, Value: d.text(s)}
		row := []string{one.Name, orDash(one.Value)}
		if origin {
			one.Origin = where[d.name]
			row = append(row, one.Origin)
		}
		all = append(all, one)
		rows = append(rows, row)
	}
	return p.show(all, func(w io.Writer) error { return columns(w, rows) })
}
