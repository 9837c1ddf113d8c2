package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// noSuch is the error for a word that there is not. It names the one that was meant, if one
// is near, or else all that there are.
func noSuch(kind, word string, all []string) error {
	if near := nearest(word, all); near != "" {
		return fmt.Errorf("there is no %s %q: did you mean %s?", kind, word, near)
	}
	return fmt.Errorf("there is no %s %q: there are %s", kind, word, strings.Join(all, ", "))
}

// nearest returns the word that differs least, or "" if all differ too much: in more than
// two letters, or one if it is short.
func nearest(word string, all []string) string {
	best, most := "", 2
	if len(word) < 5 {
		most = 1
	}
	for _, other := range all {
		if d := distance(word, other); d <= most {
			best, most = other, d-1
		}
	}
	return best
}

// distance counts the letters to add, drop, replace, or swap with the next one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := range rows[i] {
			switch {
			case i == 0:
				rows[i][j] = j
			case j > 0:
				replaced := rows[i-1][j-1]
				if a[i-1] != b[j-1] {
					replaced++
				}
				rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
				}
			}
		}
	}
	return rows[len(a)][len(b)]
}

// commandNames lists the commands that people see.
func commandNames(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// usageError explains what is wrong with a command's flags.
func usageError(c *cli.Context, err error, _ bool) error {
	word, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return failure{exitUsage, err}
	}
	var flags []string
	for _, f := range c.Command.Flags {
		flags = append(flags, "--"+f.Names()[0])
	}
	return failure{exitUsage, noSuch("flag", "--"+strings.TrimLeft(word, "-"), flags)}
}
