package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"confman/replication"
	"confman/store"

	"github.com/lni/vfs"
)

// How fsyncs are timed: as many as tell something, and not for long on a disk that is slow.
const (
	syncsTimed = 300
	syncsLeast = 10
	syncsTime  = 5 * time.Second
)

// calm is how many slow fsyncs in a row a node may meet without its followers thinking that it is dead.
const calm = 10

// checkSyncs times fsyncs where the data is. Each write waits for one, and so does a heartbeat behind it: a disk that takes
// about as long as an election makes elections.
func checkSyncs(d *patient) (state, found string) {
	dir := existing(d.settings.DataDir)
	took, err := timeSyncs(dir)
	if errors.Is(err, fs.ErrPermission) {
		return warning, fmt.Sprintf("not timed, as this user may not write in %s: use root", dir)
	}
	if err != nil {
		return failing, err.Error()
	}
	profile := d.fields["profile"]
	if profile == "" {
		profile = d.settings.Profile
	}
	return judgeSyncs(took, profile)
}

// timeSyncs writes a block and syncs it, again and again, in a file that has no name.
func timeSyncs(dir string) (took []time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".confman-doctor-*")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	block := make([]byte, 4096)
	for began := time.Now(); len(took) < syncsTimed && (len(took) < syncsLeast || time.Since(began) < syncsTime); {
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := syncData(f); err != nil {
			return nil, fmt.Errorf("sync %s: %w", dir, err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

// judgeSyncs compares sorted times with how patient the cluster is.
func judgeSyncs(took []time.Duration, profile string) (state, found string) {
	median, slow := took[len(took)/2], took[len(took)*99/100]
	if profile == "" {
		profile = "edge" // what a cluster is founded with
	}
	at := slices.IndexFunc(replication.Profiles, func(p replication.Profile) bool { return p.Name == profile })
	better := slices.IndexFunc(replication.Profiles, func(p replication.Profile) bool { return calm*slow <= election(p) })
	found = fmt.Sprintf("median %v, 99th percentile %v", round(median), round(slow))
	switch {
	case better < 0:
		return failing, found + ": too slow for every profile"
	case at < 0 || better <= at:
		return fine, fmt.Sprintf("%s: fine for profile %s", found, profile)
	}
	state = warning
	if slow >= election(replication.Profiles[at]) {
		state = failing
	}
	return state, fmt.Sprintf("%s: slow for profile %s; recommended: %s", found, profile, replication.Profiles[better].Name)
}

// election is how long a leader may be silent.
func election(p replication.Profile) time.Duration { return time.Duration(p.Election) * p.Tick }

func round(d time.Duration) time.Duration { return d.Round(max(d/100, time.Microsecond)) }

// checkDisk compares the free space with what a rewrite of the store's file and a copy of a state take beside it.
func checkDisk(d *patient) (state, found string) {
	usage, err := vfs.Default.GetDiskUsage(existing(d.settings.DataDir))
	if err != nil {
		return failing, err.Error()
	}
	free, reserve := int64(usage.AvailBytes), int64(d.settings.DiskReserve)
	data := d.storeSize()
	found = fmt.Sprintf("%s free, the store's file has %s", bytesText(free), bytesText(data))
	switch {
	case free < reserve:
		return failing, fmt.Sprintf("%s: less than disk_reserve, %s, so the node takes no writes", found, bytesText(reserve))
	case free < 2*data+reserve:
		return warning, fmt.Sprintf("%s: less than twice that and disk_reserve, %s", found, bytesText(2*data+reserve))
	}
	return fine, found
}

// storeSize is the size of the store's file, or 0 if there is none yet.
func (d *patient) storeSize() int64 {
	info, err := os.Stat(filepath.Join(d.settings.DataDir, store.FileName))
	if err != nil {
		return 0
	}
	return info.Size()
}

// bytesText is a number of bytes as people read it.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d bytes", n)
}
