package differential

import (
	"bytes"
	"slices"
)

// A Tally counts what was compared and what was left out.
type Tally struct {
	Compared map[string]int // by command
	Answered map[string]int // of those, with a reply that is no error
	Left     map[string]int // by the ID of the deviation
	Expected map[string]int // differences, by the ID of the deviation
}

// NewTally returns one of nothing.
func NewTally() *Tally {
	return &Tally{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}}
}

// Add adds another's counts.
func (t *Tally) Add(o *Tally) {
	for _, m := range [][2]map[string]int{{t.Compared, o.Compared}, {t.Answered, o.Answered}, {t.Left, o.Left}, {t.Expected, o.Expected}} {
		for k, n := range m[1] {
			m[0][k] += n
		}
	}
}

// Total is how many replies were compared.
func (t *Tally) Total() (n int) {
	for _, c := range t.Compared {
		n += c
	}
	return n
}

// compare reports whether two replies to a call say the same, and counts it.
func (t *Tally) compare(c *call, confman, redis []byte) bool {
	t.Compared[c.Name]++
	if confman[0] != '-' {
		t.Answered[c.Name]++
	}
	if bytes.Equal(confman, redis) || likeness(c)(confman, redis) {
		return true
	}
	for _, r := range Rules {
		if r.expects != nil && r.expects(c, confman, redis) {
			t.Expected[r.ID]++
			return true
		}
	}
	return false
}

// compareExec compares the replies to EXEC, each element as its command has it.
func (t *Tally) compareExec(queue []*call, confman, redis []byte) bool {
	ours, all := elements(confman)
	theirs, others := elements(redis)
	if !bytes.Equal(ours, theirs) || len(all) > 0 && len(all) != len(queue) {
		return false
	}
	same := true
	for i, c := range queue[:len(all)] {
		if c.is("scan", "hscan") && all[i][0] == '*' && others[i][0] == '*' {
			continue // a page, of which only all together are the same
		}
		same = t.compare(c, all[i], others[i]) && same
	}
	return same
}

// likeness returns how replies to a call are compared that are not of the same bytes.
func likeness(c *call) func(confman, redis []byte) bool {
	switch {
	case c.is("hkeys", "hvals", "keys"):
		return unordered(1)
	case c.is("hgetall"):
		return unordered(2)
	case c.is("scan", "hscan"):
		return scanned(c)
	case c.is("ttl", "expiretime"):
		return within(60)
	case c.is("pttl", "pexpiretime"):
		return within(60_000)
	case c.is("randomkey", "time", "dump", "client|id", "lastsave"):
		return func(confman, redis []byte) bool {
			return null(confman) == null(redis) && shape(confman) == shape(redis)
		}
	case c.is("hrandfield", "hello"):
		return alike
	}
	return bytes.Equal
}

func null(raw []byte) bool { return raw[0] == '_' || bytes.HasPrefix(raw[1:], []byte("-1\r\n")) }

// unordered compares arrays whose elements stand in any order, n that belong together.
func unordered(n int) func(a, b []byte) bool {
	return func(a, b []byte) bool {
		return bytes.Equal(sorted(a, n), sorted(b, n))
	}
}

// scanned compares the pages of a scan: the cursor that follows, and what was found.
func scanned(c *call) func(a, b []byte) bool {
	n := 1
	if c.is("hscan") && !c.has("NOVALUES") {
		n = 2
	}
	return func(a, b []byte) bool {
		_, ours := elements(a)
		_, theirs := elements(b)
		return len(ours) == 2 && len(theirs) == 2 && bytes.Equal(ours[0], theirs[0]) && unordered(n)(ours[1], theirs[1])
	}
}

// within compares times that are told from now, or fractions of which were.
func within(tolerance int64) func(a, b []byte) bool {
	return func(a, b []byte) bool {
		m, isA := integer(a)
		n, isB := integer(b)
		return isA && isB && m >= 0 && n >= 0 && m-n <= tolerance && n-m <= tolerance
	}
}

// alike compares how replies are built: as many elements of the same kinds.
func alike(a, b []byte) bool {
	if null(a) != null(b) || shape(a) != shape(b) {
		return false
	}
	head, all := elements(a)
	other, others := elements(b)
	if len(all) == 0 && len(others) == 0 {
		return true
	}
	return bytes.Equal(head, other) && slices.EqualFunc(all, others, alike)
}
