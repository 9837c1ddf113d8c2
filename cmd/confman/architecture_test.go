package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows are what each package of confman may import of the others.
var arrows = map[string][]string{
	"confman/cmd/confman":       {"confman/replication", "confman/replication/certs", "confman/resp", "confman/store", "confman/validate"},
	"confman/cmd/demo":          {"confman/resp"},
	"confman/packaging/sbom":    {},
	"confman/replication":       {"confman/replication/certs", "confman/store"},
	"confman/replication/certs": {},
	"confman/resp":              {"confman/resp/rdb", "confman/store", "confman/validate"},
	"confman/resp/rdb":          {},
	"confman/resp/differential": {"confman/resp", "confman/resp/transcript"},
	"confman/resp/transcript":   {"confman/resp", "confman/store"},
	"confman/store":             {"confman/validate"},
	"confman/validate":          {},
}

// A package may import another only where the design has an arrow.
func TestArchitecture(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "confman/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		allowed, known := arrows[p.ImportPath]
		if !known {
			t.Errorf("%s is not in the design: say in docs/design.md what it is for, and here what it may import", p.ImportPath)
		}
		for _, im := range p.Imports {
			if strings.HasPrefix(im, "confman/") && !slices.Contains(allowed, im) {
				t.Errorf("%s imports %s, and the design has no such arrow", p.ImportPath, im)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d packages, the design has %d", seen, len(arrows))
	}
}
