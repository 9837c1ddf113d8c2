package store

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The state machine must not know the time, the network, or chance.
func TestImports(t *testing.T) {
	forbidden := []string{"time", "net", "net/http", "os/exec", "math/rand", "math/rand/v2", "crypto/rand"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range tree.Imports {
			path, _ := strconv.Unquote(im.Path.Value)
			for _, no := range forbidden {
				if path == no {
					t.Errorf("%s imports %q", f, path)
				}
			}
		}
	}
}
