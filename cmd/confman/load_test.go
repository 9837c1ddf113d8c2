package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "confman.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// emptyFile keeps a test from reading the machine's settings.
func emptyFile(t *testing.T) string {
	t.Helper()
	return writeFile(t, "")
}

// Each source overrules those before it, and the origin names the last that has the setting.
func TestPrecedence(t *testing.T) {
	file := writeFile(t, "profile: wan\nresp_addr: 7001 # a port\nhttp_addr: 7002\njoin:\n")
	s, where, err := sources{
		file:    file,
		environ: []string{"PATH=/bin", "CONFMAN_HTTP_ADDR=7012", "CONFMAN_RESP_ADDR=7011", "CONFMAN_MAX_VALUE=2048"},
		flags:   map[string]string{"resp-addr": "[::1]:7021", "data-dir": "/data"},
	}.load()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][3]string{
		{"data_dir", "/data", "flag --data-dir"},
		{"resp_addr", "[::1]:7021", "flag --resp-addr"},
		{"http_addr", "127.0.0.1:7012", "environment CONFMAN_HTTP_ADDR"},
		{"raft_addr", "127.0.0.1:6481", "default"},
		{"join", "", "default"},
		{"profile", "wan", file + ":1"},
		{"max_value", "2048", "environment CONFMAN_MAX_VALUE"},
		{"max_clients", "10000", "default"},
	} {
		if got := settingNamed(want[0]).text(s); got != want[1] || where[want[0]] != want[2] {
			t.Errorf("%s is %q from %s, want %q from %s", want[0], got, where[want[0]], want[1], want[2])
		}
	}
}

// Errors name the variable or the flag, and what is expected.
func TestMistakesInTheEnvironmentAndInFlags(t *testing.T) {
	for variable, want := range map[string]string{
		"CONFMAN_PROFILE=fast":        `CONFMAN_PROFILE in the environment: "fast" is not one of lan, edge, wan, metered`,
		"CONFMAN_MAX_VALUE=1MB":       `CONFMAN_MAX_VALUE in the environment: "1MB" is not a whole number`,
		"CONFMAN_MAX_CLIENTS=0":       `CONFMAN_MAX_CLIENTS in the environment: "0" is not at least 1`,
		"CONFMAN_WRITE_HOLD=1500":     `CONFMAN_WRITE_HOLD in the environment: "1500" is not a time above zero: write 1500ms or 2s`,
		"CONFMAN_RESP_ADDR=localhost": `CONFMAN_RESP_ADDR in the environment: "localhost" is not an address: write HOST:PORT, or a port alone for loopback`,
		"CONFMAN_LOG_LEVEL=loud":      `CONFMAN_LOG_LEVEL in the environment: "loud" is not one of debug, info, warn, error`,
		"CONFMAN_DATA_DIR=":           `CONFMAN_DATA_DIR in the environment: "" is not the name of a directory`,
		"CONFMAN_JOIN=":               "",
		"CONFMAN_ALLOW_FLUSH=true":    "",
		"CONFMAN_ALLOW_FLUSH=yes":     `CONFMAN_ALLOW_FLUSH in the environment: "yes" is neither true nor false`,
		"CONFMAN_ALLOW_FLUSH=":        `CONFMAN_ALLOW_FLUSH in the environment: "" is neither true nor false`,
		"CONFMAN_SCAN_VIEW=leaves":    `CONFMAN_SCAN_VIEW in the environment: "leaves" is not one of configs, namespaces`,
		"CONFMAN_TIMEOUT=-1":          `CONFMAN_TIMEOUT in the environment: "-1" is not at least 0`,
		"CONFMAN_TIMEOUT=5s":          `CONFMAN_TIMEOUT in the environment: "5s" is not a whole number`,

		"CONFMAN_SLOWLOG_LOG_SLOWER_THAN=-1":   "",
		"CONFMAN_SLOWLOG_LOG_SLOWER_THAN=-2":   `CONFMAN_SLOWLOG_LOG_SLOWER_THAN in the environment: "-2" is not at least -1`,
		"CONFMAN_SLOWLOG_MAX_LEN=100001":       `CONFMAN_SLOWLOG_MAX_LEN in the environment: "100001" is not at most 100000`,
		"CONFMAN_LATENCY_MONITOR_THRESHOLD=-1": `CONFMAN_LATENCY_MONITOR_THRESHOLD in the environment: "-1" is not at least 0`,
	} {
		_, _, err := sources{file: emptyFile(t), environ: []string{variable}}.load()
		if got := text(err); got != want {
			t.Errorf("%s: %q, want %q", variable, got, want)
		}
	}
	for flag, want := range map[string][2]string{
		"advertise": {"10.0.0.1:6481", `flag --advertise: "10.0.0.1:6481" is not the name or the address of a machine, without a port`},
		"join":      {"node1", `flag --join: "node1" is not what confman token prints, from confman1. to its end, nor an address HOST:PORT`},
	} {
		_, _, err := sources{file: emptyFile(t), flags: map[string]string{flag: want[0]}}.load()
		if got := text(err); got != want[1] {
			t.Errorf("--%s %s: %q, want %q", flag, want[0], got, want[1])
		}
	}
}

// A variable that looks like a setting is one misspelt, or somebody else's: confman says
// which it may have meant, never what it holds, and goes on.
func TestVariablesThatAreNoSettings(t *testing.T) {
	got := strings.Join(sources{environ: []string{
		"CONFMAN_PASWORD=hunter2", "CONFMAN_CONFIG=x", "CONFMAN_JOIN=x", "CONFMAN_SERVICE_HOST=10.0.0.1", "HOME=/root",
	}}.strangers(), "\n")
	const want = "CONFMAN_PASWORD in the environment is no setting: did you mean CONFMAN_PASSWORD?\n" +
		"CONFMAN_SERVICE_HOST in the environment is no setting"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestTheFileThatIsNamedMustBeThere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	_, _, err := sources{file: missing}.load()
	if want := "read the settings: open " + missing + ": no such file or directory"; text(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
