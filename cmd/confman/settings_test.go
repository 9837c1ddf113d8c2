package main

import (
	"strings"
	"testing"
)

// Each setting has all that its one declaration is to serve, and every one can be set from
// the environment to what it is by default.
func TestSettingsAreDeclaredOnce(t *testing.T) {
	for _, d := range settings() {
		if d.usage == "" || d.env != "CONFMAN_"+strings.ToUpper(d.name) {
			t.Errorf("%+v", d)
		}
		if d.flag != "" && d.flag != strings.ReplaceAll(d.name, "_", "-") {
			t.Errorf("the flag of %s is %s", d.name, d.flag)
		}
		s := Settings{}
		if err := d.parse(&s, d.text(defaults())); err != nil || d.text(s) != d.text(defaults()) {
			t.Errorf("%s: %q, %v", d.name, d.text(s), err)
		}
	}
}

func TestTheFlagsOfServe(t *testing.T) {
	var names []string
	for _, f := range settingFlags() {
		names = append(names, "--"+f.Names()[0])
	}
	const want = "--config --data-dir --resp-addr --http-addr --raft-addr --advertise --join --profile"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheDefaultsAreFine(t *testing.T) {
	s := defaults()
	if err := s.check(); err != nil || len(s.faults()) > 0 {
		t.Errorf("%v, %v", err, s.faults())
	}
}

func TestDataDirectory(t *testing.T) {
	for _, c := range []struct {
		root              bool
		state, home, want string
	}{
		{true, "/state", "/root", "/var/lib/confman"},
		{false, "/state", "/home/ann", "/state/confman"},
		{false, "", "/home/ann", "/home/ann/.local/state/confman"},
		{false, "state", "/home/ann", "/home/ann/.local/state/confman"},
		{false, "", "", ""},
	} {
		if got := dataDirOf(c.root, c.state, c.home); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// What no single setting tells is checked when all are known, wherever they are from.
func TestSettingsThatDoNotGoTogether(t *testing.T) {
	for _, c := range []struct {
		flags   map[string]string
		environ []string
		want    string
	}{
		{map[string]string{"resp-addr": "0.0.0.0:6479"}, nil, ""},
		{map[string]string{"resp-addr": "[::1]:6479"}, nil, ""},
		{map[string]string{"resp-addr": "7", "raft-addr": "[::1]:7"}, nil, "resp_addr and raft_addr both have port 7: give each a port of its own"},
		{map[string]string{"http-addr": "6481"}, nil, "http_addr and raft_addr both have port 6481: give each a port of its own"},
		{map[string]string{"resp-addr": "0", "http-addr": "0", "raft-addr": "0"}, nil, ""},
	} {
		_, _, err := sources{file: emptyFile(t), environ: c.environ, flags: c.flags}.load()
		if got := text(err); got != c.want {
			t.Errorf("%v %v: %q, want %q", c.environ, c.flags, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
