package replication

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"confman/store"
)

const lockFile = "lock"

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked")

// dataDir is a data directory that this process has for itself.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir takes a data directory, and makes it if it is not there. Somebody else's
// directory and one that another process uses are refused.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := ours(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	err = lockExclusively(lock)
	if errors.Is(err, errLocked) {
		err = fmt.Errorf("data directory %s is in use by confman process %s", path, holder(lock))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	writePID(lock)
	return &dataDir{path: path, lock: lock}, nil
}

// Close lets others have the directory. The lock's file stays: removing it could let two
// processes hold a lock, each on a file of that name.
func (d *dataDir) Close() error { return d.lock.Close() }

// ours refuses a directory that has something in it but nothing by which confman knows it again.
func ours(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	foreign := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == identityFile, name == store.FileName:
			return nil
		case !leftover(name):
			foreign = name
		}
	}
	if foreign != "" {
		return fmt.Errorf("directory %s is not confman's: it has %q in it, and no %s; choose an empty or new one with --data-dir", path, foreign, identityFile)
	}
	return nil
}

// leftover says whether a name is one that a start which was cut short may leave, or a command that
// sets a directory's content aside, or a new disk.
func leftover(name string) bool {
	switch strings.TrimSuffix(name, newSuffix) {
	case lockFile, identityFile, pendingFile, ballastFile, panicFile, crashesFile, nextFolder, keysFolder, successorFile, successorKeys, "lost+found":
		return true
	}
	return strings.HasPrefix(name, replacedPrefix) || strings.HasPrefix(name, foundedPrefix) || strings.HasPrefix(name, demotedPrefix) ||
		strings.HasPrefix(name, abandonedPrefix)
}

// writePID tells people who holds the lock. It takes no new space, because the disk may be full, and
// an error does no harm.
func writePID(lock *os.File) { _, _ = lock.WriteAt(fmt.Appendf(nil, "%-20d\n", os.Getpid()), 0) }

// holder is the process id in a lock's file.
func holder(lock *os.File) string {
	content, err := io.ReadAll(io.NewSectionReader(lock, 0, 32))
	pid := strings.TrimSpace(string(content))
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil {
		return "(unknown)"
	}
	return pid
}
