package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The settings file that packages install is one as it is, and sets only what a package needs.
func TestDefaultConfig(t *testing.T) {
	file := writeFile(t, confman(t, nil, "", "docs config"))
	s, where, err := sources{file: file}.load()
	want := defaults()
	want.DataDir = "/var/lib/confman"
	if err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for name, from := range where {
		if _, set := packaged[name]; set != strings.HasPrefix(from, file) {
			t.Errorf("%s is from %s", name, from)
		}
	}
	if got := confman(t, []string{"CONFMAN_CONFIG=" + file}, "", "config check"); got != "ok\n" {
		t.Errorf("config check: %s", got)
	}
}

// commented is a setting that is switched off: people remove the #.
var commented = regexp.MustCompile(`(?m)^#(\S)`)

// With every # removed before a setting the file has all settings, and each is what it is by default.
func TestDefaultConfigUncommented(t *testing.T) {
	text := commented.ReplaceAllString(defaultConfig(), "$1")
	file := writeFile(t, text)
	s, where, err := sources{file: file}.load()
	want := defaults()
	want.DataDir = "/var/lib/confman"
	if err != nil || s != want {
		t.Errorf("%+v, %v in\n%s", s, err, text)
	}
	for _, d := range settings() {
		if !strings.HasPrefix(where[d.name], file) {
			t.Errorf("%s is from %s", d.name, where[d.name])
		}
		if !strings.Contains(text, "\n"+d.name+": ") {
			t.Errorf("there is no line for %s", d.name)
		}
	}
	for line := range strings.Lines(text) {
		if len(line) > 100 {
			t.Errorf("a line is too long: %s", line)
		}
	}
}

// CONFIG REWRITE leaves the comments, and writes what was changed behind them.
func TestDefaultConfigRewritten(t *testing.T) {
	file := writeFile(t, defaultConfig())
	r := runningFrom(t, file)
	r.change(t, "log_level=debug")
	if err := r.Rewrite(); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != defaultConfig()+"log_level: debug\n" {
		t.Errorf("%v\n%s", err, content)
	}
}
