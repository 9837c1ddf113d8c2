package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// The values of log_format.
const (
	logAuto    = "auto"
	logText    = "text"
	logJSON    = "json"
	logJournal = "journal"
)

// logFormat is the one that logs are written in: auto is the journal's where standard error is the journal, and text elsewhere.
func (p *program) logFormat(set string) string {
	switch {
	case set != logAuto:
		return set
	case isJournal(p.stderr, p.env("JOURNAL_STREAM", "")):
		return logJournal
	}
	return logText
}

// logger writes what is logged to standard error.
func (p *program) logger(level slog.Leveler, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	switch p.logFormat(format) {
	case logJSON:
		return slog.New(slog.NewJSONHandler(p.stderr, options))
	case logJournal:
		return slog.New(newJournalHandler(p.stderr, options))
	}
	return slog.New(slog.NewTextHandler(p.stderr, options))
}

// A journalHandler writes for systemd's journal: a line begins with its priority, as sd-daemon(3) has it, and
// has no time, because the journal knows it.
type journalHandler struct {
	slog.Handler
	out *prefixed
}

// prefixed puts a prefix before what is written in one go.
type prefixed struct {
	w io.Writer

	mu     sync.Mutex // held while a record is handled
	prefix string
}

func (w *prefixed) Write(b []byte) (int, error) {
	if _, err := w.w.Write(bytes.Join([][]byte{[]byte(w.prefix), b}, nil)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func newJournalHandler(w io.Writer, options *slog.HandlerOptions) slog.Handler {
	options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	out := &prefixed{w: w}
	return journalHandler{slog.NewTextHandler(out, options), out}
}

func (j journalHandler) Handle(ctx context.Context, r slog.Record) error {
	j.out.mu.Lock()
	defer j.out.mu.Unlock()
	j.out.prefix = priority(r.Level)
	return j.Handler.Handle(ctx, r)
}

func (j journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journalHandler{j.Handler.WithAttrs(attrs), j.out}
}

func (j journalHandler) WithGroup(name string) slog.Handler {
	return journalHandler{j.Handler.WithGroup(name), j.out}
}

// priority is syslog's for a level, as the journal reads it at the beginning of a line.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}
