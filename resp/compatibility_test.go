package resp_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"confman/resp/differential"
	"confman/resp/transcript"
)

// compatibility is the page that says where confman differs from Redis.
const compatibility = "../docs/compatibility.md"

// A deviation is what the tests know of one.
type deviation struct {
	transcript.Deviation
	examples []transcript.Step // of testdata/deviations.txt
	left     []string          // what random commands leave out
	tells    []string          // what COMMAND tells otherwise
}

// deviations collects the marks of all tests by the ID of the deviation they name.
func deviations(t *testing.T) map[string]*deviation {
	t.Helper()
	all := map[string]*deviation{}
	for _, d := range transcript.Deviations {
		all[d.ID] = &deviation{Deviation: d}
	}
	at := func(id, where string) *deviation {
		if all[id] == nil {
			t.Fatalf("%s: [%s] is not declared", where, id)
		}
		return all[id]
	}
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		steps, _, err := transcript.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			if step.ID == "" {
				continue
			}
			if d := at(step.ID, fmt.Sprintf("%s:%d", file, step.Line)); filepath.Base(file) == "deviations.txt" {
				d.examples = append(d.examples, step)
			}
		}
	}
	for _, r := range append(slices.Clone(differential.Rules), differential.WatchRule, differential.OwnRule) {
		d := at(r.ID, r.Why)
		d.left = append(d.left, r.Why)
	}
	for _, exceptions := range []map[string]string{exceptions, otherArguments} {
		for _, name := range slices.Sorted(maps.Keys(exceptions)) {
			id, _ := transcript.Mark(exceptions[name])
			if d := at(id, name); !slices.Contains(d.tells, name) {
				d.tells = append(d.tells, name)
			}
		}
	}
	return all
}

// Every mark in a test names a declared deviation, each of them has an example, and the page
// shows them.
func TestCompatibilityIsCurrent(t *testing.T) {
	all := deviations(t)
	var page strings.Builder
	page.WriteString(compatibilityHead)
	for _, declared := range transcript.Deviations {
		d := all[declared.ID]
		if len(d.examples) == 0 {
			t.Errorf("testdata/deviations.txt has no example of [%s]", d.ID)
		}
		page.WriteString(d.String())
	}
	content, err := os.ReadFile(compatibility)
	if err == nil && string(content) == page.String() {
		return
	}
	if os.Getenv("CONFMAN_WRITE_TABLES") != "1" {
		t.Fatalf("%s is not current (%v): write it with CONFMAN_WRITE_TABLES=1, as make docs does", compatibility, err)
	}
	if err := os.WriteFile(compatibility, []byte(page.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const compatibilityHead = `# Compatibility with Redis

<!-- Written by make docs from the marks in the tests of package resp. -->

What Redis answers, confman answers, to the byte, in RESP2 and RESP3: transcripts and hundreds of thousands of random
commands are compared with a redis-server at every run of the tests. Below is all that differs, and why, with examples:
a command, confman's answer / Redis's. Commands that are not in [commands.md](commands.md) are unknown.

`

// String is the deviation's part of the page.
func (d *deviation) String() string {
	text := fmt.Sprintf("**%s**: %s", d.ID, d.Reason)
	if d.left != nil {
		text += fmt.Sprintf(" Not compared at random: %s.", strings.Join(d.left, "; "))
	}
	if d.tells != nil {
		text += fmt.Sprintf(" COMMAND tells something else of %s.", strings.ToUpper(strings.ReplaceAll(strings.Join(d.tells, ", "), "|", " ")))
	}
	var b strings.Builder
	b.WriteString(item("", text))
	for _, step := range d.examples {
		call := differential.Step{Words: step.Words}.String()
		b.WriteString(item("  ", fmt.Sprintf("%s %s / %s: %s", code(call), code(answer(step.Want)), code(answer(step.Redis)), step.Why)))
	}
	return b.String()
}

// item is an item of a list, in lines of up to 118 characters.
func item(indent, text string) string {
	var b strings.Builder
	line := indent + "-"
	for _, w := range strings.Split(text, " ") {
		if utf8.RuneCountInString(line+" "+w) > 118 {
			b.WriteString(line + "\n")
			line = indent + " "
		}
		line += " " + w
	}
	return b.String() + line + "\n"
}

// answer is an answer of a transcript in a line.
func answer(lines []string) string {
	all := strings.Join(lines, " ")
	if pattern, isPattern := strings.CutPrefix(all, "~ "); isPattern {
		all = strings.NewReplacer(`\\`, `\`, `\n`, " ", `\d+`, "…", ".*", "…", ".+", "…", `\`, "").Replace(pattern)
	}
	return strings.Join(strings.Fields(strings.TrimPrefix(all, "(error) ")), " ")
}

// code shows some words in monospace, cut short so that the page stays one.
func code(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return "`" + text + "`"
}
