package main

import (
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
	"confman/store"

	"github.com/urfave/cli/v2"
)

// Whoever presses TAB waits for no node, and reads no errors.
func TestCompletionOfANodeThatDoesNotAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // it accepts, and says nothing
	local := transcript.NewLocal()
	if _, err := local.Update(t.Context(), "", func(tx *store.Tx) error { return tx.Set("prod/secret", "1", 0) }); err != nil {
		t.Fatal(err)
	}
	locked := serveStore(t, &resp.Server{Node: local, Password: "pw"}, replication.Status{})
	for what, environ := range map[string][]string{
		"silent":         {"CONFMAN_RESP_ADDR=" + ln.Addr().String()},
		"not there":      {"CONFMAN_RESP_ADDR=127.0.0.1:1"},
		"no address":     {"CONFMAN_RESP_ADDR=nonsense"},
		"no password":    {"CONFMAN_RESP_ADDR=" + locked},
		"wrong password": {"CONFMAN_RESP_ADDR=" + locked, "CONFMAN_PASSWORD=guess"},
	} {
		began := time.Now()
		for _, line := range []string{`complete -- get ""`, `complete -- ls ""`, `complete -- diff prod/secret ""`} {
			if got := confman(t, environ, "", line); got != "" {
				t.Errorf("%s: %s shows %q", what, line, got)
			}
		}
		if took := time.Since(began); took > 3*completeTime+3*time.Second {
			t.Errorf("%s: it took %v", what, took)
		}
	}
	if got := confman(t, nil, "", "complete -- get -a "+locked+` ""`); got != "" {
		t.Errorf("without a password: %q", got)
	}
	if got := confman(t, []string{"CONFMAN_PASSWORD=pw"}, "", "complete -- get -a "+locked+" prod/"); got != "prod/secret\n" {
		t.Errorf("with --addr and the password: %q", got)
	}
}

// Nodes are named by numbers, which nobody knows by heart.
func TestCompletionOfNodes(t *testing.T) {
	addr := completionNode(t)
	if got, want := confman(t, nil, "", "complete -- member remove -a "+addr+` ""`), "1\tleader "+addr+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Looking around with TAB is no use of a config: CONF USAGE tells whether a program still reads it.
func TestCompletionDoesNotCountAsRead(t *testing.T) {
	addr := completionNode(t)
	for _, line := range []string{"complete -- get prod/api/", "complete -- ls prod/", `complete -- diff prod/api/timeout ""`} {
		if got := confman(t, []string{"CONFMAN_RESP_ADDR=" + addr}, "", line); got == "" {
			t.Errorf("%s shows nothing", line)
		}
	}
	if got := confman(t, nil, "", "usage prod/api/timeout -o json -a "+addr); !strings.Contains(got, `"reads": 0,`) || !strings.Contains(got, `"namespace_reads": 0`) {
		t.Errorf("it counts: %s", got)
	}
}

// A word is read as bash reads it, and a candidate is written so that bash reads it.
func TestBashWords(t *testing.T) {
	for _, c := range []struct {
		raw, plain string
		quote      byte
		from       int
	}{
		{"prod/a", "prod/a", 0, 0},
		{"a:b=c", "a:b=c", 0, 4},
		{`a\:b`, "a:b", 0, 0},
		{`we\ ird`, "we ird", 0, 0},
		{`"we i`, "we i", '"', 0},
		{`"a:b`, "a:b", '"', 0},
		{`a:"b`, "a:b", '"', 2},
		{`'a"b`, `a"b`, '\'', 0},
		{`"a\"b\c`, `a"b\c`, '"', 0},
		{`"ab"c`, "abc", 0, 2},
		{`a\`, "a", 0, 0},
		{"", "", 0, 0},
	} {
		if w := readBash(c.raw, ":="); w.plain != c.plain || w.quote != c.quote || w.from != c.from {
			t.Errorf("%s is %+v", c.raw, w)
		}
	}
}

// Bash itself undoes the quotes, whatever is in a name.
func TestQuotedForBash(t *testing.T) {
	need(t, "bash", "CONFMAN_REQUIRE_SHELLS")
	for _, name := range []string{"plain/x", "~", "~/a", "#a", "a#b", "a b", "a'b", `a"b`, "$(exit 3)", "`x`", `a\b`, "a;b&c|d<e>f", "{a,b}", "[x]*?", "!x^", "größe"} {
		for _, quote := range []string{"", `"`, "'"} {
			word := quote + readBash(quote, ":=").quoted(name) + quote
			if out, err := exec.Command("bash", "-c", "printf %s "+word).Output(); err != nil || string(out) != name {
				t.Errorf("%q as %s is %q, %v", name, word, out, err)
			}
		}
	}
}

// What may stand behind a flag is said of flags that there are, and the same holds for settings.
func TestFlagWordsAreOfFlags(t *testing.T) {
	all := map[string]bool{}
	var gather func([]*cli.Command)
	gather = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				all[f.Names()[0]] = true
			}
			gather(c.Subcommands)
		}
	}
	gather((&program{stdout: io.Discard}).app().Commands)
	for name := range valueOf {
		if !all[name] {
			t.Errorf("there is no flag --%s", name)
		}
	}
	for _, names := range []map[string]string{pathSettings, packaged} {
		for name := range names {
			if settingNamed(name) == nil {
				t.Errorf("there is no setting %s", name)
			}
		}
	}
}
