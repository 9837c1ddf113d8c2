package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"confman/replication"
	"confman/resp"
	"confman/store"
)

// usageQuestion is what nodes ask one another for CONF USAGE; the answer is a resp.ReadUsage.
type usageQuestion struct {
	Usage string `json:"usage"` // the name
}

// answerQuestion answers what another node asks.
func answerQuestion(server *resp.Server) func([]byte) ([]byte, error) {
	return func(question []byte) ([]byte, error) {
		var q usageQuestion
		if err := json.Unmarshal(question, &q); err != nil || q.Usage == "" {
			return nil, errors.New("this version does not know the question")
		}
		return json.Marshal(server.ReadUsage(q.Usage))
	}
}

// usageEverywhere asks all nodes how a config is read; this one needs not be asked.
func usageEverywhere(server *resp.Server, member *replication.Node) func(context.Context, string) []resp.Usage {
	return func(ctx context.Context, name string) []resp.Usage {
		all := []resp.Usage{{Node: member.Status().ID, Host: member.RESPAddr, ReadUsage: server.ReadUsage(name)}}
		question, err := json.Marshal(usageQuestion{name})
		if err != nil {
			return all // cannot be: a name is a string
		}
		for _, a := range member.Ask(ctx, question) {
			u := resp.Usage{Node: a.ID, Host: a.RESP, Err: a.Err}
			if u.Err == nil {
				u.Err = json.Unmarshal(a.Text, &u.ReadUsage)
			}
			all = append(all, u)
		}
		slices.SortFunc(all, func(a, b resp.Usage) int { return cmp.Compare(a.Node, b.Node) })
		return all
	}
}

const (
	// usageFile is where a node keeps who has read what, in its data directory.
	usageFile = "usage"
	// usageEvery is how often it is written: a crash forgets the reads since then.
	usageEvery = 10 * time.Minute
	// usageFirst is when it may be written first: a new node writes down since when it counts.
	usageFirst = time.Minute
)

// keepUsage takes up what the data directory says of reads, and writes it there again every while and
// at the end, if there were any; stop ends that. What cannot be read or written is nothing to stop a node for.
func keepUsage(server *resp.Server, dir string, every time.Duration, log *slog.Logger) (stop func()) {
	if err := loadUsage(server, dir); err != nil {
		log.Warn("what clients have read is counted anew", "file", filepath.Join(dir, usageFile), "error", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	written := sumUsage(server)
	go func() {
		defer close(ended)
		look := time.NewTimer(min(every, usageFirst))
		defer look.Stop()
		for again := true; again; {
			select {
			case <-look.C:
				look.Reset(every)
			case <-ctx.Done():
				again = false
			}
			sum := sumUsage(server)
			if sum == written {
				continue // a disk that sleeps may go on sleeping
			}
			if err := saveUsage(server, dir); err != nil {
				log.Warn("what clients have read could not be written down: a restart would forget some of it; make room on the disk", "error", err)
				continue
			}
			written = sum
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func loadUsage(server *resp.Server, dir string) error {
	f, err := os.Open(filepath.Join(dir, usageFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return server.LoadUsage(f)
}

// sumUsage is a hash over what saveUsage would write.
func sumUsage(server *resp.Server) (sum [sha256.Size]byte) {
	h := sha256.New()
	_ = server.SaveUsage(h) // hashes take everything
	return [sha256.Size]byte(h.Sum(nil))
}

// saveUsage writes the file anew; it is the old one or the new one at any time.
func saveUsage(server *resp.Server, dir string) error {
	path := filepath.Join(dir, usageFile)
	f, err := os.OpenFile(path+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(server.SaveUsage(f), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that came first counts
		return fmt.Errorf("write %s: %w", path, err)
	}
	return store.Dir(dir).SyncDir()
}
