package replication

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIdentityIsKept(t *testing.T) {
	dir := t.TempDir()
	if _, found, err := loadIdentity(dir); found || err != nil {
		t.Fatalf("an empty directory has an identity: %v, %v", found, err)
	}
	me := identity{Cluster: 0xc0ffee, Node: 3, Host: hostA, Joined: true}
	if err := me.save(dir); err != nil {
		t.Fatal(err)
	}
	for boot := uint64(1); boot <= 3; boot++ {
		got, found, err := loadIdentity(dir)
		if !found || err != nil {
			t.Fatal(found, err)
		}
		if err := got.nextBoot(dir); err != nil || got.Boots != boot {
			t.Fatalf("boot %d, %v, want %d", got.Boots, err, boot)
		}
	}
	content, err := os.ReadFile(filepath.Join(dir, identityFile))
	want := `{"format":1,"cluster":"0000000000c0ffee","node":3,"host":"` + hostA + `","joined":true,"boots":3}` + "\n"
	if err != nil || string(content) != want {
		t.Errorf("the file is %s, want %s (%v)", content, want, err)
	}
	if info, err := os.Stat(filepath.Join(dir, identityFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAnIdentityThatCannotBeTrustedIsRefused(t *testing.T) {
	for content, want := range map[string]string{
		"":                                   "is damaged",
		"\x00\x00\x00":                       "is damaged",
		`{"format":1}`:                       "no cluster",
		`{"cluster":"1"}`:                    "format 0",
		`{"format":1,"cluster":"1"}`:         "no node",
		`{"format":1,"cluster":"x"}`:         "hexadecimal",
		`{"format":2,"cluster":{"new":"x"}}`: "start the newer confman",
		`{"format":2,"cluster":"1"}`:         "start the newer confman",
		`{"format":1,"cluster":"1","node":1,"host":"x"}`: "no host id",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, identityFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, found, err := loadIdentity(dir); found || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %s", content, found, err, want)
		}
	}
	if err := (identity{}).save(t.TempDir()); err == nil {
		t.Error("saved nobody")
	}
}

func TestABootThatCannotBeSavedDoesNotCount(t *testing.T) {
	me := identity{Cluster: 1, Node: 1, Host: hostA, Boots: 7}
	if err := me.nextBoot(filepath.Join(t.TempDir(), "gone")); err == nil || me.Boots != 7 {
		t.Errorf("boot %d, %v", me.Boots, err)
	}
}
