package main

import (
	"fmt"
	"io"
	"strings"

	"confman/resp"

	"github.com/urfave/cli/v2"
)

// docsCommand writes what is made from the code: pages of the documentation, and what packages have.
func (p *program) docsCommand() *cli.Command {
	return &cli.Command{
		Name: "docs", Usage: "print what is made from the code: pages of the documentation, and what packages install",
		Action: func(c *cli.Context) error {
			names := commandNames(c.Command.Subcommands)
			if word := c.Args().First(); word != "" {
				return failure{exitUsage, noSuch("page", word, names)}
			}
			return failure{exitUsage, fmt.Errorf("usage: confman docs %s", strings.Join(names, "|"))}
		},
		Subcommands: []*cli.Command{
			p.pageCommand("commands", "print docs/commands.md: what Redis clients can send", resp.Markdown),
			p.pageCommand("settings", "print docs/settings.md: all settings", settingsPage),
			p.pageCommand("config", "print a settings file that has every setting and its default, in comments", defaultConfig),
			p.completionCommand(), p.manCommand(),
		},
	}
}

func (p *program) pageCommand(name, usage string, page func() string) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage,
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			_, err := io.WriteString(p.stdout, page())
			return err
		},
	}
}

// settingsPage is docs/settings.md.
func settingsPage() string {
	var b strings.Builder
	b.WriteString(settingsHead)
	s := defaults()
	s.DataDir = "`/var/lib/confman` for root, else `~/.local/state/confman`"
	for _, d := range settings() {
		value := d.text(s)
		if value != "" && d.name != "data_dir" {
			value = "`" + value + "`"
		}
		flag := ""
		if d.flag != "" {
			flag = "`--" + d.flag + "`"
		}
		usage := d.usage
		if d.live {
			usage += " (live)"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", d.name, d.env, flag, value, usage)
	}
	return b.String()
}

const settingsHead = `# Settings

<!-- Written by make docs from the struct Settings in cmd/confman. -->

A setting is taken from the last of these that has it: its default, the settings file, the environment, a flag of
` + "`confman serve`" + `. The file is YAML; ` + "`--config`" + ` or ` + "`CONFMAN_CONFIG`" + ` names it, and without them
` + "`" + defaultFile + "`" + ` is read if it is there. An address is HOST:PORT; a port alone is one of loopback.
` + "`confman config check`" + ` checks them, ` + "`confman config show --origin`" + ` tells where each is from. Those that are live can be
changed while the node runs, with ` + "`CONFIG SET`" + `, and ` + "`CONFIG REWRITE`" + ` writes what was changed into the file.

| in the file | in the environment | flag | default | |
|---|---|---|---|---|
`
