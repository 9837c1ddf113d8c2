package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// Every command says what it does, what it takes, and what each of its flags is for; and so does every
// command below it.
func TestEveryCommandHasHelp(t *testing.T) {
	var help func(path string, all []*cli.Command)
	help = func(path string, all []*cli.Command) {
		for _, c := range all {
			line := strings.TrimSpace(path + " " + c.Name)
			shown := confman(t, nil, "", line+" --help")
			wants := []string{"confman " + line + " - " + c.Usage, strings.TrimSpace("confman " + line + " [command options] " + c.ArgsUsage)}
			for _, f := range c.Flags {
				usage := f.(cli.DocGenerationFlag).GetUsage()
				if usage == "" {
					t.Errorf("%s: --%s does not say what it is for", line, f.Names()[0])
				}
				wants = append(wants, "--"+f.Names()[0], usage)
			}
			for _, sub := range c.Subcommands {
				wants = append(wants, sub.Usage)
			}
			for _, want := range wants {
				if !strings.Contains(shown, want) {
					t.Errorf("confman %s --help does not say %q:\n%s", line, want, shown)
				}
			}
			if c.Usage == "" || strings.HasSuffix(c.Usage, ".") {
				t.Errorf("%s: usage %q", line, c.Usage)
			}
			help(line, c.Subcommands)
		}
	}
	p := &program{}
	help("", []*cli.Command{
		p.getCommand(), p.setCommand(), p.historyCommand(), p.diffCommand(), p.rollbackCommand(), p.usageCommand(), p.watchCommand(),
		p.nsCommand(), p.ruleCommand(), p.checkCommand(),
	})
}

// A flag that is mistyped, and arguments that are too many or too few, say what there is.
func TestMistakesOnTheCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"history":                      "usage: confman history NAME",
		"history a --cuont 1":          "did you mean --count?",
		"history a --count x":          `invalid value "x" for flag -count`,
		"diff a":                       "usage: confman diff NAME FROM [TO]",
		"diff a 1 2 3":                 "usage: confman diff NAME FROM [TO]",
		"rollback a 1 --dryrun":        "did you mean --dry-run?",
		"rollback a --at noon":         `--at "noon": write a time`,
		"watch a b":                    "usage: confman watch [NAMESPACE]",
		"ns":                           "usage: confman ns ls|tree|get|set|del",
		"ns lst":                       `there is no command "ns lst": did you mean ns ls?`,
		"ns get":                       "usage: confman ns get NAMESPACE",
		"ns set a --ownr x":            "did you mean --owner?",
		"rule":                         "usage: confman rule set|ls|del",
		"rule set a b":                 "usage: confman rule set NAMESPACE PATTERN RULE...",
		"rule del a":                   "usage: confman rule del NAMESPACE PATTERN",
		"chekc":                        "did you mean check?",
		"check a b":                    "usage: confman check [NAMESPACE]",
		"usage":                        "usage: confman usage NAME",
		"get a --revision 1 --at 1h":   "give --revision or --at, and not both",
		"get a --revision 1 --version": "flag needs an argument",
		"set a 1 --if-revision -1":     "invalid value",
		"histroy a":                    "did you mean history?",
	} {
		if got := confman(t, nil, "", line); !strings.Contains(got, want) || !strings.HasSuffix(got, "[exit 2]\n") {
			t.Errorf("%s: %s", line, got)
		}
	}
}
