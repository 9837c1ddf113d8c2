package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Each format of the log is what its readers take: the journal gets priorities and no times.
func TestLogFormats(t *testing.T) {
	for format, fits := range map[string]func(line string) bool{
		logAuto: func(line string) bool {
			return strings.HasPrefix(line, "time=") && strings.Contains(line, " level=WARN msg=\"two\\nlines\" node=1 a=b")
		},
		logText: func(line string) bool { return strings.HasPrefix(line, "time=") },
		logJSON: func(line string) bool {
			var all map[string]any
			return json.Unmarshal([]byte(line), &all) == nil && all["level"] == "WARN" && all["msg"] == "two\nlines" && all["node"] == 1.0
		},
		logJournal: func(line string) bool { return line == "<4>msg=\"two\\nlines\" node=1 a=b\n" },
	} {
		var out bytes.Buffer
		p := &program{stderr: &out}
		p.logger(slog.LevelInfo, format).With("node", 1).Warn("two\nlines", "a", "b")
		if !fits(out.String()) {
			t.Errorf("%s: %q", format, out.String())
		}
	}
	var out bytes.Buffer
	log := (&program{stderr: &out}).logger(slog.LevelDebug, logJournal)
	log.Debug("d")
	log.Info("i")
	log.Error("e")
	if got, want := out.String(), "<7>msg=d\n<6>msg=i\n<3>msg=e\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What is logged goes to the journal as the journal has it if standard error is the very stream that systemd names.
func TestTheJournalIsRecognised(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	is := info.Sys().(*syscall.Stat_t)
	for stream, want := range map[string]string{fmt.Sprintf("%d:%d", is.Dev, is.Ino): logJournal, fmt.Sprintf("%d:%d", is.Dev, is.Ino+1): logText, "": logText} {
		p := &program{stderr: f, environ: []string{"JOURNAL_STREAM=" + stream}}
		if got := p.logFormat(logAuto); got != want {
			t.Errorf("JOURNAL_STREAM=%s: %s, want %s", stream, got, want)
		}
	}
}

// Settings that are wrong have an exit code by which a service manager knows not to try again; a port that is taken has another one.
func TestExitCodesOfServe(t *testing.T) {
	for content, want := range map[string]string{
		"profile: [\n":                         "[exit 78]",
		"log_level: loud\n":                    "[exit 78]",
		"no_such: 1\n":                         "[exit 78]",
		"resp_addr: 7001\nraft_addr: 7001\n":   "[exit 78]",
		"log_format: journal\nprofile: fast\n": "[exit 78]",
	} {
		got := confman(t, nil, "", "serve --data-dir "+t.TempDir()+" --config "+writeFile(t, content))
		if !strings.HasSuffix(got, want+"\n") {
			t.Errorf("%q: %s, want %s", content, got, want)
		}
	}
	if got := confman(t, nil, "", "serve --config "+filepath.Join(t.TempDir(), "none.yaml")); !strings.HasSuffix(got, "[exit 78]\n") {
		t.Error(got)
	}
}
