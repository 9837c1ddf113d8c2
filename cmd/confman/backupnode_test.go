package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every node of a cluster gives the same backup, by its state and by whose it is.
func TestBackupsOfACluster(t *testing.T) {
	nodes := threeMembers(t)
	confman(t, nil, "", "set prod/api/timeout 30s --addr "+nodes[1].addr)
	settled(t, nodes)
	dir := t.TempDir()
	for i, m := range nodes {
		file := filepath.Join(dir, m.raft)
		if got := confman(t, nil, "", "backup "+file+" --addr "+m.addr); strings.Contains(got, "[exit") {
			t.Fatal(got)
		}
		info, sum := m.info(t), openBackup(t, file)
		if sum.Cluster != info["cluster_id"] || number(sum.Revision) != info["applied_revision"] || sum.StateHash != info["state_hash"] {
			t.Errorf("node %d: %+v; it says of itself %v", i, sum, info)
		}
		if sum.Generation != 1 || sum.Configs != 1 || len(sum.Members) != 3 {
			t.Errorf("node %d: %+v", i, sum)
		}
	}
}

func openBackup(t *testing.T, file string) summary {
	t.Helper()
	sum, err := checkBackup(file, read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
