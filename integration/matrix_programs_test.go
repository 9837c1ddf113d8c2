package integration

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// program returns a client that is a program of its own: it prints its version when its argument is "version", and
// otherwise takes a name and addresses, and prints a verdict a line.
func program(name string, words ...string) contestant {
	return contestant{
		name:  name,
		lacks: noCache,
		version: func() (string, error) {
			out, err := exec.Command(words[0], append(words[1:], "version")...).CombinedOutput()
			return strings.TrimSpace(string(out)), err
		},
		run: func(ctx context.Context, tr trial) {
			cmd := exec.CommandContext(ctx, words[0], append(append(words[1:], tr.below), tr.addresses...)...)
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				tr.say(verdict{"connect", err.Error()})
				return
			}
			for lines := bufio.NewScanner(out); lines.Scan(); {
				ability, text, _ := strings.Cut(lines.Text(), " ")
				tr.say(verdict{ability, text})
			}
			if err := cmd.Wait(); err != nil || errs.Len() > 0 {
				tr.say(verdict{"the program", fmt.Sprintf("%v\n%s", err, &errs)})
			}
		},
	}
}

// hiredis is a program that is built first.
func hiredis(built string) contestant {
	c := program("hiredis", built)
	version := c.version
	c.version = func() (string, error) {
		flags, err := exec.Command("pkg-config", "--cflags", "--libs", "hiredis").Output()
		if err != nil {
			return "", fmt.Errorf("pkg-config hiredis: %w", err)
		}
		words := append([]string{"-Wall", "-Werror", "-o", built, "testdata/clients/client.c"}, strings.Fields(string(flags))...)
		if out, err := exec.Command("gcc", words...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("gcc: %w\n%s", err, out)
		}
		return version()
	}
	return c
}
