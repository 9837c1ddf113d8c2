package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
)

// A port that is taken names who has it, and the flag that changes it.
func TestBusyPorts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells who has a port")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	holder := fmt.Sprintf("%s is in use by %s (process %d): stop that, or choose another address with --", ln.Addr(), strings.TrimSpace(string(comm)), os.Getpid())
	data := t.TempDir()
	for flag, other := range map[string]string{"resp-addr": "raft-addr", "raft-addr": "resp-addr"} {
		line := fmt.Sprintf("serve --config %s --data-dir %s --http-addr 0 --%s 0 --%s %s", emptyFile(t), data, other, flag, ln.Addr())
		if got, want := confman(t, nil, "", line), "confman: "+holder+flag+"\n[exit 1]\n"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if entries, err := os.ReadDir(data); err != nil || len(entries) > 0 {
		t.Errorf("the data directory has %v, %v", entries, err)
	}
}

// A node says what runs where and what to type next, serves, and ends with exit code 0.
func TestServeSaysWhatToTypeNext(t *testing.T) {
	m := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return m.info(t)["raft_role"] == "leader" })
	_, port, _ := net.SplitHostPort(m.addr)
	for _, want := range []string{
		"redis-cli -p " + port + " SET prod/api/timeout 30s",
		"confman token -a " + port + ", and there confman serve --join TOKEN",
		"Ctrl-C stops the node.",
	} {
		if !strings.Contains(m.output.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, m.output.String())
		}
	}
	environ := []string{"CONFMAN_RESP_ADDR=" + m.addr}
	if got := confman(t, environ, "", "set prod/api/timeout 30s"); got != "" {
		t.Error(got)
	}
	if got := confman(t, environ, "", "get prod/api/timeout"); got != "30s\n" {
		t.Error(got)
	}
	if got := confman(t, environ, "", "status"); !strings.Contains(got, "leader") {
		t.Error(got)
	}
	for _, fact := range strings.Fields("confman_version node_id cluster_id profile raft_role raft_term raft_leader raft_leader_addr raft_voters " +
		"raft_reachable applied_revision leader_contact_ms staleness_ms state_hash") {
		if m.info(t)[fact] == "" {
			t.Errorf("INFO confman does not tell %s", fact)
		}
	}
}

// The password comes from a file or the environment, and config show tells only that it is set.
func TestConfigShow(t *testing.T) {
	file := writeFile(t, "password: hunter2\nprofile: lan\n")
	got := confman(t, []string{"CONFMAN_MAX_CLIENTS=5"}, "", "config show --origin --config "+file)
	var lines []string
	for line := range strings.Lines(got) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	shown := strings.Join(lines, "\n")
	for _, want := range []string{
		"password (set) " + file + ":1", "profile lan " + file + ":2", "max_clients 5 environment CONFMAN_MAX_CLIENTS", "join - default",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("it does not show %q:\n%s", want, shown)
		}
	}
	for _, output := range []string{"table", "json", "yaml"} {
		if got := confman(t, nil, "", "config show --config "+file+" --output "+output); strings.Contains(got, "hunter2") || !strings.Contains(got, "(set)") {
			t.Errorf("%s:\n%s", output, got)
		}
	}
}

// A node without a password starts wherever it listens, and says who is served.
func TestExposure(t *testing.T) {
	for _, c := range []struct {
		environ []string
		want    string
	}{
		{nil, ""},
		{[]string{"CONFMAN_RESP_ADDR=[::1]:6479", "CONFMAN_PROTECTED_MODE=false"}, ""},
		{[]string{"CONFMAN_RESP_ADDR=0.0.0.0:6479"}, "are refused"},
		{[]string{"CONFMAN_RESP_ADDR=[::]:6479", "CONFMAN_PROTECTED_MODE=false"}, "whoever reaches [::]:6479 reads and writes everything"},
		{[]string{"CONFMAN_RESP_ADDR=0.0.0.0:6479", "CONFMAN_PASSWORD=hunter2", "CONFMAN_PROTECTED_MODE=false"}, ""},
	} {
		s, _, err := sources{file: emptyFile(t), environ: c.environ}.load()
		if err != nil {
			t.Fatal(err)
		}
		if got := exposure(s); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.environ, got, c.want)
		}
	}
}
