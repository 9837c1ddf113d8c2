package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// Flags may stand anywhere behind their command.
func TestFlagsFirst(t *testing.T) {
	p := &program{}
	app := &cli.App{Commands: []*cli.Command{p.getCommand(), p.setCommand(), p.configCommand()}}
	for line, want := range map[string]string{
		"":                                 "",
		"get a":                            "get a",
		"get a --output json":              "get --output json a",
		"get -o json a":                    "get -o json a",
		"get a --output=json":              "get --output=json a",
		"set a --expires 1m 1":             "set --expires 1m a 1",
		"set a -":                          "set a -",
		"set a -5":                         "set a -5",
		"set a -o yaml -- --b":             "set -o yaml -- a --b",
		"get a --addr":                     "get --addr",
		"get get":                          "get get",
		"get a --help b":                   "get --help a b",
		"config show --origin -o json":     "config show --origin -o json",
		"config --nosuch show --profile x": "config --nosuch show --profile x",
		"nosuch --flag x":                  "--flag nosuch x",
	} {
		if got := strings.Join(flagsFirst(app, strings.Fields(line)), " "); got != want {
			t.Errorf("%s becomes %s, want %s", line, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	all := []string{"get", "set", "del", "ls", "status", "password"}
	for word, want := range map[string]string{
		"gte": "get", "sett": "set", "lss": "ls", "staus": "status", "pasword": "password", "passwrod": "password",
		"get": "get", "help": "", "list": "", "": "", "pass": "",
	} {
		if got := nearest(word, all); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
}
