package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// found returns what [Tx.Findings] visits, a few configs at a time.
func (n *node) found(ns string, limit int) (all []string) {
	n.Helper()
	for after, pages := "", 0; ; pages++ {
		if pages > 100 {
			n.Fatal("it does not come to an end")
		}
		_ = n.View(n.now, func(tx *Tx) error {
			after = tx.Findings(tx.Policies(), ns, after, limit, func(f Finding) {
				all = append(all, fmt.Sprintf("%s=%s: %s (%s of %q)", f.Name, f.Value, f.Expected, f.Rule, f.Namespace))
			})
			return nil
		})
		if after == "" {
			return all
		}
	}
}

func TestFindings(t *testing.T) {
	n := newNode(t)
	n.do(
		set("a", "1"), set("p/port", "x"), set("p/q/port", "99999"), set("p/q/r/key", "s3cret"), set("p/q/ok", "1"), set("pp/port", "x"),
		set("p0/port", "x"), set("p/doc", "1"), setUntil("p/q/r/port", 500), set("p/q/extra", "1"), set("p/q/old", "1"),
	)
	n.do(
		ruled("", false, "**/port", "port", "**/key", "secret,len=3"),
		ruled("p", false, "q/id", "required", "none/id", "required", "doc", "jsonschema=s"),
		ruled("p/q", true, "ok", "int", "old", "deprecated,immutable"),
	)
	below := []string{
		`p/q/id=: a config that is there (required of "p")`,
		`p/q/extra=1: a config that a rule is for (strict of "p/q")`,
		`p/q/port=99999: a port from 1 to 65535 (port of "")`,
		`p/q/r/key=: text of 3 characters (secret,len=3 of "")`,
	}
	doc := `p/doc=1: JSON that fits the schema s: the schema s cannot be used: there is no config s: put the schema there (jsonschema=s of "p")`
	port := func(ns string) string { return ns + `/port=x: a port from 1 to 65535 (port of "")` }
	for ns, want := range map[string][]string{
		"p/q":   below,
		"p":     {below[0], doc, port("p"), below[1], below[2], below[3]},
		"":      {below[0], doc, port("p"), below[1], below[2], below[3], port("p0"), port("pp")},
		"p/q/r": {below[3]},
		"none":  nil,
	} {
		slices.Sort(want)
		for _, limit := range []int{1, 2, 3, 100} {
			got := n.found(ns, limit)
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%q, %d at a time:\n%s\nwant\n%s", ns, limit, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	t.Run("of other settings", func(t *testing.T) {
		var got []string
		e := n.evaluate(func(tx *Tx) error {
			p := tx.Policies()
			tx.Findings(p.With("pp", Settings{Rules: []Rule{{"port", "ip"}}}), "pp", "", 100, func(f Finding) { got = append(got, f.Namespace+" "+f.Rule) })
			if own, found := p.Own("pp"); found {
				t.Errorf("they are set: %+v", own)
			}
			return nil
		})
		if want := []string{" port"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q: of several rules the first one that fails", got, want)
		}
		if !blind(e.Txns[0]) {
			t.Errorf("it depends on what it has looked at: %+v", e.Txns[0])
		}
	})
}
