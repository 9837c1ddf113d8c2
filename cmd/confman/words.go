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
// or all that may stand there. Those of settings tell it by themselves.
var valueOf = map[string]string{
	"output": strings.Join(outputs, "|"),
	"addr":   "ADDRESS", "from": "ADDRESS", "config": "FILE", "export": "FILE", "out": "DIR", "ca": "DIR",
	"by": "USER", "at": "TIME", "expires": "DURATION", "ttl": "DURATION", "age": "DURATION",
}

// pathSettings are the settings that are paths, of which.
var pathSettings = map[string]string{"data_dir": "DIR", "audit_export": "FILE"}

// flagWords tells what stands behind a flag, or "" if nothing does.
func flagWords(f cli.Flag) string {
	if f == nil {
		return ""
	}
	name := f.Names()[0]
	if words := valueOf[name]; words != "" {
		return words
	}
	for _, d := range settings() {
		if d.flag == name {
			return d.words()
		}
	}
	switch f.(type) {
	case *cli.BoolFlag:
		return ""
	case *cli.Uint64Flag, *cli.IntFlag:
		return "N"
	}
	return "TEXT"
}

// words are the values that a setting can have, as valueOf has those of flags.
func (d setting) words() string {
	if path := pathSettings[d.name]; path != "" {
		return path
	}
	field := reflect.TypeFor[Settings]().Field(d.index)
	for _, rule := range strings.Split(field.Tag.Get("validate"), ",") {
		if values, few := strings.CutPrefix(rule, "oneof="); few {
			return strings.Join(strings.Fields(values), "|")
		}
		if kind := map[string]string{"addr": "ADDRESS", "token|addr": "TOKEN", "hostname|ip": "HOST", "duration": "DURATION"}[rule]; kind != "" {
			return kind
		}
	}
	switch field.Type.Kind() {
	case reflect.Int:
		return "N"
	case reflect.Bool:
		return "true|false"
	}
	return "TEXT"
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
