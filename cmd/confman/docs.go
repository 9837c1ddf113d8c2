package main

import (
	"fmt"
	"io"
	"strings"

	"confman/resp"

	"github.com/urfave/cli/v2"
)

// pages are the reference pages that are written from the code.
var pages = map[string]func() string{"commands": resp.Markdown, "settings": settingsPage}

func (p *program) docsCommand() *cli.Command {
	return &cli.Command{
		Name: "docs", Hidden: true, ArgsUsage: "commands|settings", Usage: "print a generated page of the documentation",
		Action: func(c *cli.Context) error {
			page := pages[c.Args().First()]
			if page == nil {
				return failure{exitUsage, fmt.Errorf("usage: confman docs %s", c.Command.ArgsUsage)}
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
