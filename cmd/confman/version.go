package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// version, commit and date are stamped by the build. The date is the commit's, YYYY-MM-DD, so that the same
// source makes the same bytes.
var version, commit, date = "", "", ""

// build is what version shows.
type build struct {
	Version  string `json:"version" yaml:"version"`
	Commit   string `json:"commit" yaml:"commit"`
	Date     string `json:"date" yaml:"date"`
	Go       string `json:"go" yaml:"go"`
	Platform string `json:"platform" yaml:"platform"`
}

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the version, and what it was built from and for", Flags: []cli.Flag{p.outputFlag()},
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			b := currentBuild()
			return p.show(b, func(w io.Writer) error {
				if _, err := fmt.Fprintln(w, "confman", b.Version); err != nil {
					return err
				}
				return columns(w, [][]string{{"commit", orDash(b.Commit)}, {"date", orDash(b.Date)}, {"go", b.Go}, {"platform", b.Platform}})
			})
		},
	}
}

// currentBuild is what the build has stamped, and for what it has not, what Go knows.
func currentBuild() build {
	b := build{Version: version, Commit: commit, Date: date, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, found := debug.ReadBuildInfo(); found {
		if info.Main.Version != "(devel)" {
			b.Version = cmp.Or(b.Version, info.Main.Version)
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = cmp.Or(b.Commit, s.Value)
			case "vcs.time":
				b.Date = cmp.Or(b.Date, s.Value[:min(len(s.Value), len("2006-01-02"))])
			}
		}
	}
	b.Version = cmp.Or(b.Version, "dev")
	return b
}

func currentVersion() string { return currentBuild().Version }
