// Package pages keeps tables in the documents true: what stands between two lines with one mark is what a test
// has found out.
package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/integration/ground"
)

// Check compares what a document of docs/ has between two lines <!-- mark --> with a text. CONFMAN_WRITE_TABLES=1
// has it written instead.
func Check(t testing.TB, document, mark, text string) {
	t.Helper()
	if os.Getenv("CONFMAN_WRITE_TABLES") == "1" {
		Write(t, document, mark, text)
		return
	}
	if _, parts := read(t, document, mark); parts[1] != text {
		t.Errorf("docs/%s says\n%s\nand what is so is\n%s\nwrite it with CONFMAN_WRITE_TABLES=1", document, parts[1], text)
	}
}

// Write writes a text between the two lines.
func Write(t testing.TB, document, mark, text string) {
	t.Helper()
	path, parts := read(t, document, mark)
	parts[1] = text
	if err := os.WriteFile(path, []byte(strings.Join(parts, line(mark))), 0o644); err != nil {
		t.Fatal(err)
	}
}

func line(mark string) string { return fmt.Sprintf("<!-- %s -->\n", mark) }

// read returns what is before, between and behind the two lines.
func read(t testing.TB, document, mark string) (path string, parts []string) {
	t.Helper()
	path = filepath.Join(ground.Root(t), "docs", document)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if parts = strings.Split(string(content), line(mark)); len(parts) != 3 {
		t.Fatalf("%s has no two lines %s", path, line(mark))
	}
	return path, parts
}
