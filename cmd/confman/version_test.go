package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

// version tells what a bug report needs: what it was built from, by what, and for what.
func TestVersion(t *testing.T) {
	keep := [3]string{version, commit, date}
	version, commit, date = "v1.2.3", "0123abc", "2026-11-28"
	t.Cleanup(func() { version, commit, date = keep[0], keep[1], keep[2] })
	platform := runtime.GOOS + "/" + runtime.GOARCH
	want := "confman v1.2.3\ncommit    0123abc\ndate      2026-11-28\ngo        " + runtime.Version() + "\nplatform  " + platform + "\n"
	if got := confman(t, nil, "", "version"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var b build
	if err := json.Unmarshal([]byte(confman(t, nil, "", "version --output json")), &b); err != nil || b != (build{"v1.2.3", "0123abc", "2026-11-28", runtime.Version(), platform}) {
		t.Errorf("%+v, %v", b, err)
	}
	if got := confman(t, nil, "", "--version"); got != "confman v1.2.3\n" {
		t.Errorf("--version: %s", got)
	}
	version = ""
	if got := confman(t, nil, "", "version -o yaml"); !strings.Contains(got, "version: ") || strings.Contains(got, `version: ""`) {
		t.Errorf("a build that nobody stamped: %s", got)
	}
}
