package replication

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"confman/store"
)

// A crash is a life of the node that ended in a panic or in an error of its disk. A process
// that was killed, or whose power was cut, has not crashed: starting it again is all it needs.
type crash struct {
	At  time.Time `json:"at"`
	Why string    `json:"why"`
}

// A node that crashes so often in so short a time would do so again: it starts for reading alone.
const (
	maxCrashes  = 3
	crashWindow = 5 * time.Minute
)

const (
	crashesFile = "crashes.json" // the crashes of the past, the oldest first
	panicFile   = "panic.txt"    // what the runtime prints when the process dies
	lastPanic   = "panic.last.txt"
)

// loadCrashes reads the crashes that a data directory knows of. A file that cannot be read is
// no reason not to start.
func loadCrashes(dir string) (all []crash) {
	content, err := os.ReadFile(filepath.Join(dir, crashesFile))
	if err != nil || json.Unmarshal(content, &all) != nil {
		return nil
	}
	return all
}

// noteCrash adds a crash to those that a data directory knows of.
func noteCrash(dir string, at time.Time, why string) error {
	all := append(loadCrashes(dir), crash{at.UTC(), why})
	content, err := json.Marshal(all[max(0, len(all)-2*maxCrashes):])
	if err != nil {
		return err
	}
	return replaceFile(store.Dir(dir), crashesFile, append(content, '\n'))
}

// noteLastPanic looks for what the life before this one said when it died, adds it to the crashes,
// and keeps it for whoever wants to read all of it.
func noteLastPanic(dir string) error {
	path := filepath.Join(dir, panicFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := noteCrash(dir, info.ModTime(), panicMessage(string(content))); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(dir, lastPanic))
}

// panicMessage is the line in which the runtime says what happened.
func panicMessage(output string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "SIG") {
			return line
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(output), "\n")
	return first
}

// crashLoop reports whether the crashes came so fast that the next start would be another one.
// It stays so until somebody has looked. A full disk is looked after by itself ([room]).
func crashLoop(all []crash) bool {
	all = slices.DeleteFunc(slices.Clone(all), func(c crash) bool {
		return strings.Contains(c.Why, syscall.ENOSPC.Error()) || strings.Contains(c.Why, syscall.EDQUOT.Error())
	})
	for i := maxCrashes - 1; i < len(all); i++ {
		if all[i].At.Sub(all[i-maxCrashes+1].At) < crashWindow {
			return true
		}
	}
	return false
}

// describe says how a crash loop came about.
func describe(all []crash) string {
	last := all[len(all)-1]
	return fmt.Sprintf("it crashed %d times, the last time at %s: %s", len(all), last.At.Format(time.RFC3339), last.Why)
}

// catchPanics has what the runtime prints at the end of the process written into the data
// directory too.
func (n *Node) catchPanics() error {
	if n.CrashOutput == nil {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(n.Dir, panicFile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(n.CrashOutput(f), f.Close())
}

// Resume forgets the crashes in a data directory, so that its node takes part in its cluster
// again: at once if it is running, or else at its next start. It reports whether there were any.
func Resume(dir string) (bool, error) {
	err := os.Remove(filepath.Join(dir, crashesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
