package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// testBuild is a build that knows its day, as those of packages do.
var testBuild = build{Version: "v1.2.3", Date: "2026-11-28"}

// shownPage is a page of the manual as people see it, on one line.
func shownPage(t *testing.T, name string) string {
	t.Helper()
	need(t, "mandoc", "CONFMAN_REQUIRE_MANDOC")
	text, err := manPage(name, testBuild)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("mandoc", "-T", "utf8", "-O", "width=1000")
	cmd.Stdin = strings.NewReader(text)
	shown, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	overstruck := regexp.MustCompile(".\b")
	return strings.Join(strings.Fields(overstruck.ReplaceAllString(string(shown), "")), " ")
}

// mandoc finds nothing to warn of.
func TestManualIsClean(t *testing.T) {
	need(t, "mandoc", "CONFMAN_REQUIRE_MANDOC")
	for _, name := range manPages {
		text, err := manPage(name, testBuild)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("mandoc", "-T", "lint", "-W", "warning")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// docs man writes the same bytes for everybody: nothing of a machine, a user or a day gets in.
func TestManualIsReproducible(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	confman(t, nil, "", "docs man "+one)
	t.Setenv("HOME", "/home/somebody")
	confman(t, []string{"CONFMAN_RESP_ADDR=10.0.0.1:7", "CONFMAN_PROFILE=wan", "SOURCE_DATE_EPOCH=1"}, "", "docs man "+other)
	for _, name := range manPages {
		a, err := os.ReadFile(filepath.Join(one, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(other, name)); err != nil || string(a) != string(b) {
			t.Errorf("%s differs, %v", name, err)
		}
		if strings.Contains(string(a), "10.0.0.1") {
			t.Errorf("%s has an address of this machine", name)
		}
	}
	if text, err := manPage("confman.1", testBuild); err != nil || !strings.Contains(text, ".Dd November 28, 2026\n") || !strings.Contains(text, "v1.2.3") {
		t.Errorf("it does not say of when it is: %v", err)
	}
}

// nextCommand is where the manual goes on to another command.
var nextCommand = regexp.MustCompile(` confman [a-z ]+ \[options\] | OPTIONS `)

// Every command that people see is in the manual, with what it takes and each of its flags.
func TestManualHasEveryCommand(t *testing.T) {
	shown := shownPage(t, "confman.1")
	var look func(path string, all []*cli.Command)
	look = func(path string, all []*cli.Command) {
		for _, c := range all {
			if c.Hidden {
				continue
			}
			name := path + " " + c.Name
			look(name, c.Subcommands)
			if len(c.Subcommands) > 0 && c.ArgsUsage == "" {
				continue
			}
			usage := capital(strings.Join(strings.Fields(c.Usage), " ")) + "."
			head := regexp.MustCompile("confman" + name + `( \[options\])?( [^:;]{1,80})? ` + regexp.QuoteMeta(usage))
			at := head.FindStringIndex(shown)
			if at == nil {
				t.Errorf("confman%s is not there, or does not say what it does", name)
				continue
			}
			section := shown[at[1]:]
			if next := nextCommand.FindStringIndex(section); next != nil {
				section = section[:next[0]]
			}
			own, _ := ownFlags(c)
			for _, f := range own {
				if !strings.Contains(section, "--"+f.Names()[0]+" ") {
					t.Errorf("confman%s: --%s is not there", name, f.Names()[0])
				}
			}
		}
	}
	look("", (&program{}).app().Commands)
	for _, hidden := range []string{"confman complete", "--breaks"} {
		if strings.Contains(shown, hidden) {
			t.Errorf("%s is not for people", hidden)
		}
	}
}

// Every setting is in the pages about them, with its default, its variable and its flag.
func TestManualHasEverySetting(t *testing.T) {
	file, serve := shownPage(t, "confman.yaml.5"), shownPage(t, "confman-serve.8")
	for _, head := range []string{"profile: lan | edge | wan | metered ", "resp_addr: ADDRESS ", "data_dir: DIR ", "audit_export: FILE ", "write_hold: DURATION ", "join: TOKEN ", "allow_flush: true | false "} {
		if !strings.Contains(file, head) {
			t.Errorf("confman.yaml(5) does not have %s", head)
		}
	}
	for _, d := range settings() {
		text := capital(d.usage) + "."
		if value := d.plain(defaults()); value != "" && d.name != "data_dir" {
			text += " Default: " + value + "."
		}
		if d.live {
			text += " It is live."
		}
		if !strings.Contains(file, text) || !strings.Contains(file, " "+d.name+": ") {
			t.Errorf("confman.yaml(5) does not have %s with %q", d.name, text)
		}
		if !strings.Contains(serve, " "+d.env+" ") || d.flag != "" && !strings.Contains(serve, " --"+d.flag+" ") {
			t.Errorf("confman-serve(8) does not have %s or --%s", d.env, d.flag)
		}
	}
}

// Every exit code that there is in the code is explained, and every variable that is looked at.
func TestManualHasExitCodesAndVariables(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes, variables := map[int]bool{0: true}, map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.env\("(\w+)"`).FindAllStringSubmatch(string(source), -1) {
			variables[m[1]] = true
		}
		for _, code := range exitConstants(t, name) {
			codes[code] = true
		}
	}
	for _, e := range exits {
		if !codes[e.code] {
			t.Errorf("there is no exit code %d", e.code)
		}
		delete(codes, e.code)
	}
	if len(codes) > 0 {
		t.Errorf("the manual does not explain exit codes %v", codes)
	}
	shown := shownPage(t, "confman.1")
	for name := range variables {
		if !strings.Contains(shown, name) {
			t.Errorf("the manual does not explain $%s", name)
		}
	}
	if len(variables) < 5 {
		t.Errorf("only %v are looked at", variables)
	}
}

// exitConstants are the values of a file's constants that are named exit...
func exitConstants(t *testing.T, file string) (codes []int) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || !strings.HasPrefix(spec.Names[0].Name, "exit") || len(spec.Values) != 1 {
			return true
		}
		if value, is := spec.Values[0].(*ast.BasicLit); is && value.Kind == token.INT {
			code, _ := strconv.Atoi(value.Value)
			codes = append(codes, code)
		}
		return true
	})
	return codes
}

// The commands of the examples exist, and so do their flags.
func TestManualExamples(t *testing.T) {
	seen := 0
	for _, name := range manPages {
		text, err := manPage(name, testBuild)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^[$#] .*?confman ([^|<\\\n]+)`).FindAllStringSubmatch(text, -1) {
			words := strings.Fields(m[1])
			line := typedLine((&program{}).app(), words)
			if line.command == nil || len(line.command.Subcommands) > 0 && line.command.ArgsUsage == "" {
				t.Errorf("%s: there is no confman %s", name, m[1])
				continue
			}
			seen++
			for _, w := range words {
				if strings.HasPrefix(w, "--") && line.flagNamed(w) == nil {
					t.Errorf("%s: confman %s has no flag %s", name, line.command.Name, w)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d examples were found", seen)
	}
}
