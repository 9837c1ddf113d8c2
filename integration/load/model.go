package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// The cells of a group: four configs of a namespace, the last of which counts, and two plain keys beside it. Zero in a
// cell is a config that is not there.
const (
	fields = 4 // the cells of the namespace
	count  = fields - 1
	cells  = 6
)

// cellNames are the last segments of the cells' names.
var cellNames = [cells]string{"a", "b", "c", "n", "x", "y"}

// contents is what a group holds.
type contents [cells]int64

// A kind is what a step does, and how its reply reads.
type kind int

const (
	get    kind = iota // values, 0 for what is not there
	getAll             // the namespace's, likewise
	look               // the value, with the digest and the revision for what follows
	set                // 1
	setAll             // in the namespace: how many were not there
	swap               // what was there
	remove             // how many were there
	take               // what was there
	add                // what the sum is
	setIf              // 1 if it was as expected, or 0
	delIf              // 1 if it was as expected, or 0
)

// nobodys is in the place of a value that no client has written.
const nobodys = -1

// A step is one command: at some cells it does something with values.
type step struct {
	kind   kind
	at     []int
	values []int64
	expect int64    // of setIf and delIf
	words  []string // as it is sent
}

// An operation is a command, or a transaction of several. A guarded one does nothing if a cell, which is
// watched, is not as it is expected to be.
type operation struct {
	steps   []step
	guarded bool
	at      int
	expect  int64
}

// An outcome is what an operation was answered: the reply of each step, or nothing if the guard did not hold.
// Nobody knows the outcome of a nil one.
type outcome [][]int64

// reads reports whether the operation changes nothing.
func (o operation) reads() bool {
	return !slices.ContainsFunc(o.steps, func(s step) bool { return s.kind > look })
}

// run carries the operation out.
func (o operation) run(c contents) (contents, outcome) {
	if o.guarded && c[o.at] != o.expect {
		return c, outcome{}
	}
	out := make(outcome, len(o.steps))
	for i, s := range o.steps {
		c, out[i] = s.run(c)
	}
	return c, out
}

// run carries the step out.
func (s step) run(c contents) (contents, []int64) {
	at := s.at[0]
	old := c[at]
	switch s.kind {
	case get, getAll, look:
		values := make([]int64, len(s.at))
		for i, at := range s.at {
			values[i] = c[at]
		}
		return c, values
	case set, setAll, remove:
		there := int64(0)
		for i, at := range s.at {
			if c[at] != 0 {
				there++
			}
			c[at] = 0
			if s.kind != remove {
				c[at] = s.values[i]
			}
		}
		switch s.kind {
		case set:
			return c, []int64{1}
		case setAll:
			return c, []int64{int64(len(s.at)) - there}
		}
		return c, []int64{there}
	case swap:
		c[at] = s.values[0]
		return c, []int64{old}
	case take:
		c[at] = 0
		return c, []int64{old}
	case add:
		c[at] += s.values[0]
		return c, []int64{c[at]}
	}
	value := int64(0)
	if len(s.values) > 0 {
		value = s.values[0]
	}
	if old != s.expect || s.kind == delIf && old == 0 {
		return c, []int64{0}
	}
	c[at] = value
	return c, []int64{1}
}

// model is a group of cells that nobody but its clients writes.
var model = porcupine.Model{
	Init: func() any { return contents{} },
	Step: func(state, input, output any) (bool, any) {
		after, out := input.(operation).run(state.(contents))
		told := output.(outcome)
		return told == nil || slices.EqualFunc(told, out, slices.Equal), after
	},
	Hash: func(state any) uint64 {
		h := uint64(14695981039346656037)
		for _, v := range state.(contents) {
			h = (h ^ uint64(v)) * 1099511628211
		}
		return h
	},
	DescribeOperation: func(input, output any) string {
		return input.(operation).String() + " -> " + output.(outcome).String()
	},
	DescribeState: func(state any) string {
		var b strings.Builder
		for i, v := range state.(contents) {
			fmt.Fprintf(&b, "%s=%d ", cellNames[i], v)
		}
		return b.String()
	},
}

func (o operation) String() string {
	all := make([]string, len(o.steps))
	for i, s := range o.steps {
		all[i] = strings.Join(s.words, " ")
	}
	text := strings.Join(all, "; ")
	if len(all) > 1 {
		text = "MULTI; " + text + "; EXEC"
	}
	if o.guarded {
		text = fmt.Sprintf("WATCH %s, which is %d; %s", cellNames[o.at], o.expect, text)
	}
	return text
}

func (o outcome) String() string {
	switch {
	case o == nil:
		return "not known"
	case len(o) == 0:
		return "nothing done"
	}
	return strings.Trim(fmt.Sprint([][]int64(o)), "[]")
}

// write and read turn a cell's value into a config's and back.
func write(value int64) string { return "v" + strconv.FormatInt(value, 10) }

func read(at int, text string) int64 {
	digits, found := strings.CutPrefix(text, "v")
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || found == (at == count) || value == 0 {
		return nobodys
	}
	return value
}
