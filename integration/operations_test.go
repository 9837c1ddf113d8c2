package integration

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The sessions in docs/operations.md are typed into a real bash, on three machines that are
// really directories of this one. What is printed is compared with what the document shows, where
// three dots stand for any text within a line, or for any lines if they are alone on one.

// A section of the document is a procedure: its heading, and what is typed in it.
type section struct {
	heading string
	steps   []step
}

// A step is a line that is typed at a machine's prompt, and what the document says is printed.
type step struct {
	machine, line, prints string
}

// handbook reads the sections that have sessions.
func handbook(t *testing.T) (all []section) {
	t.Helper()
	content, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Split(string(content), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(text, "\n")
		s := section{heading: heading}
		for _, block := range strings.Split(rest, "\n```console\n")[1:] {
			session, _, closed := strings.Cut(block, "```")
			if !closed {
				t.Fatalf("%s: a session has no end", heading)
			}
			s.steps = append(s.steps, steps(session)...)
		}
		if len(s.steps) > 0 {
			all = append(all, s)
		}
	}
	return all
}

var prompt = regexp.MustCompile(`^(n\d)[$#] (.+)$`)

// steps takes a session apart. A backslash at its end goes on with a line.
func steps(session string) (all []step) {
	for line := range strings.Lines(session) {
		last := len(all) - 1
		switch m := prompt.FindStringSubmatch(strings.TrimSuffix(line, "\n")); {
		case m != nil:
			all = append(all, step{machine: m[1], line: m[2]})
		case last >= 0 && all[last].prints == "" && strings.HasSuffix(all[last].line, `\`):
			all[last].line += "\n" + strings.TrimSuffix(line, "\n")
		case last >= 0:
			all[last].prints += line
		}
	}
	return all
}

var (
	spaces = regexp.MustCompile(` {2,}`)
	roles  = regexp.MustCompile(`\b(leader|follower|voter)\b`)
)

// asRole matches what a node may be whom the document shows in a role: which node leads is chance.
func asRole(role string) string {
	if role == "leader" {
		return "(?:leader|follower|voter)"
	}
	return "(?:leader|" + role + ")"
}

// shows reports whether what was printed is what the document shows. How far columns are apart
// depends on the names in them.
func shows(document, printed string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(spaces.ReplaceAllString(document, " ")) {
		if line == "...\n" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		text := strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`)
		pattern.WriteString(roles.ReplaceAllStringFunc(text, asRole))
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(spaces.ReplaceAllString(printed, " "))
}

// looks types a step's line. Who sees a status or members that are still settling looks again, for a while.
func (m *machine) looks(s step) (printed string) {
	m.site.t.Helper()
	settling := strings.HasPrefix(s.line, "confman status") || s.line == "confman member list"
	for tries := 1; ; tries++ {
		if printed = m.types(s.line); shows(s.prints, printed) || !settling || tries == 50 {
			return printed
		}
	}
}

// What the document says can be done can be done, and prints what it says.
func TestOperations(t *testing.T) {
	t.Parallel() // it mostly waits
	need(t, "bash", "CONFMAN_REQUIRE_REDIS")
	need(t, "redis-cli", "CONFMAN_REQUIRE_REDIS")
	var told []string
	for _, s := range handbook(t) {
		told = append(told, s.heading)
		before, known := misfortunes[s.heading]
		if !known {
			t.Errorf("the test does not know what is to happen before %q", s.heading)
			continue
		}
		t.Run(s.heading, func(t *testing.T) {
			here := newSite(t)
			before(here)
			for _, step := range s.steps {
				m := here.machine(step.machine)
				if printed := m.looks(step); !shows(step.prints, printed) {
					t.Fatalf("%s$ %s\nprints\n%s\nand the document says\n%s", step.machine, step.line, printed, step.prints)
				}
			}
		})
	}
	for heading := range misfortunes {
		if !slices.Contains(told, heading) {
			t.Errorf("the document has no session under %q", heading)
		}
	}
}

// The comparison finds what differs.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		document, printed string
		want              bool
	}{
		{"", "", true},
		{"", "something\n", false},
		{"something\n", "", false},
		{"a  b\n", "a       b\n", true},
		{"a b\n", "ab\n", false},
		{"at ... in all\n", "at 7 of 9 in all\n", true},
		{"at ... in all\n", "at 7\nin all\n", false},
		{"one\n...\n", "one\ntwo\nthree\n", true},
		{"one\n...\n", "two\n", false},
		{"a.b\n", "axb\n", false},
		{"1 leader\n", "1 follower\n", true},
		{"1 leader\n", "1 degraded\n", false},
		{"1 leader\n", "1 voter\n", true},
		{"1 voter\n", "1 non-voter\n", false},
		{"1 voter\n", "1 follower\n", false},
	} {
		if got := shows(c.document, c.printed); got != c.want {
			t.Errorf("%q and %q: %v", c.document, c.printed, got)
		}
	}
}

// A session whose second line lies is found out.
func TestOperationsFindALie(t *testing.T) {
	need(t, "bash", "CONFMAN_REQUIRE_REDIS")
	here := newSite(t)
	here.cluster()
	for _, s := range steps("n1$ confman set a 1\nn2$ until confman get a; do sleep 1; done\n2\n") {
		printed := here.machine(s.machine).types(s.line)
		if want := s.line == "confman set a 1"; shows(s.prints, printed) != want {
			t.Errorf("%s: prints %q, and the comparison is not %v", s.line, printed, want)
		}
	}
}
