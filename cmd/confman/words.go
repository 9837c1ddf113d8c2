package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// outputs are the values of --output.
var outputs = []string{"table", "json", "yaml"}

// valueOf tells what stands behind a flag, in the words of a command's arguments: a kind of thing in capitals,
// or all that may stand there. Those of settings are found by themselves, unless they name a file.
var valueOf = map[string]string{
	"output": strings.Join(outputs, "|"),
	"addr":   "ADDRESS", "resp-addr": "ADDRESS", "http-addr": "ADDRESS", "raft-addr": "ADDRESS", "from": "ADDRESS", "advertise": "HOST",
	"config": "FILE", "export": "FILE", "data-dir": "DIR", "out": "DIR", "ca": "DIR",
	"join": "TOKEN", "by": "USER", "at": "TIME", "expires": "DURATION", "ttl": "DURATION", "age": "DURATION",
}

// flagWords tells what stands behind a flag, or "" if nothing does.
func flagWords(f cli.Flag) string {
	if f == nil {
		return ""
	}
	name := f.Names()[0]
	if words := valueOf[name]; words != "" {
		return words
	}
	if words := settingWords(name); words != "" {
		return words
	}
	switch f.(type) {
	case *cli.BoolFlag:
		return ""
	case *cli.Uint64Flag, *cli.IntFlag:
		return "NUMBER"
	}
	return "TEXT"
}

// settingWords are the values that the setting with a flag can have, if they are few.
func settingWords(flag string) string {
	for _, d := range settings() {
		if d.flag != flag {
			continue
		}
		for _, rule := range strings.Split(reflect.TypeFor[Settings]().Field(d.index).Tag.Get("validate"), ",") {
			if values, few := strings.CutPrefix(rule, "oneof="); few {
				return strings.Join(strings.Fields(values), "|")
			}
		}
	}
	return ""
}

// argumentWords tells what a command's argument is, by how its usage describes them: [] around those that may
// be left out, ... behind one that may be repeated, and | between what may stand in its place. It is "" where
// no argument stands.
func argumentWords(usage string, index int) string {
	first, _, _ := strings.Cut(usage, " | ")
	all := strings.Fields(first)
	if i := slices.IndexFunc(all, func(w string) bool { return strings.HasPrefix(w, "-") }); i >= 0 {
		all = all[:i]
	}
	if n := len(all); n > 0 && index >= n && strings.HasSuffix(all[n-1], "...") {
		index = n - 1
	}
	if index >= len(all) {
		return ""
	}
	return strings.TrimSuffix(strings.Trim(all[index], "[]"), "...")
}
