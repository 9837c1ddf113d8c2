package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// need skips the test for want of a tool, or fails it where CI requires the tool.
func need(t *testing.T, tool, require string) {
	t.Helper()
	switch _, err := exec.LookPath(tool); {
	case err == nil:
	case os.Getenv(require) == "1":
		t.Fatalf("%s is not installed, and %s=1 requires it", tool, require)
	default:
		t.Skipf("%s is not installed", tool)
	}
}

// confmanInPath returns an environment in which confman is this program, at the node.
func confmanInPath(t *testing.T, node string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "confman")); err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), beConfman + "=1", "CONFMAN_RESP_ADDR=" + node, "CONFMAN_CONFIG=" + emptyFile(t),
		"HOME=" + t.TempDir(), "TERM=dumb", "LC_ALL=C.UTF-8",
	}
}

// completionNode is a node with some configs, whose values tell them apart.
func completionNode(t *testing.T) (addr string) {
	t.Helper()
	m := serveUntilEnd(t, "")
	eventually(t, "the node leads", func() bool { return m.info(t)["raft_role"] == "leader" })
	for name, value := range map[string]string{"prod/api/timeout": "v1", "prod/db/host": "v2", "top": "v3", "a:b/c": "v4", "we ird/k$y": "v5", "o'hara@x": "v6"} {
		if code := run(t.Context(), []string{"set", "-a", m.addr, name, value}, nil, nil, io.Discard, io.Discard); code != 0 {
			t.Fatalf("set %q: %d", name, code)
		}
	}
	return m.addr
}

// A terminal is a shell that somebody types at.
type terminal struct {
	t   *testing.T
	in  io.Writer
	out io.Reader
}

// promptMark ends what the shell shows for a line.
const promptMark = "ready> "

// newTerminal starts a shell on a terminal; setup is its first line.
func newTerminal(t *testing.T, environ []string, command, setup string) *terminal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, "script", "-qec", command, "/dev/null")
	cmd.Env, cmd.Dir = environ, t.TempDir()
	if err := os.WriteFile(filepath.Join(cmd.Dir, "mine.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "exit\r")
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // with the code of the last command
		cancel()
	})
	term := &terminal{t, in, out}
	term.enter(setup + "; PS1='rea''dy> '")
	return term
}

// enter types a line, and returns what is shown until the shell is ready for the next one.
func (term *terminal) enter(line string) string {
	term.t.Helper()
	if _, err := io.WriteString(term.in, line+"\r"); err != nil {
		term.t.Fatal(err)
	}
	var shown strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(shown.String(), promptMark); {
		if _, err := term.out.Read(b); err != nil {
			term.t.Fatalf("%q: %v after\n%s", line, err, shown.String())
		}
		shown.Write(b)
	}
	return shown.String()
}

// People press TAB, and the shell types what is there: commands, flags, names level by level, with what the
// shell needs before letters that mean something to it.
func TestTabInShells(t *testing.T) {
	need(t, "script", "CONFMAN_REQUIRE_SHELLS")
	shells := map[string][2]string{
		"bash": {"bash --norc --noprofile -i", "source <(confman docs completion bash)"},
		"zsh":  {"zsh -f -i", "autoload -U compinit; compinit -u -D; source <(confman docs completion zsh)"},
	}
	for name, shell := range shells {
		t.Run(name, func(t *testing.T) {
			need(t, name, "CONFMAN_REQUIRE_SHELLS")
			term := newTerminal(t, confmanInPath(t, completionNode(t)), shell[0], shell[1])
			for typed, want := range map[string]string{
				"confman get to\t":                       "v3",
				"confman ge\tto\t":                       "v3",
				"confman get pr\ta\tt\t":                 "v1",
				"confman get --output=j\tprod/d\th\t":    `"value": "v2"`,
				"confman get --outp\tj\t --versi\t1 t\t": `"value": "v3"`,
				"confman get a\tc\t":                     "v4",
				"confman get a:\tc\t":                    "v4",
				"confman get w\tk\t":                     "v5",
				"confman get 'we ird/\t":                 "v5",
				"confman get o\t":                        "v6",
				"confman config che\t--config mi\t":      "ok",
			} {
				if shown := term.enter(typed); !strings.Contains(shown, want) {
					t.Errorf("%q shows %q, want %q", typed, shown, want)
				}
			}
		})
	}
}

func TestTabInFish(t *testing.T) {
	need(t, "fish", "CONFMAN_REQUIRE_SHELLS")
	environ := confmanInPath(t, completionNode(t))
	for typed, want := range map[string]string{
		"confman get pr":          "prod/\n",
		"confman get prod/":       "prod/api/\nprod/db/\n",
		`confman get we\ ird/`:    "we ird/k$y\n",
		"confman get --output=j":  "--output=json\n",
		"confman docs completion": "completion\tprint what has a shell complete",
	} {
		cmd := exec.Command("fish", "--no-config", "-c", "confman docs completion fish | source; complete -C $argv[1]", typed)
		cmd.Env = environ
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%q: %q, %v, want %q", typed, out, err, want)
		}
	}
}

// The scripts are what their shells, and shellcheck, take for correct.
func TestCompletionScripts(t *testing.T) {
	for name, check := range map[string][]string{
		"bash": {"shellcheck", "-s", "bash", "shells/confman.bash"}, "zsh": {"zsh", "-n", "shells/confman.zsh"}, "fish": {"fish", "-n", "shells/confman.fish"},
	} {
		t.Run(name, func(t *testing.T) {
			need(t, check[0], "CONFMAN_REQUIRE_SHELLS")
			if out, err := exec.Command(check[0], check[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
