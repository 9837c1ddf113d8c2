package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/resp/transcript"
)

// What the README shows of redis-cli is a transcript, and true.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, session, found := strings.Cut(string(readme), "$ redis-cli -p 6479\n")
	session, _, ended := strings.Cut(session, "```")
	if !found || !ended {
		t.Fatal("the README shows no redis-cli")
	}
	file := filepath.Join(t.TempDir(), "readme.txt")
	if err := os.WriteFile(file, []byte(session), 0o600); err != nil {
		t.Fatal(err)
	}
	node := serveUntilEnd(t, "")
	eventually(t, "the node leads", func() bool { return node.info(t)["raft_role"] == "leader" })
	transcript.Run(t, file, transcript.Dialing(t, node.addr))
}

// And so is what it shows of a shell.
func TestReadmeIncident(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, story, found := strings.Cut(string(readme), "```console\n$ confman ")
	story, _, ended := strings.Cut(story, "```")
	if !found || !ended {
		t.Fatal("the README shows no shell")
	}
	tell(t, steady("$ confman "+story), shell(t))
}
