package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"confman/integration/ground"
)

// product is what confman is built of, as git names it.
var product = []string{
	"*.go", "go.mod", "go.sum",
	":!*_test.go", ":!integration", ":!packaging", ":!cmd/demo", ":!resp/differential", ":!resp/transcript",
}

// farthest is how many commits back there must be another confman.
const farthest = 50

// A predecessor is the confman before the one to test.
type predecessor struct {
	binary, commit string
	together       string // the line of the changelog that says that all nodes must be upgraded together; "" if there is none
}

// previous is the binary that CONFMAN_PREVIOUS names, or else is built of the last commit whose product is not
// the one in this tree. Where there is no such commit, as in a checkout without history, the test is skipped.
func previous(t *testing.T) predecessor {
	t.Helper()
	if binary := os.Getenv("CONFMAN_PREVIOUS"); binary != "" {
		return predecessor{binary: binary, commit: "CONFMAN_PREVIOUS"}
	}
	root, from := ground.Root(t), "HEAD"
	for range farthest {
		commit, err := lastOther(root, from)
		if err != nil {
			t.Skipf("there is no confman to upgrade from: %v; CONFMAN_PREVIOUS may name one", err)
		}
		p := predecessor{binary: filepath.Join(t.TempDir(), "confman-previous"), commit: commit}
		if err := buildCommit(t, root, commit, p.binary); err != nil {
			t.Logf("commit %s was no confman: %v", commit, err)
			from = commit + "^"
			continue
		}
		if p.together, err = announced(root, commit); err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Fatalf("none of %d commits can be built", farthest)
	return predecessor{}
}

// buildCommit builds the confman of a commit.
func buildCommit(t *testing.T, root, commit, binary string) error {
	t.Helper()
	source, tar := t.TempDir(), filepath.Join(t.TempDir(), "source.tar")
	if _, err := git(root, "archive", "--format=tar", "-o", tar, commit); err != nil {
		return err
	}
	if err := exec.Command("tar", "-xf", tar, "-C", source).Run(); err != nil {
		return err
	}
	return ground.Build(source, binary)
}

// git runs a git command in a directory and returns what it prints.
func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if failed, is := errors.AsType[*exec.ExitError](err); is {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// lastOther is the last commit, from one on backwards, whose product is not the one in a tree.
func lastOther(root, from string) (string, error) {
	commits, err := git(root, "rev-list", "--first-parent", fmt.Sprintf("--max-count=%d", farthest+1), from)
	if err != nil {
		return "", err
	}
	for _, commit := range strings.Fields(commits) {
		changed, err := git(root, append([]string{"diff", "--name-only", commit, "--"}, product...)...)
		if err != nil || changed != "" {
			return commit, err
		}
	}
	return "", fmt.Errorf("the product has not changed in %d commits, which is as far as is looked or as history goes", len(strings.Fields(commits)))
}

// announced returns a line of the changelog that was added since a commit and says that nodes must be upgraded together, or "".
func announced(root, commit string) (string, error) {
	changes, err := git(root, "diff", "-U0", commit, "--", "CHANGELOG.md")
	for line := range strings.Lines(changes) {
		if said, added := strings.CutPrefix(line, "+"); added && strings.Contains(strings.ToLower(said), "upgrade all nodes together") {
			return strings.TrimSpace(said), err
		}
	}
	return "", err
}

// What was the confman before is found in a history, whatever else was committed since.
func TestPrevious(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		out, err := git(dir, append([]string{"-c", "user.name=test", "-c", "user.email=test@localhost"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	commit := func(name, content string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		run("add", ".")
		run("commit", "-q", "-m", name)
		return run("rev-parse", "HEAD")
	}
	run("init", "-q")
	if _, err := lastOther(dir, "HEAD"); err == nil {
		t.Error("there is one without any history")
	}
	first := commit("store/a.go", "package store")
	if _, err := lastOther(dir, "HEAD"); err == nil {
		t.Error("a first commit has one before it")
	}
	second := commit("store/a.go", "package store // anew")
	commit("store/a_test.go", "package store")
	commit("docs/a.md", "a")
	commit("integration/a.go", "package integration")
	if got, err := lastOther(dir, "HEAD"); got != first || err != nil {
		t.Errorf("before what is no product comes %s, want %s (%v)", got, first, err)
	}
	if line, err := announced(dir, first); line != "" || err != nil {
		t.Errorf("nothing is announced, and this is: %q, %v", line, err)
	}
	commit("CHANGELOG.md", "# Changelog\n\n- An entry. Upgrade all nodes together: they stop at it.\n")
	commit("go.mod", "module confman")
	if got, err := lastOther(dir, "HEAD"); err != nil || run("diff", "--name-only", got, "HEAD") != "go.mod" {
		t.Errorf("before go.mod changed: %s, %v", got, err)
	}
	if line, err := announced(dir, second); !strings.HasPrefix(line, "- An entry.") || err != nil {
		t.Errorf("announced: %q, %v", line, err)
	}
}
