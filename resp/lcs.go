package resp

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"confman/store"
)

// lcsCommands compare values.
var lcsCommands = []Command{
	{
		Name: "lcs", Flags: Reads | Loose, Group: "string", Since: "7.0.0", Run: lcs,
		Synopsis: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
		Summary: "Returns the longest string that is left of both values when bytes are taken out of them, its length (LEN), or where its parts " +
			"stand in both (IDX). The product of the lengths is at most 134217728, which is two values of 11 KiB.",
	},
}

func lcs(tx *store.Tx, c *Call) Reply {
	var values [2]string
	var wrong error
	for i := range values {
		if err := c.checkWord(c.args[i], c.Args[i]); err != nil {
			return err
		}
		rec, _, err := config(tx, c.Args[i])
		if err != nil {
			wrong = errLCSType
		}
		values[i] = rec.Value
	}
	if wrong != nil {
		return wrong
	}
	given, err := lcsOptions(c.Args[2:])
	if err != nil {
		return err
	}
	a, b := values[0], values[1]
	if (len(a)+1)*(len(b)+1) > maxLCS {
		return errLCSSize
	}
	t := newLCSTable(a, b)
	switch {
	case given.index:
		return Map{"matches", t.ranges(given), "len", int64(t.length)}
	case given.length:
		return int64(t.length)
	}
	return t.text()
}

// lcsGiven are LCS's options.
type lcsGiven struct {
	length, index, matchLength bool
	least                      int64 // length of a match that is shown
}

func lcsOptions(words []string) (given lcsGiven, err error) {
	for ; len(words) > 0; words = words[1:] {
		switch token := strings.ToUpper(words[0]); {
		case token == "LEN":
			given.length = true
		case token == "IDX":
			given.index = true
		case token == "WITHMATCHLEN":
			given.matchLength = true
		case token == "MINMATCHLEN" && len(words) > 1:
			if given.least, err = parseInt(words[1]); err != nil {
				return given, err
			}
			words = words[1:]
		default:
			return given, errSyntax
		}
	}
	if given.index && given.length {
		return given, errLCSBoth
	}
	return given, nil
}

// maxLCS bounds the cells of the table: at four bytes a cell it is what Redis allows by default.
const maxLCS = 512 << 20 / 4

// An lcsTable tells how long the longest common subsequence of the first i bytes of a and the
// first j of b is, for all i and j. A row has a bit for each byte of b, which is 0 where the
// subsequence grows by that byte. It is made of the row before, 64 bits at a time (Hyyrö, "Bit-parallel
// LCS-length computation revisited", 2004), so that the largest table takes milliseconds. Only
// some rows are kept, and those between two of them made again when they are needed.
type lcsTable struct {
	a, b   string
	length int           // of the longest common subsequence of all
	places [256][]uint64 // where in b the bytes of a stand, a bit for each; nil for nowhere
	width  int           // of a row, in words
	stride int           // from one row that is kept to the next
	kept   []uint64      // one row behind the other
	again  []uint64      // those from one that is kept to the next
	from   int           // the first of these
}

func newLCSTable(a, b string) *lcsTable {
	t := &lcsTable{a: a, b: b, width: (len(b) + 63) / 64, stride: 1 + int(math.Sqrt(float64(len(a)))), from: -1}
	var wanted [256]bool
	for i := range len(a) {
		wanted[a[i]] = true
	}
	for j := range len(b) {
		c := b[j]
		if wanted[c] && t.places[c] == nil {
			t.places[c] = make([]uint64, t.width)
		}
		if wanted[c] {
			t.places[c][j/64] |= 1 << (j % 64)
		}
	}
	row := slices.Repeat([]uint64{math.MaxUint64}, t.width)
	for i := range len(a) {
		if i%t.stride == 0 {
			t.kept = append(t.kept, row...)
		}
		t.advance(row, i)
	}
	if len(a)%t.stride == 0 {
		t.kept = append(t.kept, row...)
	}
	for _, word := range row {
		t.length += bits.OnesCount64(^word)
	}
	return t
}

// advance makes the next row of the one behind the first i bytes of a.
func (t *lcsTable) advance(row []uint64, i int) {
	var carry uint64
	for k, places := range t.places[t.a[i]] {
		word := row[k]
		found := word & places
		row[k], carry = bits.Add64(word, found, carry)
		row[k] |= word &^ found
	}
}

// grows reports whether byte j of b, counted from 1, makes the subsequence longer that it has in
// common with the first i bytes of a.
func (t *lcsTable) grows(i, j int) bool {
	if from := i - i%t.stride; from != t.from {
		t.from = from
		t.again = append(t.again[:0], t.kept[from/t.stride*t.width:][:t.width]...)
		for n := from; n < min(from+t.stride-1, len(t.a)); n++ {
			t.again = append(t.again, t.again[len(t.again)-t.width:]...)
			t.advance(t.again[len(t.again)-t.width:], n)
		}
	}
	return t.again[(i-t.from)*t.width+(j-1)/64]>>((j-1)%64)&1 == 0
}

// A match is a part of the subsequence whose bytes follow one another in both strings.
type match struct{ a, b, length int }

// matches returns the parts from the last to the first. Of several subsequences of the same length
// it is the one that Redis takes.
func (t *lcsTable) matches() (all []match) {
	for i, j := len(t.a), len(t.b); i > 0 && j > 0; {
		switch last := len(all) - 1; {
		case t.a[i-1] != t.b[j-1] && t.grows(i, j):
			i--
		case t.a[i-1] != t.b[j-1]:
			j--
		default:
			i, j = i-1, j-1
			if last >= 0 && all[last].a == i+1 && all[last].b == j+1 {
				all[last] = match{i, j, all[last].length + 1}
			} else {
				all = append(all, match{i, j, 1})
			}
		}
	}
	return all
}

// text returns the subsequence.
func (t *lcsTable) text() string {
	var b strings.Builder
	for _, m := range slices.Backward(t.matches()) {
		b.WriteString(t.a[m.a : m.a+m.length])
	}
	return b.String()
}

// ranges tells where the parts begin and end in both strings.
func (t *lcsTable) ranges(given lcsGiven) []Reply {
	all := []Reply{}
	for _, m := range t.matches() {
		if int64(m.length) < given.least {
			continue
		}
		one := []Reply{
			[]Reply{int64(m.a), int64(m.a + m.length - 1)},
			[]Reply{int64(m.b), int64(m.b + m.length - 1)},
		}
		if given.matchLength {
			one = append(one, int64(m.length))
		}
		all = append(all, one)
	}
	return all
}

const (
	errLCSType = Error("ERR The specified keys must contain string values")
	errLCSBoth = Error("ERR If you want both the length and indexes, please just use IDX.")
	errLCSSize = Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
)
