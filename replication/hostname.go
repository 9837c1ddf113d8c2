package replication

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"confman/store"

	"github.com/google/uuid"
	pb "github.com/lni/dragonboat/v4/raftpb"
)

// dragonboat keeps its data in a folder that has the machine's name, and notes that name in a
// file beside the folder; under any other name it refuses to start. To confman a machine is
// its host id: a new name is none of its business.

// statusFile is dragonboat's note: eight bytes of a checksum, then a RaftDataStatus.
const statusFile = "dragonboat.ds"

// deployment matches the folders in that of a machine, one for each cluster.
var deployment = regexp.MustCompile(`^[0-9]{20}$`)

// followHostname makes dragonboat's directory the one of a machine named hostname, whatever
// its name was before. It comes before NewNodeHost. The folder is renamed first and the
// note changed last; each step looks at what is there, so that the next start completes a
// repair that was cut short. A folder with data in it is never removed.
func followHostname(dir, hostname string, log *slog.Logger) error {
	if err := followFolder(dir, hostname, log); err != nil {
		return fmt.Errorf("follow the machine's new name %q in %s: %w", hostname, dir, err)
	}
	if err := followStatus(dir, hostname, log); err != nil {
		return fmt.Errorf("follow the machine's new name %q in %s: %w", hostname, dir, err)
	}
	return nil
}

// followFolder gives the folder that holds the data the name of the machine.
func followFolder(dir, hostname string, log *slog.Logger) error {
	machines, err := machineFolders(dir)
	if err != nil {
		return err
	}
	switch {
	case len(machines) == 0 || len(machines) == 1 && machines[0] == hostname:
		return nil
	case len(machines) > 1:
		return fmt.Errorf("the folders %s all hold data, and only one can be this node's: move the others elsewhere", strings.Join(machines, ", "))
	}
	old, renamed := filepath.Join(dir, machines[0]), filepath.Join(dir, hostname)
	if !strings.EqualFold(machines[0], hostname) { // else it may be one folder
		if err := removeEmpty(renamed); err != nil {
			return err
		}
	}
	if err := os.Rename(old, renamed); err != nil {
		return err
	}
	log.Info("the machine has a new name, its raft data follows", "old", machines[0], "new", hostname)
	return store.Dir(dir).SyncDir()
}

// machineFolders returns the folders that hold the data of a machine.
func machineFolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var machines []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		holds, err := holdsData(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if holds {
			machines = append(machines, e.Name())
		}
	}
	return machines, nil
}

// holdsData says whether the folder of a machine has anything in that of a cluster.
func holdsData(machine string) (bool, error) {
	clusters, err := os.ReadDir(machine)
	if err != nil {
		return false, err
	}
	for _, c := range clusters {
		if !c.IsDir() || !deployment.MatchString(c.Name()) {
			continue
		}
		content, err := os.ReadDir(filepath.Join(machine, c.Name()))
		if err != nil || len(content) > 0 {
			return true, err
		}
	}
	return false, nil
}

// removeEmpty removes a folder and the folders in it, if nothing else is in them.
func removeEmpty(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			return fmt.Errorf("%s is in the way: move it elsewhere", filepath.Join(folder, e.Name()))
		}
		if err := removeEmpty(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(folder) // which fails if it is not empty after all
}

// followStatus changes the name in dragonboat's note.
func followStatus(dir, hostname string, log *slog.Logger) error {
	status, found, err := readStatus(dir)
	if err != nil || !found || status.Hostname == "" || strings.EqualFold(status.Hostname, hostname) {
		return err
	}
	log.Info("the machine has a new name, dragonboat is told", "old", status.Hostname, "new", hostname)
	status.Hostname = hostname
	return replaceFile(store.Dir(dir), statusFile, encodeStatus(status))
}

// readStatus reads dragonboat's note, which is not there before dragonboat has come that far.
func readStatus(dir string) (s pb.RaftDataStatus, found bool, err error) {
	content, err := os.ReadFile(filepath.Join(dir, statusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		s, err = decodeStatus(content)
	}
	if err != nil {
		return s, false, fmt.Errorf("%s is damaged: %w", statusFile, err)
	}
	return s, true, nil
}

// hostFile is where dragonboat keeps the host id: eight bytes of a checksum, then its 16 bytes.
const hostFile = "NODEHOST.ID"

// readHost reads the host id, which is not there before dragonboat has come that far.
func readHost(dir string) (host string, found bool, err error) {
	content, err := os.ReadFile(filepath.Join(dir, hostFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	var id uuid.UUID
	if err == nil {
		content, err = checked(content)
	}
	if err == nil {
		id, err = uuid.FromBytes(content)
	}
	if err != nil {
		return "", false, fmt.Errorf("%s is damaged: %w", hostFile, err)
	}
	return id.String(), true, nil
}

// checked returns what follows the checksum in a file of dragonboat's.
func checked(content []byte) ([]byte, error) {
	if len(content) < 8 || !bytes.Equal(content[:8], statusSum(content[8:])) {
		return nil, errors.New("wrong checksum")
	}
	return content[8:], nil
}

func decodeStatus(content []byte) (s pb.RaftDataStatus, err error) {
	content, err = checked(content)
	if err != nil {
		return s, err
	}
	return s, decode(content, &s)
}

func encodeStatus(s pb.RaftDataStatus) []byte {
	body := pb.MustMarshal(&s)
	return append(statusSum(body), body...)
}

func statusSum(body []byte) []byte {
	sum := md5.Sum(body)
	return bytes.Clone(sum[8:])
}
