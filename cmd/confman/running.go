package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"confman/resp"
)

// A running node's settings are those that it was started with, and what CONFIG SET has
// changed since. They outlive the server when the node starts again by itself.
type running struct {
	from  sources
	where origins
	level slog.LevelVar
	// restart is that the process ends to be started again.
	restart atomic.Bool

	mu      sync.Mutex
	now     Settings
	changed map[string]bool // by name
}

func newRunning(from sources, s Settings, where origins) *running {
	r := &running{from: from, where: where, now: s, changed: map[string]bool{}}
	r.level.Set(levelOf(s))
	return r
}

// settings returns them as they are now.
func (r *running) settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// All returns every setting, for CONFIG GET.
func (r *running) All() (all []resp.Setting) {
	s := r.settings()
	for _, d := range settings() {
		all = append(all, resp.Setting{Name: d.name, Value: d.text(s), Secret: d.secret, Fixed: !d.live})
	}
	return all
}

// Change changes settings, all of them or none.
func (r *running) Change(to []resp.Setting) (wrong int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.now
	for i, one := range to {
		d := settingNamed(one.Name)
		if d == nil || !d.live {
			return i, errors.New("only a start of the node changes it")
		}
		if err := next.overrule(*d, one.Value); err != nil {
			return i, err
		}
	}
	r.now = next
	for _, one := range to {
		r.changed[one.Name] = true
	}
	r.level.Set(levelOf(next))
	return 0, nil
}

// Rewrite writes into the settings file what was changed. What overrules the file at the next
// start cannot be changed there, which whoever asked for it has to know.
func (r *running) Rewrite() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	path, content, err := r.from.read()
	switch {
	case path == "":
		return resp.ErrNoSettingsFile
	case err != nil:
		return err
	}
	if content, err = r.rewritten(path, content); err != nil {
		return err
	}
	if err := replaceSettings(path, content); err != nil {
		return spaceError(err)
	}
	var overruled []string
	for _, d := range settings() {
		if from := r.where[d.name]; r.changed[d.name] && (strings.HasPrefix(from, "environment ") || strings.HasPrefix(from, "flag ")) {
			overruled = append(overruled, fmt.Sprintf("%s is also set by %s", d.name, from))
		}
	}
	if len(overruled) > 0 {
		return resp.Error(fmt.Sprintf("ERR %s is written, but at the next start it is overruled: %s", path, strings.Join(overruled, ", ")))
	}
	return nil
}
