package resp

import (
	"math"
	"strconv"
	"strings"
)

// A position is the id of a change: its revision, and its place among all changes of that, from 0.
type position struct{ revision, n uint64 }

var lastPosition = position{math.MaxUint64, math.MaxUint64}

func (p position) String() string {
	return strconv.FormatUint(p.revision, 10) + "-" + strconv.FormatUint(p.n, 10)
}

func (p position) less(q position) bool {
	return p.revision < q.revision || p.revision == q.revision && p.n < q.n
}

// parsePosition reads an id. One that names a revision only stands for a place in it.
func parsePosition(id string, place uint64) (p position, err error) {
	revision, n, complete := strings.Cut(id, "-")
	if p.revision, err = parsePart(revision); err != nil {
		return p, err
	}
	if p.n = place; complete {
		p.n, err = parsePart(n)
	}
	return p, err
}

// parsePart reads a part of an id as Redis does, which lets a plus stand in front of it.
func parsePart(digits string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 10, 64)
	if err != nil {
		return 0, errStreamID
	}
	return n, nil
}

// startAt reads where a range begins: at an id, behind one that a parenthesis leads, or at the first
// change that is kept.
func (r *excerpt) startAt(id string) (err error) {
	behind, exclusive := cutExclusive(id)
	switch {
	case id == "-":
		return nil
	case id == "+":
		r.from = lastPosition
		r.needed = r.from.revision
		return nil
	}
	if r.from, err = parsePosition(behind, 0); err != nil {
		return err
	}
	if !exclusive {
		r.needed = max(r.from.revision, 1)
		return nil
	}
	if r.from == lastPosition {
		return errStartID
	}
	r.behind(r.from)
	return nil
}

// behind has the excerpt begin behind a position. All changes of a revision are read together, so who
// has read one of them has read the others too.
func (r *excerpt) behind(p position) {
	switch {
	case p == lastPosition:
		r.from, r.to = p, position{} // nothing is behind it
		return
	case p.n == math.MaxUint64:
		r.from = position{revision: p.revision + 1}
	default:
		r.from = position{p.revision, p.n + 1}
	}
	if r.needed = p.revision; p.revision < math.MaxUint64 {
		r.needed++
	}
}

// endAt reads where a range ends.
func (r *excerpt) endAt(id string) (err error) {
	before, exclusive := cutExclusive(id)
	switch {
	case id == "-":
		r.to = position{}
		return nil
	case id == "+":
		r.to = lastPosition
		return nil
	}
	if r.to, err = parsePosition(before, math.MaxUint64); err != nil || !exclusive {
		return err
	}
	if r.to == (position{}) {
		return errEndID
	}
	if r.to.n--; r.to.n == math.MaxUint64 {
		r.to.revision--
	}
	return nil
}

// cutExclusive takes the parenthesis from an id that is itself not meant.
func cutExclusive(id string) (rest string, exclusive bool) {
	if len(id) > 1 && id[0] == '(' {
		return id[1:], true
	}
	return id, false
}
