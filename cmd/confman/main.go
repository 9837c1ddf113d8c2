// Command confman is a node of a confman cluster, and what people ask one with.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes of all commands.
const (
	exitFailure  = 1
	exitUsage    = 2
	exitNotFound = 3
	exitConflict = 4
	exitNoQuorum = 5
	exitDenied   = 6
	// exitUntrusted says that somebody has to decide what becomes of a data directory: to start
	// again would end the same way.
	exitUntrusted = 7
	// exitRestart says that a node has ended to be started again, as MEMBER RESTART has asked it to: EX_TEMPFAIL of
	// sysexits.h, a failure to systemd's Restart=on-failure.
	exitRestart = 75
	// exitConfig says that the settings are wrong: to start again would end the same way. It is EX_CONFIG of sysexits.h.
	exitConfig = 78
)

// run carries out a command line and returns its exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr}
	app := p.app()
	err := app.RunContext(ctx, append([]string{"confman"}, flagsFirst(app, args)...))
	return p.report(err)
}

// app is the command line as it is declared.
func (p *program) app() *cli.App {
	app := &cli.App{
		Name:                      "confman",
		Usage:                     "a configuration store for Redis clients",
		Writer:                    p.stdout,
		ErrWriter:                 p.stderr,
		HideHelp:                  true,
		Flags:                     []cli.Flag{helpFlag(), &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version", DisableDefaultText: true}},
		Action:                    p.withoutCommand,
		DisableSliceFlagSeparator: true,
		Suggest:                   true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		CommandNotFound:           p.commandNotFound,
		Commands: []*cli.Command{
			p.serveCommand(), p.joinCommand(), p.getCommand(), p.setCommand(), p.delCommand(), p.lsCommand(), p.treeCommand(),
			p.historyCommand(), p.diffCommand(), p.rollbackCommand(), p.usageCommand(), p.watchCommand(), p.nsCommand(), p.ruleCommand(), p.checkCommand(),
			p.statusCommand(), p.doctorCommand(), p.tokenCommand(), p.memberCommand(), p.restartCommand(), p.certCommand(), p.backupCommand(), p.restoreCommand(), p.recoverCommand(), p.nodeCommand(), p.inspectCommand(),
			p.auditCommand(), p.configCommand(), p.versionCommand(), p.docsCommand(), p.completeCommand(),
		},
	}
	prepare(app.Commands)
	return app
}

// prepare gives commands what they all have. The library's own help would be a subcommand of
// each, so that "set h 1" would set nothing, and its flag is one variable for all.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelp, c.OnUsageError = true, usageError
		c.Flags = append(c.Flags, helpFlag())
		prepare(c.Subcommands)
	}
}

func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// withoutCommand prints the version or the help.
func (p *program) withoutCommand(c *cli.Context) error {
	switch {
	case c.Bool("version"):
		_, err := fmt.Fprintln(p.stdout, "confman", currentVersion())
		return err
	case c.Args().Present():
		p.commandNotFound(c, c.Args().First())
		return nil
	}
	return cli.ShowAppHelp(c)
}

// program is what a command needs of the world.
type program struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	output         string // how to print, as far as is known
	plain          bool   // without colours
	urgent         string // what begins a line of an error: its priority, for the journal
	unknown        error  // for a command that there is not
}

// A failure is an error with an exit code of its own.
type failure struct {
	code int
	error
}

func (f failure) Unwrap() error { return f.error }

func (p *program) commandNotFound(c *cli.Context, name string) {
	p.unknown = failure{exitUsage, noSuch("command", name, commandNames(c.App.Commands))}
}

// report prints an error as the output asks for, and returns the exit code.
func (p *program) report(err error) int {
	if p.unknown != nil {
		err = p.unknown
	}
	if err == nil {
		return 0
	}
	code := exitFailure
	var f failure
	if errors.As(err, &f) {
		code = f.code
	}
	if p.output == "json" || p.output == "yaml" {
		_ = p.print(p.stderr, map[string]any{"error": err.Error(), "code": code}) // nowhere is left to say so
	} else {
		fmt.Fprintln(p.stderr, p.urgent+"confman:", strings.ReplaceAll(err.Error(), "\n", "\n"+p.urgent))
	}
	return code
}
