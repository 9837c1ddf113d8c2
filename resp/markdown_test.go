package resp

import (
	"slices"
	"strings"
	"testing"
)

// The reference page has a line for each command, and for each group a chapter.
func TestMarkdownHasEveryCommand(t *testing.T) {
	page := Markdown()
	for name, c := range newTable().byName {
		if row := "\n| `" + strings.ReplaceAll(c.call(), "|", `\|`) + "` | " + c.Summary + " |\n"; !strings.Contains(page, row) && len(c.subs) == 0 {
			t.Errorf("%s is missing: %s", name, row)
		}
		own := slices.Contains([]string{"backup", "member", "conf", "ns"}, strings.Split(name, "|")[0])
		if c.Summary == "" || (c.Since == "") != own || !strings.HasSuffix(c.Summary, ".") {
			t.Errorf("%s: summary %q, since %q", name, c.Summary, c.Since)
		}
		if (c.Run == nil) == (c.Do == nil) && len(c.subs) == 0 {
			t.Errorf("%s has not one function", name)
		}
		if c.Do != nil && c.Flags&(Reads|Writes) != 0 && c.Group != "stream" && c.Group != "namespace" { // they page through data by themselves
			t.Errorf("%s is about data by its flags, and about the connection by its function", name)
		}
		if c.Run != nil && c.Flags&(Reads|Writes) == 0 {
			t.Errorf("%s is about data, but neither reads nor writes", name)
		}
	}
}
