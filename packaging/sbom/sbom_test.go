package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The test itself is a Go program: its document lists every module that was linked, and nothing else.
func TestEveryLinkedModuleIsListed(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"std"}
	for _, m := range info.Deps {
		want = append(want, m.Path)
	}
	if !slices.Contains(want, "github.com/google/uuid") {
		t.Fatalf("the linker noted only %v", want)
	}
	d := sbomOf(t, program, "1795884667")
	var got []string
	for _, c := range d.Components {
		got = append(got, c.Name)
		if !strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@") || c.Version == "" {
			t.Errorf("%s %s has the package URL %s", c.Name, c.Version, c.PURL)
		}
		if c.Name != "std" && (len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 64) {
			t.Errorf("%s has the hashes %v", c.Name, c.Hashes)
		}
		if !slices.Contains(d.Dependencies[0].DependsOn, c.Ref) {
			t.Errorf("the program does not depend on %s", c.Ref)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed are %v, linked %v", got, want)
	}
	if c := d.Metadata.Component; c.Name != "confman" || c.Version != "1.2.3" || len(c.Hashes) != 1 {
		t.Errorf("it is of %+v", c)
	}
	if d.Format != "CycloneDX" || d.Metadata.Timestamp != "2026-11-28T16:51:07Z" {
		t.Errorf("%s of %s", d.Format, d.Metadata.Timestamp)
	}
}

func TestTheSameProgramGivesTheSameDocument(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := run([]string{program, "1.2.3"}, "1795884667", out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two runs wrote different bytes")
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for _, c := range []struct {
		args        []string
		epoch, want string
	}{
		{[]string{"one"}, "0", "usage: sbom PROGRAM VERSION"},
		{[]string{"/etc/hostname", "1"}, "", `SOURCE_DATE_EPOCH is ""`},
		{[]string{"sbom_test.go", "1"}, "0", "sbom_test.go"},
	} {
		if err := run(c.args, c.epoch, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %q: %v", c.args, c.epoch, err)
		}
	}
}

func sbomOf(t *testing.T, program, epoch string) (d document) {
	t.Helper()
	var out bytes.Buffer
	if err := run([]string{program, "1.2.3"}, epoch, &out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}
