package main

import (
	"embed"
	"strings"

	"github.com/urfave/cli/v2"
)

// shells are those that there is a completion for, each in a file of its own.
var shells = []string{"bash", "zsh", "fish"}

//go:embed shells
var shellFiles embed.FS

// completionCommand prints what teaches a shell to ask confman complete.
func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", ArgsUsage: strings.Join(shells, "|"),
		Usage: "print what has a shell complete commands, flags, and the names of configs as the node has them: source <(confman docs completion bash)",
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 1, 1); err != nil {
				return err
			}
			script, err := shellFiles.ReadFile("shells/confman." + c.Args().First())
			if err != nil {
				return failure{exitUsage, noSuch("completion for", c.Args().First(), shells)}
			}
			_, err = p.stdout.Write(script)
			return err
		},
	}
}
