package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"confman/integration/ground"
)

// The page and its plot are what the results give.
func TestPageIsCurrent(t *testing.T) {
	docs := filepath.Join(ground.Root(t), "docs")
	r, err := read(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"performance.md": r.page(rows()), "performance.svg": r.plot(rows()), "growth.svg": r.growth(rows())} {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("docs/%s is not what docs/performance.json gives; make bench ARGS=-page writes it", name)
		}
	}
}

func TestJudge(t *testing.T) {
	pairs := []Pair{{Ours: 100, Theirs: 100}, {Ours: 300, Theirs: 100}, {Ours: 150, Theirs: 50}}
	for _, c := range []struct {
		row     Row
		reached bool
	}{
		{Row{Reach: 1.5}, true},
		{Row{Reach: 1.51}, false},
		{Row{Reach: 1.5, Less: true}, true},
		{Row{Reach: 1.49, Less: true}, false},
		{Row{Reach: 150, Absolute: true}, true},
		{Row{Reach: 151, Absolute: true}, false},
		{Row{Reach: 149, Absolute: true, Less: true}, false},
	} {
		v := measured{Pairs: pairs}.judge(c.row)
		if v.ours != 150 || v.theirs != 100 || v.ratio != 1.5 || v.least != 1 || v.most != 3 {
			t.Errorf("it is %+v", v)
		}
		if v.reached != c.reached {
			t.Errorf("of %+v: %v", c.row, v.reached)
		}
	}
	if v := (measured{Pairs: []Pair{{Ours: 7}}}).judge(Row{Reach: 8, Less: true, Absolute: true}); v.ratio != 0 || !v.reached {
		t.Errorf("of nothing to compare: %+v", v)
	}
}

// What was measured is kept until it is measured again, or the row is gone, or the machine is another.
func TestResultsAreKept(t *testing.T) {
	docs := t.TempDir()
	figure := 1.0
	row := func(name string, err error) Row {
		return Row{Topic: "T", Name: name, Against: "x", Unit: "/s", Reach: 2, Measure: func(context.Context, *Bench) ([]Pair, error) {
			return []Pair{{Ours: figure, Theirs: 1}}, err
		}}
	}
	a, b := row("a", nil), row("b", nil)
	lost, broken := row("b", ErrMissing), row("b", errors.New("it does not work"))
	for _, step := range []struct {
		what    string
		figure  float64
		machine string
		rows    []Row
		run     string
		want    string // figures on the page
		fails   bool
	}{
		{"both are measured", 1, "m", []Row{a, b}, "", "1 1", false},
		{"one is measured again", 3, "m", []Row{a, b}, "T/b", "1 3", false},
		{"one cannot be measured", 4, "m", []Row{a, lost}, "", "4 3", false},
		{"one fails", 5, "m", []Row{a, broken}, "", "5 3", true},
		{"none is meant", 6, "m", []Row{a, b}, "T/c", "5 3", true},
		{"the other machine has not measured both", 7, "n", []Row{a, b}, "a", "7 -", false},
		{"a row has gone", 8, "n", []Row{b}, "", "8", false},
		{"it comes back", 9, "n", []Row{a, b}, "b", "- 9", false},
	} {
		figure = step.figure
		r, err := read(docs)
		if err != nil {
			t.Fatal(err)
		}
		bench := &Bench{Time: time.Second}
		if err := bench.measure(t.Context(), step.rows, regexp.MustCompile(step.run), r.at(machine{CPU: step.machine}), docs, io.Discard); (err != nil) != step.fails {
			t.Errorf("%s: %v", step.what, err)
		}
		if got := shown(t, docs, step.rows); got != step.want {
			t.Errorf("%s: the page has %s, not %s", step.what, got, step.want)
		}
	}
}

// shown are the ratios of rows on the page, or -.
func shown(t *testing.T, docs string, all []Row) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	var figures []string
	for _, row := range all {
		_, rest, found := strings.Cut(string(page), fmt.Sprintf("\n| %s | x | ", row.Name))
		if !found {
			t.Fatalf("%s is not on the page:\n%s", row.Name, page)
		}
		figure, _, measured := strings.Cut(rest, ".00 (")
		if line, _, _ := strings.Cut(rest, "\n"); strings.Contains(line, "not measured") || !measured {
			figure = "-"
		}
		figures = append(figures, figure)
	}
	return strings.Join(figures, " ")
}

// A row that is short of its goal says so, and the plot is one that can be read.
func TestShortOfTheGoal(t *testing.T) {
	all := []Row{{Topic: "T", Name: "far <off>", Against: "x", Unit: "/s", Reach: 2}, {Topic: "T", Name: "there", Against: "x", Unit: "/s", Reach: 2}}
	r := results{Rows: map[string]measured{
		"far <off>": {Pairs: []Pair{{Ours: 1999, Theirs: 1000}, {Ours: 1500, Theirs: 1000}, {Ours: 1, Theirs: 1000}}},
		"there":     {Pairs: []Pair{{Ours: 12345678, Theirs: 3}}},
	}}
	page := r.page(all)
	for _, want := range []string{
		"| far <off> | x | 1.50 (0.00 to 2.00) | at least 2.00 | **not reached** | 1,500 /s | 1,000 /s |\n",
		"| reached | 12,345,678 /s | 3.00 /s |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	drawn(t, r.plot(all))
}

// What grows is drawn against the number of configs, as far as it was measured.
func TestGrowth(t *testing.T) {
	all, r := growth(), results{Rows: map[string]measured{}}
	for _, row := range all {
		if row.Configs != 10_000 {
			r.Rows[row.Name] = measured{Pairs: []Pair{{Ours: float64(row.Configs), Theirs: 0}}}
		}
	}
	curves := r.curves(all)
	if len(curves) != 4 {
		t.Fatalf("there are %d curves, not those of memory, files, restart and join", len(curves))
	}
	for _, c := range curves {
		if want := []point{{1_000, 1_000, 0}, {100_000, 100_000, 0}, {1_000_000, 1_000_000, 0}}; !slices.Equal(c.points, want) {
			t.Errorf("%s goes through %v, not %v", c.what, c.points, want)
		}
	}
	drawn(t, r.growth(all))
	drawn(t, results{}.growth(all))
}

// drawn checks that a plot is one that can be read.
func drawn(t *testing.T, plot string) {
	t.Helper()
	if strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") {
		t.Errorf("the plot has no number somewhere:\n%s", plot)
	}
	for decoder := xml.NewDecoder(strings.NewReader(plot)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, plot)
		}
	}
}
