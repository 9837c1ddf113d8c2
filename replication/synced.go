package replication

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"confman/store"
)

// syncedFile remembers the raft index up to which the store's file was synced. Behind it the
// raft log may be cut, so a store that stands before it, an old copy or a damaged one, can
// never catch up from the log: dragonboat panics at every start when it finds that out.
const syncedFile = "synced"

// repairedFile remembers the revision of a store that was copied from another node: up to there
// it may be ahead of the raft log.
const repairedFile = "repaired"

// readNumber reads a file with a number in it; it is 0 if there is no file.
func readNumber(folder store.FS, name string) (uint64, error) {
	content, err := store.ReadFile(folder, name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	number, err := strconv.ParseUint(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is damaged: %w", name, err)
	}
	return number, nil
}

func writeNumber(folder store.FS, name string, number uint64) error {
	if err := replaceFile(folder, name, []byte(strconv.FormatUint(number, 10)+"\n")); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
