package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"confman/replication"
	"confman/replication/certs"
	"confman/store"
)

// aPatient is a machine whose node does not run, with a data directory as it should be.
func aPatient(t *testing.T) *patient {
	t.Helper()
	s := defaults()
	s.DataDir, s.RESPAddr, s.RaftAddr = t.TempDir(), freeAddr(t), freeAddr(t)
	if err := os.Chmod(s.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	return (&program{stdout: io.Discard, stderr: io.Discard}).newPatient(t.Context(), s, "")
}

// finds runs one check, and compares its state and a part of what it found.
func (d *patient) finds(t *testing.T, look func(*patient) (string, string), state, part string) {
	t.Helper()
	if got, found := look(d); got != state || !strings.Contains(found, part) {
		t.Errorf("%s: %s; want %s and %q", got, found, state, part)
	}
}

func putFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// The profile has to be as patient as the disk is slow.
func TestDoctorTimesSyncs(t *testing.T) {
	for _, story := range []struct {
		slow           time.Duration
		profile, state string
		found          string
	}{
		{2 * time.Millisecond, "lan", fine, "99th percentile 2ms: fine for profile lan"},
		{30 * time.Millisecond, "lan", warning, "slow for profile lan; recommended: edge"},
		{30 * time.Millisecond, "", fine, "profile edge"},
		{160 * time.Millisecond, "lan", failing, "recommended: wan"},
		{160 * time.Millisecond, "metered", fine, "metered"},
		{700 * time.Millisecond, "edge", failing, "recommended: metered"},
		{2 * time.Second, "metered", failing, "too slow for every profile"},
	} {
		took := slices.Repeat([]time.Duration{time.Millisecond}, 98)
		if state, found := judgeSyncs(append(took, story.slow, story.slow), story.profile); state != story.state || !strings.Contains(found, story.found) {
			t.Errorf("%v with %q: %s, %s", story.slow, story.profile, state, found)
		}
	}
	d := aPatient(t)
	d.finds(t, checkSyncs, fine, "median ")
	if left, err := os.ReadDir(d.settings.DataDir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind (%v)", left, err)
	}
	file := filepath.Join(d.settings.DataDir, "file")
	putFile(t, file, "", 0o600)
	if _, err := timeSyncs(file); err == nil {
		t.Error("a file is no directory to write into")
	}
}

// A disk must have room for a rewrite and a copy beside the store, and for the reserve.
func TestDoctorLooksAtTheDisk(t *testing.T) {
	d := aPatient(t)
	d.finds(t, checkDisk, fine, "free")
	path := filepath.Join(d.settings.DataDir, store.FileName)
	putFile(t, path, "", 0o600)
	if err := os.Truncate(path, 8<<40); err != nil { // with a hole
		t.Fatal(err)
	}
	d.finds(t, checkDisk, warning, "less than twice that")
	d.finds(t, checkMemory, failing, "this store may take")
	d.settings.DiskReserve = 1 << 60
	d.finds(t, checkDisk, failing, "takes no writes")
	d.settings.DataDir = filepath.Join(d.settings.DataDir, "not", "there", "yet")
	d.settings.DiskReserve = 1 << 20
	d.finds(t, checkDisk, fine, "free")
}

// The limits are those of the process that has the data directory, as Linux tells them.
func TestDoctorLooksAtLimits(t *testing.T) {
	d := aPatient(t)
	lock := filepath.Join(d.settings.DataDir, "lock")
	putFile(t, lock, "4711\n", 0o600)
	d.proc, d.cgroups = t.TempDir(), t.TempDir()
	process := filepath.Join(d.proc, "4711")
	if d.holder(lock) != 0 {
		t.Error("a process that is gone holds the directory")
	}
	if err := os.MkdirAll(filepath.Join(process, "fd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if d.holder(lock) != 0 {
		t.Error("a process without the lock holds the directory")
	}
	if err := os.Symlink(lock, filepath.Join(process, "fd", "3")); err != nil {
		t.Fatal(err)
	}
	if d.pid = d.holder(lock); d.pid != 4711 {
		t.Fatalf("process %d holds the directory", d.pid)
	}
	for limit, want := range map[string][2]string{
		"100":       {failing, "100 open files allowed, and a node without any client takes 200"},
		"4096":      {warning, "max_clients wants 10200"},
		"65536":     {fine, "65536"},
		"unlimited": {fine, "not limited"},
	} {
		putFile(t, filepath.Join(process, "limits"), "Limit  Soft  Hard  Units\nMax open files            64    "+limit+"    files\n", 0o600)
		d.finds(t, checkDescriptors, want[0], want[1])
	}
	putFile(t, filepath.Join(d.proc, "meminfo"), "MemTotal:       16777216 kB\n", 0o600)
	putFile(t, filepath.Join(process, "cgroup"), "0::/system.slice/confman.service\n", 0o600)
	d.finds(t, checkMemory, fine, "16.0 GiB")
	putFile(t, filepath.Join(d.cgroups, "system.slice", "confman.service", "memory.max"), "max\n", 0o600)
	putFile(t, filepath.Join(d.cgroups, "system.slice", "memory.max"), strconv.Itoa(50<<20)+"\n", 0o600)
	d.finds(t, checkMemory, warning, "up to 50.0 MiB")
	putFile(t, filepath.Join(d.cgroups, "system.slice", "confman.service", "memory.max"), strconv.Itoa(16<<20)+"\n", 0o600)
	d.finds(t, checkMemory, failing, "up to 16.0 MiB")
}

// A port that somebody else has is named, with who has it.
func TestDoctorLooksAtPorts(t *testing.T) {
	d := aPatient(t)
	d.finds(t, checkPorts, fine, "resp_addr "+d.settings.RESPAddr+" is free, raft_addr "+d.settings.RaftAddr+" is free")
	ln, err := net.Listen("tcp", d.settings.RaftAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d.finds(t, checkPorts, failing, "raft_addr "+d.settings.RaftAddr+" is in use by ")
	d.pid = os.Getpid()
	d.finds(t, checkPorts, fine, "is this node's")
	d.settings.RESPAddr = "192.0.2.1:6479"
	d.finds(t, checkPorts, failing, "resp_addr 192.0.2.1:6479 cannot be opened")
}

// Secrets are their owner's alone, and the node's files all the same user's.
func TestDoctorLooksAtPermissions(t *testing.T) {
	d := aPatient(t)
	dir := d.settings.DataDir
	key := filepath.Join(dir, "tls", "node.key")
	putFile(t, key, "secret", 0o600)
	putFile(t, filepath.Join(dir, "tls", "ca.crt"), "public", 0o644)
	d.finds(t, checkPermissions, fine, "its owner's alone")
	putFile(t, key, "secret", 0o640)
	d.finds(t, checkPermissions, failing, key+" has mode 0640")
	putFile(t, key, "secret", 0o600)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.finds(t, checkPermissions, failing, dir+" has mode 0755")
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.file, d.settings.Password = filepath.Join(t.TempDir(), "confman.yaml"), "hunter2"
	putFile(t, d.file, "password: hunter2\n", 0o644)
	d.finds(t, checkPermissions, failing, d.file+" has mode 0644")
	putFile(t, d.file, "password: hunter2\n", 0o640)
	d.finds(t, checkPermissions, fine, "")
	if os.Geteuid() != 0 {
		return // only root gives files away
	}
	if err := os.Chown(key, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	d.finds(t, checkPermissions, failing, key+" belongs to user 12345, and the directory to user 0")
}

// Certificates are warned of before they end.
func TestDoctorLooksAtCertificates(t *testing.T) {
	d := aPatient(t)
	d.finds(t, checkCertificates, fine, "there are none")
	f := replication.Certificates(d.settings.DataDir)
	fresh, err := certs.NewAuthority(now())
	if err != nil {
		t.Fatal(err)
	}
	life := fresh.Cert.NotAfter.Sub(now())
	for left, want := range map[time.Duration][2]string{
		40 * 24 * time.Hour:                 {fine, "authority until "},
		10*24*time.Hour + time.Hour:         {warning, "(10 days)"},
		-time.Hour:                          {failing, "(over)"},
		life + 3*365*24*time.Hour:           {failing, " on only"},
		certWarning + time.Hour + time.Hour: {fine, "authority until "},
	} {
		a, err := certs.NewAuthority(now().Add(left - life))
		if err == nil {
			err = f.WriteAuthority(a)
		}
		if err != nil {
			t.Fatal(err)
		}
		d.finds(t, checkCertificates, want[0], want[1])
	}
	putFile(t, filepath.Join(string(f), certs.NodeFile), "no certificate", 0o600)
	d.finds(t, checkCertificates, failing, certs.NodeFile)
}

func TestDoctorLooksAtTheClock(t *testing.T) {
	d := aPatient(t)
	for synced, want := range map[bool]string{true: fine, false: warning} {
		d.synced = func() (bool, error) { return synced, nil }
		d.finds(t, checkClock, want, "synchronised")
	}
	if _, err := clockSynced(); err != nil {
		t.Error(err)
	}
}

// Without a node the machine alone is checked, and what fails decides about the exit code.
func TestDoctorWithoutANode(t *testing.T) {
	dir, resp, raft := t.TempDir(), freeAddr(t), freeAddr(t)
	typed := "doctor --output json --config " + emptyFile(t) + " --data-dir " + dir + " --resp-addr " + resp + " --raft-addr " + raft
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	all := diagnosed(t, confman(t, nil, "", typed))
	if all["node"].State != warning || !strings.Contains(all["node"].Found, "only this machine is checked: nobody answers at") || strings.Contains(all["node"].Found, " --addr") || all["node"].Remedy == "" {
		t.Errorf("%+v", all["node"])
	}
	for _, c := range localCheckups {
		if one := all[c.name]; one.State == "" || one.State == fine && one.Remedy != "" || one.State == failing {
			t.Errorf("%s: %+v", c.name, one)
		}
	}
	if len(all) != 1+len(localCheckups) {
		t.Errorf("%d checks", len(all))
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	said := confman(t, nil, "", strings.Replace(typed, "json", "table", 1))
	for _, part := range []string{"CHECK ", "\npermissions   fail ", "\npermissions: chmod and chown what is named", "checks failed: permissions\n[exit 1]\n"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is missing:\n%s", part, said)
		}
	}
}

// diagnosed reads what doctor prints as JSON.
func diagnosed(t *testing.T, said string) map[string]diagnosis {
	t.Helper()
	var list []diagnosis
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&list); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	all := map[string]diagnosis{}
	for _, one := range list {
		all[one.Check] = one
	}
	return all
}
