package story

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"confman/integration/ground"
	"confman/integration/load"
	"confman/integration/pages"
)

func TestMain(m *testing.M) { os.Exit(ground.Main(m)) }

// What the stories tell happens. CONFMAN_STORY names one more, such as one that a nemesis has written.
func TestStories(t *testing.T) {
	if _, err := exec.LookPath("redis-cli"); err != nil {
		if os.Getenv("CONFMAN_REQUIRE_REDIS") == "1" {
			t.Fatal("redis-cli is not installed, and CONFMAN_REQUIRE_REDIS=1 requires it")
		}
		t.Skip("redis-cli is not installed")
	}
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	if more := os.Getenv("CONFMAN_STORY"); more != "" {
		paths = append(paths, more)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			tell(t, path)
		})
	}
}

// What there is to tell with stands in the documentation.
func TestTheWordsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| word | what happens |\n|---|---|\n")
	for _, w := range rows() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(strings.TrimSpace(w.Name+" "+w.Args), "|", "\\|"), w.Does)
	}
	pages.Check(t, "reliability.md", "words", b.String()+"\n")
}

func tell(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	steps, err := Read(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	g := ground.New(t)
	g.Hold, g.Disk, g.Clocks = "1500ms", 0, false
	(&Teller{T: t, Ground: g, Name: filepath.Base(path), Seed: 1, Loads: load.All}).Tell(steps)
}
