package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/urfave/cli/v2"
)

// The manual pages are mdoc(7): what is the same as on the command line is made from it, the rest is text.
//
//go:embed man
var manFiles embed.FS

// manPages are the files of the manual.
var manPages = []string{"confman.1", "confman-serve.8", "confman.yaml.5"}

// exits tell what the exit codes say.
var exits = []struct {
	code int
	says string
}{
	{0, "All is well"},
	{exitFailure, "It failed"},
	{exitUsage, "The command line is wrong"},
	{exitNotFound, "What was named is not there"},
	{exitConflict, "It was refused: by a rule, by a protection, or because it is no longer as was expected"},
	{exitNoQuorum, "There is no leader or no majority. If the error says INDOUBT, a write may have happened"},
	{exitDenied, "The node does not let the user do that, or the password is wrong or missing"},
	{exitUntrusted, "Somebody has to decide what becomes of a data directory: another start would end the same way"},
	{exitConfig, "The settings are wrong: to start again would end the same way"},
	{exitRestart, "A node was told to restart: whatever supervises it starts it again"},
}

// surroundings are what the environment tells commands, beside the settings.
var surroundings = [][2]string{
	{"CONFMAN_RESP_ADDR", "Where to reach the node that commands ask, unless --addr says so"},
	{"CONFMAN_PASSWORD", "The password to show to the node"},
	{"CONFMAN_CONFIG", "The settings file, unless --config says so"},
	{"PAGER, LESS", "What shows long texts on a terminal, less with LESS=FRX unless they are set"},
	{"INVOCATION_ID, SYSTEMD_EXEC_PID, JOURNAL_STREAM", "Set by systemd, which starts a node again that is told to restart, and keeps what it logs"},
	{"NO_COLOR", "If it is set, nothing is printed in colours. Nor is it if TERM is dumb, or if the output is no terminal"},
}

func (p *program) manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", ArgsUsage: "DIR", Usage: "write the manual, " + strings.Join(manPages, ", ") + ", into a folder",
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			for _, name := range manPages {
				text, err := manPage(name, currentBuild())
				if err != nil {
					return err
				}
				path := filepath.Join(c.Args().First(), name)
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					return fmt.Errorf("write the manual: %w", err)
				}
				if _, err := fmt.Fprintln(p.stdout, path); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// manPage returns a page of the manual. It is the same wherever it is made.
func manPage(name string, b build) (string, error) {
	app := (&program{}).app() // as it is without any environment
	pages := template.New("").Funcs(template.FuncMap{
		"date":        func() string { return manDate(b.Date) },
		"version":     func() string { return b.Version },
		"usage":       func() string { return app.Usage },
		"commands":    func() string { return manCommands(app.Commands) },
		"clientFlags": func() string { return manFlags(append((&program{}).clientFlags(), helpFlag())) },
		"settingFlags": func() string {
			return manFlags(settingFlags())
		},
		"settings": manSettings,
		"exits":    manExits,
		"variables": func() string {
			return manVariables(surroundings)
		},
		"settingVariables": func() string { return manVariables(settingVariables()) },
		"defaultFile":      func() string { return defaultFile },
	})
	pages, err := pages.ParseFS(manFiles, "man/*")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := pages.ExecuteTemplate(&out, name, nil); err != nil {
		return "", err
	}
	return out.String(), nil
}

// manDate is a date as mdoc has it. A build that does not know of which day it is has none.
func manDate(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.Format("January 2, 2006")
}

func manExits() string {
	var b strings.Builder
	for _, e := range exits {
		fmt.Fprintf(&b, ".It %d\n%s", e.code, manText(e.says))
	}
	return b.String()
}

func manVariables(all [][2]string) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, ".It Ev %s\n%s", strings.ReplaceAll(v[0], ", ", " , Ev "), manText(v[1]))
	}
	return b.String()
}

// settingVariables are the settings as the environment names them.
func settingVariables() (all [][2]string) {
	for _, d := range settings() {
		all = append(all, [2]string{d.env, d.usage})
	}
	return all
}
