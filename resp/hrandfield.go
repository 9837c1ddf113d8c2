package resp

import (
	"math"
	"math/rand/v2"
	"strings"

	"confman/store"
)

const (
	errDraws     = Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	errDrawPairs = Error("ERR value is out of range")
	errDrawn     = Error("ERR so many draws are over the limit of 64 MiB: ask for fewer")
)

// maxDrawn bounds what a negative count may draw, names and values, in bytes: one name may
// come any number of times, so the size of the data does not bound it.
const maxDrawn = 64 << 20

// drawCost is about how many configs of a large namespace are looked at to draw one.
const drawCost = 1000

// hrandfield checks in Redis's order: the count, the option, the kind of the name.
func hrandfield(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	if len(c.Args) == 1 {
		return in(oneField)(tx, c)
	}
	count, err := parseInt(c.Args[1])
	withValues := len(c.Args) == 3 && strings.EqualFold(c.Args[2], "WITHVALUES")
	switch {
	case err != nil:
		return err
	case count == math.MinInt64:
		return errDraws
	case len(c.Args) > 2 && !withValues:
		return errSyntax
	case withValues && (count < -math.MaxInt64/2 || count > math.MaxInt64/2):
		return errDrawPairs
	}
	return in(func(tx *store.Tx, c *Call, ns string) Reply {
		draw := distinct
		if count < 0 {
			draw, count = repeated, -count
		}
		items, err := draw(tx, ns, count)
		if err != nil {
			return err
		}
		return c.pairs(items, withValues)
	})(tx, c)
}

func oneField(tx *store.Tx, _ *Call, ns string) Reply {
	if item, found := tx.Draw(ns, rand.IntN); found {
		return item.Key
	}
	return nil
}

// distinct draws up to count configs of a namespace, each once.
func distinct(tx *store.Tx, ns string, count int64) (drawn []store.Item, _ error) {
	if size := int64(tx.Len(ns)); count >= size || count > size/drawCost {
		drawn = tx.List(ns)
		rand.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
		return drawn[:min(count, int64(len(drawn)))], nil
	}
	seen := map[string]bool{}
	for int64(len(drawn)) < count {
		item, _ := tx.Draw(ns, rand.IntN) // there are many more than count
		if !seen[item.Key] {
			seen[item.Key] = true
			drawn = append(drawn, item)
		}
	}
	return drawn, nil
}

// repeated draws count configs of a namespace, each as often as it comes.
func repeated(tx *store.Tx, ns string, count int64) (drawn []store.Item, _ error) {
	draw := func() store.Item {
		item, _ := tx.Draw(ns, rand.IntN)
		return item
	}
	size := int64(tx.Len(ns))
	if size == 0 {
		return nil, nil
	}
	if count > size/drawCost {
		all := tx.List(ns)
		draw = func() store.Item { return all[rand.IntN(len(all))] }
	}
	bytes := 0
	for range count {
		item := draw()
		const around = 128 // bytes that a draw takes beside them, until it is sent
		if bytes += len(item.Key) + len(item.Value) + around; bytes > maxDrawn {
			return nil, errDrawn
		}
		drawn = append(drawn, item)
	}
	return drawn, nil
}

// pairs makes a reply of configs: their names, or names and values, which clients of RESP3
// get as pairs and those of RESP2 in turn.
func (c *Call) pairs(items []store.Item, withValues bool) Reply {
	all := []Reply{}
	for _, item := range items {
		switch {
		case !withValues:
			all = append(all, item.Key)
		case c.session.protocol == 2:
			all = append(all, item.Key, item.Value)
		default:
			all = append(all, []Reply{item.Key, item.Value})
		}
	}
	return all
}
