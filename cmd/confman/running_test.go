package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"confman/replication"
	"confman/resp"
)

// run starts from a settings file and an environment.
func runningFrom(t *testing.T, file string, environ ...string) *running {
	t.Helper()
	from := sources{file: file, environ: environ}
	s, where, err := from.load()
	if err != nil {
		t.Fatal(err)
	}
	return newRunning(from, s, where)
}

// change changes settings that are written as name=value.
func (r *running) change(t *testing.T, changes ...string) {
	t.Helper()
	var to []resp.Setting
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		to = append(to, resp.Setting{Name: name, Value: value})
	}
	if wrong, err := r.Change(to); err != nil {
		t.Fatalf("%s: %v", changes[wrong], err)
	}
}

// What was changed is written where it stands, or at the end; nothing else changes.
func TestRewrite(t *testing.T) {
	for _, c := range []struct{ content, changes, want string }{
		{"", "timeout=60", "timeout: 60\n"},
		{"# ours\n", "timeout=60 log_level=debug", "# ours\nlog_level: debug\ntimeout: 60\n"},
		{"---\n# ours\n\nprofile: lan\n\n# many\nmax_clients: 5   # for now\n\njoin:\n", "max_clients=6", "---\n# ours\n\nprofile: lan\n\n# many\nmax_clients: 6   # for now\n\njoin:\n"},
		{"max_clients:# none\ntimeout: 1# x\n", "max_clients=6", ""},
		{"max_clients: # later\ntimeout:\n", "max_clients=6 timeout=7", "max_clients: 6 # later\ntimeout: 7\n"},
		{"profile: lan\r\n\"log_level\": 'info' # \"x\"\r\n", "log_level=warn timeout=7", "profile: lan\r\n\"log_level\": warn # \"x\"\r\ntimeout: 7\r\n"},
		{"profile: lan", "timeout=7", "profile: lan\ntimeout: 7\n"},
		{"profile: lan\r\ndata_dir: /x", "timeout=7", "profile: lan\r\ndata_dir: /x\r\ntimeout: 7\r\n"},
		{"\ufefflog_level: info\n", "log_level=warn", "\ufefflog_level: warn\n"},
		{"password: \"timeout: 3\"\ntimeout: 4\n", "timeout=7", "password: \"timeout: 3\"\ntimeout: 7\n"},
		{"password: |\n  timeout: 3\ntimeout: 4\n", "timeout=7", "password: |\n  timeout: 3\ntimeout: 7\n"},
		{
			"scan_view: configs\n", "scan_view=namespaces slowlog_log_slower_than=-1 slowlog_max_len=0 latency_monitor_threshold=5",
			"scan_view: namespaces\nslowlog_log_slower_than: -1\nslowlog_max_len: 0\nlatency_monitor_threshold: 5\n",
		},
		{"password: hunter2 # old\n", "password=a'\"\\#é password=\x01b:", "password: \"\\x01b:\" # old\n"},
		{"password: 'it''s'\ntimeout: 4\n", "password=a'\"\\#é protected_mode=false", "password: \"a'\\\"\\\\#é\"\ntimeout: 4\nprotected_mode: false\n"},
		{"password: \"a\\\"b\"\n", "password=", "password: \"\"\n"},
		// Only who wrote these can.
		{"{profile: lan}\n", "timeout=7", ""},
		{"{timeout: 5}\n", "timeout=7", ""},
		{"log_level:\n  info\n", "log_level=warn", ""},
		{"log_level: |\n  info\n", "log_level=warn", ""},
	} {
		path := writeFile(t, c.content)
		if _, _, err := (sources{file: path}).load(); err != nil && c.want == "" {
			continue // it could not be started with
		}
		r := runningFrom(t, path)
		r.change(t, strings.Fields(c.changes)...)
		err := r.Rewrite()
		got, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		switch {
		case c.want == "" && (err == nil || string(got) != c.content):
			t.Errorf("%q: %v, and the file is %q", c.content, err, got)
		case c.want != "" && (err != nil || string(got) != c.want):
			t.Errorf("%q: %v\n%q\nwant\n%q", c.content, err, got, c.want)
		}
		if left, _ := filepath.Glob(path + newSuffix + "*"); len(left) > 0 {
			t.Errorf("%q: %v is left", c.content, left)
		}
	}
}

// The file that the node was started with may have been edited or lost meanwhile, and may be a link.
func TestRewriteOfAFileThatHasChanged(t *testing.T) {
	path := writeFile(t, "timeout: 5\n")
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	r := runningFrom(t, link)
	r.change(t, "timeout=7")
	for _, step := range []struct{ content, want, fails string }{
		{"# mine\nprofile: lan\n", "# mine\nprofile: lan\ntimeout: 7\n", ""},
		{"profile: fast\n", "profile: fast\n", `"fast" is not one of`},
		{"password: hunter2\nprofile: [\n", "password: hunter2\nprofile: [\n", ""},
	} {
		if err := os.WriteFile(path, []byte(step.content), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		err := r.Rewrite()
		got, _ := os.ReadFile(path)
		if string(got) != step.want || !strings.Contains(text(err), step.fails) || strings.Contains(text(err), "hunter2") {
			t.Errorf("%q: %v, and the file is %q", step.content, err, got)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link is %q, %v", to, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := r.Rewrite(); !strings.HasPrefix(text(err), "read the settings: ") {
		t.Error(err)
	}
}

// CONFIG shows the settings as config show does, and changes those that can be.
func TestConfigOfANode(t *testing.T) {
	path := writeFile(t, "password: hunter2\nmax_clients: 500 # some\nsnapshot_rate: 7\nslowlog_max_len: 9\nscan_view: namespaces\nallow_flush: true\n")
	r := runningFrom(t, path, "CONFMAN_TIMEOUT=60", "CONFMAN_DATA_DIR=/data", "CONFMAN_LOG_LEVEL=error")
	addr := serveStore(t, &resp.Server{Settings: r, Password: "hunter2", AllowFlush: r.settings().AllowFlush}, replication.Status{})
	c, err := resp.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, step := range [][2]string{
		{"AUTH hunter2", "OK"},
		{"CONFIG GET max_clients", "1) \"max_clients\"\n2) \"500\""},
		{"CONFIG GET maxclients slowlog-max-len", "1) \"maxclients\"\n2) \"500\"\n3) \"slowlog-max-len\"\n4) \"9\""},
		{"CONFIG GET timeout", "1) \"timeout\"\n2) \"60\""},
		{"CONFIG GET password requirepass", "1) \"password\"\n2) \"(set)\"\n3) \"requirepass\"\n4) \"(set)\""},
		{"CONFIG GET dir data-dir", "1) \"dir\"\n2) \"/data\"\n3) \"data-dir\"\n4) \"/data\""},
		{"CONFIG GET allow_flush", "1) \"allow_flush\"\n2) \"true\""},
		{"CONFIG GET loglevel", "1) \"loglevel\"\n2) \"warning\""},
		{"CONFIG SET allow_flush false", "(error) ERR CONFIG SET failed (possibly related to argument 'allow_flush') - can't set immutable config"},
		{"CONFIG SET password hunter3 requirepass hunter4", "(error) ERR CONFIG SET failed (possibly related to argument 'requirepass') - duplicate parameter"},
		{`CONFIG SET requirepass "hunter2 \" too" protected-mode no`, "OK"},
		{"CONFIG GET password requirepass", "1) \"password\"\n2) \"(set)\"\n3) \"requirepass\"\n4) \"(set)\""},
		{"CONFIG GET protected-mode protected_mode", "1) \"protected-mode\"\n2) \"no\"\n3) \"protected_mode\"\n4) \"false\""},
		{"AUTH hunter2", "(error) WRONGPASS invalid username-password pair or user is disabled."},
		{`AUTH "hunter2 \" too"`, "OK"},
		{"CONFIG SET maxclients 600 log_level warn", "OK"},
		{"CONFIG GET max_clients log_level loglevel", "1) \"max_clients\"\n2) \"600\"\n3) \"log_level\"\n4) \"warn\"\n5) \"loglevel\"\n6) \"warning\""},
		{"CONFIG SET timeout 30 log_level loud", "(error) ERR CONFIG SET failed (possibly related to argument 'log_level') - \"loud\" is not one of debug, info, warn, error"},
		{"CONFIG SET timeout 30 maxclients 1000001", "(error) ERR CONFIG SET failed (possibly related to argument 'maxclients') - \"1000001\" is not at most 1000000"},
		{"CONFIG GET timeout", "1) \"timeout\"\n2) \"60\""},
		{"CONFIG SET scan_view Configs", "OK"},
		{"CONFIG REWRITE", "(error) ERR " + path + " is written, but at the next start it is overruled: log_level is also set by environment CONFMAN_LOG_LEVEL"},
	} {
		words, err := resp.SplitLine(step[0])
		if err != nil {
			t.Fatal(err)
		}
		reply, err := c.Do(t.Context(), words...)
		if got := resp.Format(reply); err != nil || got != step[1] {
			t.Errorf("%s: %s, %v, want %s", step[0], got, err, step[1])
		}
	}
	all, err := c.Do(t.Context(), "CONFIG", "GET", "*")
	if err != nil || strings.Contains(resp.Format(all), "hunter2") {
		t.Errorf("%s, %v", resp.Format(all), err)
	}
	for _, d := range settings() {
		if !strings.Contains(resp.Format(all), `"`+d.name+`"`) {
			t.Errorf("CONFIG GET * does not have %s", d.name)
		}
	}
	const want = "password: \"hunter2 \\\" too\"\nmax_clients: 600 # some\nsnapshot_rate: 7\nslowlog_max_len: 9\nscan_view: configs\nallow_flush: true\nlog_level: warn\nprotected_mode: false\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	if r.level.Level().String() != "WARN" {
		t.Error(r.level.Level())
	}
}

// SHUTDOWN ends a node as a signal does, and answers nothing.
func TestShutdown(t *testing.T) {
	m := serveUntilEnd(t, "")
	eventually(t, "a leader", func() bool { return m.info(t)["raft_role"] == "leader" })
	c, err := resp.Dial(t.Context(), m.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, words := range [][]string{{"SET", "a", "1"}, {"SAVE"}, {"BGREWRITEAOF"}} {
		if reply, err := c.Do(t.Context(), words...); err != nil || strings.HasPrefix(resp.Format(reply), "(error)") {
			t.Errorf("%s: %v, %v", words, reply, err)
		}
	}
	if reply, err := c.Do(t.Context(), "SHUTDOWN", "NOSAVE"); err == nil {
		t.Errorf("SHUTDOWN answers %v", reply)
	}
	eventually(t, "the end", func() bool {
		again, err := resp.Dial(context.Background(), m.addr)
		if err == nil {
			_ = again.Close()
		}
		return err != nil
	})
}
