package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results are what was measured on a machine: docs/performance.json, from which the page and its plot are made.
type results struct {
	Machine machine             `json:"machine"`
	Rows    map[string]measured `json:"rows"` // by Row.Name
}

// measured is what was measured of a row.
type measured struct {
	With  string `json:"with"` // the versions of all programs, and how busy the machine was
	Time  string `json:"time"` // of a turn
	Pairs []Pair `json:"pairs"`
}

// read returns the results in a directory; there are none in the beginning.
func read(docs string) (r results, err error) {
	text, err := os.ReadFile(filepath.Join(docs, "performance.json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if r.Rows == nil {
		r.Rows = map[string]measured{}
	}
	return r, err
}

// at leaves the results that are of a machine.
func (r results) at(here machine) results {
	if r.Machine != here {
		return results{Machine: here, Rows: map[string]measured{}}
	}
	return r
}

// note adds what was measured of a row.
func (r results) note(row Row, with string, turn time.Duration, pairs []Pair) {
	for i, p := range pairs {
		pairs[i] = Pair{rounded(p.Ours), rounded(p.Theirs)}
	}
	r.Rows[row.Name] = measured{With: with, Time: turn.String(), Pairs: pairs}
}

// rounded leaves four digits of a figure, which are more than it is good for.
func rounded(f float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 4, 64), 64) // its own writing can be read
	return short
}

// save writes the results of rows that there are, and the page and the plot that are made of them.
func (r results) save(docs string, all []Row) error {
	var kept []string
	for _, row := range all {
		if m, found := r.Rows[row.Name]; found {
			line, err := json.Marshal(map[string]measured{row.Name: m})
			if err != nil {
				return err
			}
			kept = append(kept, string(line[1:len(line)-1]))
		}
	}
	machine, err := json.Marshal(r.Machine)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("{\"machine\": %s, \"rows\": {\n%s\n}}\n", machine, strings.Join(kept, ",\n")) // a line for each row, for diffs
	for name, content := range map[string]string{
		"performance.json": text, "performance.md": r.page(all), "performance.svg": r.plot(all), "growth.svg": r.growth(all),
	} {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A verdict is what the rounds of a row come to.
type verdict struct {
	ours, theirs float64 // medians
	ratio        float64 // of the medians; 0 where nothing is compared
	least, most  float64 // of the ratios of single rounds
	reached      bool    // the row's goal, if it has one
}

// judge compares what was measured of a row with its goal.
func (m measured) judge(row Row) verdict {
	var ours, theirs, ratios []float64
	for _, p := range m.Pairs {
		ours, theirs = append(ours, p.Ours), append(theirs, p.Theirs)
		if p.Theirs != 0 {
			ratios = append(ratios, p.Ours/p.Theirs)
		}
	}
	v := verdict{ours: median(ours), theirs: median(theirs)}
	if len(ratios) > 0 && v.theirs != 0 {
		v.ratio, v.least, v.most = v.ours/v.theirs, slices.Min(ratios), slices.Max(ratios)
	}
	figure := v.ratio
	if row.Absolute {
		figure = v.ours
	}
	// What the page shows is judged: two digits behind the point.
	figure = math.Round(figure*100) / 100
	v.reached = figure >= row.Reach
	if row.Less {
		v.reached = figure <= row.Reach
	}
	return v
}

// median returns the figure in the middle, or between the two there.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
