package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is one with confman installed: a settings file, and a systemctl that runs the service for as long as the test.
type machine struct {
	file, dir, addr string
	fake            string // the folder of its systemctl
}

// systemctl stands for systemd's: it starts and stops confman as its service manager would, and notes what it was told.
const systemctl = `#!/bin/sh
cd "%[1]s" || exit 1
case "$1" in
show)
	case "$2" in
	*LoadState) echo loaded ;;
	*) if [ -f pid ] && kill -0 "$(cat pid)" 2> /dev/null; then echo active; else echo "$(cat broken 2> /dev/null || echo activating)"; fi ;;
	esac
	exit ;;
esac
echo "$1 $2" >> told
if [ "$1" != start ] && [ -f pid ]; then
	kill "$(cat pid)" 2> /dev/null
	while kill -0 "$(cat pid)" 2> /dev/null; do :; done
	rm pid
fi
if [ "$1" != stop ]; then
	BE_CONFMAN=1 "%[2]s" serve --config "%[3]s" > log 2>&1 < /dev/null &
	echo $! > pid
fi
`

// newMachine makes such a machine.
func newMachine(t *testing.T) machine {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := machine{dir: t.TempDir(), addr: freeAddr(t), fake: t.TempDir()}
	m.file = writeFile(t, fmt.Sprintf("# ours\ndata_dir: %s\nresp_addr: %s # clients\nraft_addr: %s\nhttp_addr: 127.0.0.1:0\nprofile: lan\n", m.dir, m.addr, freeAddr(t)))
	if err := os.Chmod(m.file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.fake, "systemctl"), fmt.Appendf(nil, systemctl, m.fake, self, m.file), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.systemctl(t, "stop") })
	return m
}

func (m machine) systemctl(t *testing.T, verb string) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(m.fake, "systemctl"), verb, "confman").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// told is what systemctl was told.
func (m machine) told() string {
	content, _ := os.ReadFile(filepath.Join(m.fake, "told")) // it may have been told nothing
	return string(content)
}

// asides are the folders in which what the node had before is kept.
func (m machine) asides() []string {
	all, _ := filepath.Glob(filepath.Join(m.dir, "before-joining-*")) // the pattern is fine
	return all
}

// A machine on which confman was installed has founded a cluster of its own. One command makes it a member of another one.
func TestJoinOnAnInstalledMachine(t *testing.T) {
	first := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return first.info(t)["raft_role"] == "leader" })
	if got := confman(t, nil, "", "set prod/api/timeout 30s -a "+first.addr); got != "" {
		t.Fatal(got)
	}
	m := newMachine(t)
	m.systemctl(t, "start")
	eventually(t, "it serves", func() bool { return on(t, m.addr, "PING") == "PONG" })
	t.Setenv("PATH", m.fake+":"+os.Getenv("PATH"))
	token := first.token(t)

	got := confman(t, nil, "", "join --config "+m.file+" "+token)
	for _, want := range []string{"the token is in " + m.file, "confman was restarted", "as a voter", "what was there is in " + m.dir} {
		if !strings.Contains(got, want) {
			log, _ := os.ReadFile(filepath.Join(m.fake, "log"))
			t.Fatalf("it does not say %q:\n%s\n%s", want, got, log)
		}
	}
	if m.told() != "start confman\nstop confman\nrestart confman\n" {
		t.Errorf("systemctl was told\n%s", m.told())
	}
	if got := confman(t, nil, "", "get prod/api/timeout -a "+m.addr); got != "30s\n" {
		t.Error(got)
	}
	if n := first.info(t)["raft_voters"]; n != "2" {
		t.Errorf("%s voters", n)
	}
	content, err := os.ReadFile(m.file)
	if err != nil || !strings.HasPrefix(string(content), "# ours\n") || !strings.Contains(string(content), " # clients\n") || !strings.Contains(string(content), "\njoin: \""+token+"\"\n") {
		t.Errorf("%v: %s", err, content)
	}
	if info, err := os.Stat(m.file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if len(m.asides()) != 1 {
		t.Errorf("aside: %q", m.asides())
	}
	if got := confman(t, nil, "", "join --config "+m.file+" "+first.token(t)); !strings.Contains(got, "this machine is node 2 of that cluster already") || !strings.HasSuffix(got, "[exit 4]\n") {
		t.Error(got)
	}
}

// Data that somebody may need stays where it is, unless it is said that it may go; then it is kept beside.
func TestJoinKeepsData(t *testing.T) {
	first := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return first.info(t)["raft_role"] == "leader" })
	m := newMachine(t)
	m.systemctl(t, "start")
	eventually(t, "it serves, and leads", func() bool { return on(t, m.addr, "SET mine 1") == "OK" })
	t.Setenv("PATH", m.fake+":"+os.Getenv("PATH"))
	line := "join --config " + m.file + " " + first.token(t)
	before, _ := os.ReadFile(m.file)
	got := confman(t, nil, "", line)
	if !strings.Contains(got, "nothing was changed: the node has 1 configs of its own") || !strings.HasSuffix(got, "[exit 4]\n") {
		t.Error(got)
	}
	if after, _ := os.ReadFile(m.file); string(after) != string(before) || m.told() != "start confman\n" || len(m.asides()) > 0 {
		t.Errorf("something was changed: %s, %s", after, m.told())
	}
	if got := confman(t, nil, "", line+" --discard-data"); !strings.Contains(got, "as a voter") {
		t.Fatal(got)
	}
	if got := on(t, m.addr, "GET mine"); got != "(nil)" {
		t.Errorf("it has %s", got)
	}
	if all := m.asides(); len(all) != 1 {
		t.Errorf("aside: %q", all)
	} else if got := confman(t, nil, "", "inspect "+all[0]+" mine"); !strings.Contains(got, "value") {
		t.Error(got)
	}
}

// Without systemd it is said what is to be done; what cannot go well is said before anything is changed.
func TestJoinWithoutSystemd(t *testing.T) {
	first := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return first.info(t)["raft_role"] == "leader" })
	t.Setenv("PATH", t.TempDir())
	token := first.token(t)
	file := writeFile(t, "data_dir: "+t.TempDir()+"\nraft_addr: "+freeAddr(t)+"\n")
	got := confman(t, nil, "", "join --config "+file+" --raft-addr 127.0.0.1:7999 "+token)
	if !strings.Contains(got, "start the node, and it joins: confman serve --config "+file) || strings.Contains(got, "[exit") {
		t.Error(got)
	}
	if content, _ := os.ReadFile(file); !strings.Contains(string(content), "raft_addr: 127.0.0.1:7999\n") || !strings.Contains(string(content), token) {
		t.Errorf("%s", content)
	}
	for line, want := range map[string]string{
		"join --config " + file + " confman1.nonsense":              "this is no token: copy all of what confman token has printed, from confman1. to its end\n[exit 2]",
		"join --config " + file:                                     "usage: confman join TOKEN\n[exit 2]",
		"join --config " + file + ".no " + token:                    "there is no settings file " + file + ".no: make an empty one, or name another with --config\n[exit 3]",
		"join --config " + writeFile(t, "profile: [") + " " + token: "[exit 78]",
	} {
		if got := confman(t, nil, "", line); !strings.HasSuffix(got, want+"\n") {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// A service that gives up ends the waiting, and it is said where to read why.
func TestJoinOfAServiceThatGivesUp(t *testing.T) {
	first := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return first.info(t)["raft_role"] == "leader" })
	m := newMachine(t)
	t.Setenv("PATH", m.fake+":"+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(m.fake, "broken"), []byte("failed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := first.token(t)
	taken := fmt.Sprintf("join --config %s --raft-addr %s %s", m.file, first.raft, token)
	if got := confman(t, nil, "", taken); !strings.Contains(got, "the service has given up: journalctl -u confman -o cat -n 5 says why") || !strings.HasSuffix(got, "[exit 1]\n") {
		t.Error(got)
	}
	if log, _ := os.ReadFile(filepath.Join(m.fake, "log")); !strings.Contains(string(log), "is in use") {
		t.Errorf("the service says\n%s", log)
	}
}
