package load

import (
	"slices"
	"strconv"
)

// any returns a command by chance.
func (c *linearClient) any() step {
	at := c.value()
	switch c.chance.IntN(18) {
	case 0, 1, 2:
		return c.get(at)
	case 3, 4, 5:
		return c.getAll()
	case 6:
		return c.getSome()
	case 7, 8:
		return step{kind: look, at: []int{at}, words: []string{"GET", c.group.names[at]}}
	case 9:
		return c.set(at)
	case 10, 11:
		return c.setFields()
	case 12:
		return c.setSome()
	case 13:
		v := c.group.fresh()
		return step{kind: swap, at: []int{at}, values: []int64{v}, words: []string{"SET", c.group.names[at], write(v), "GET"}}
	case 14:
		return c.remove(at)
	case 15:
		return c.add()
	case 16:
		return c.delIf(at)
	}
	return c.setIf(at)
}

// value chooses a cell that does not count.
func (c *linearClient) value() int {
	return (count + 1 + c.chance.IntN(cells-1)) % cells
}

// several chooses some of some cells, in an order by chance.
func (c *linearClient) several(among []int) []int {
	c.chance.Shuffle(len(among), func(i, j int) { among[i], among[j] = among[j], among[i] })
	return among[:1+c.chance.IntN(len(among))]
}

func (c *linearClient) get(at int) step {
	return step{kind: get, at: []int{at}, words: []string{"GET", c.group.names[at]}}
}

func (c *linearClient) getAll() step {
	return step{kind: getAll, at: []int{0, 1, 2, count}, words: []string{"HGETALL", c.group.namespace}}
}

func (c *linearClient) getSome() step {
	s := step{kind: get, at: c.several([]int{0, 1, 2, 3, 4, 5}), words: []string{"MGET"}}
	for _, at := range s.at {
		s.words = append(s.words, c.group.names[at])
	}
	return s
}

func (c *linearClient) set(at int) step {
	v := c.group.fresh()
	return step{kind: set, at: []int{at}, values: []int64{v}, words: []string{"SET", c.group.names[at], write(v)}}
}

func (c *linearClient) setFields() step {
	s := step{kind: setAll, at: c.several([]int{0, 1, 2}), words: []string{"HSET", c.group.namespace}}
	for _, at := range s.at {
		v := c.group.fresh()
		s.values = append(s.values, v)
		s.words = append(s.words, cellNames[at], write(v))
	}
	return s
}

func (c *linearClient) setSome() step {
	s := step{kind: set, at: c.several([]int{0, 1, 2, 4, 5}), words: []string{"MSET"}}
	for _, at := range s.at {
		v := c.group.fresh()
		s.values = append(s.values, v)
		s.words = append(s.words, c.group.names[at], write(v))
	}
	return s
}

func (c *linearClient) remove(at int) step {
	if c.chance.IntN(2) == 0 {
		return step{kind: take, at: []int{at}, words: []string{"GETDEL", c.group.names[at]}}
	}
	s := step{kind: remove, at: c.several([]int{0, 1, 2}), words: []string{"HDEL", c.group.namespace}}
	for _, at := range s.at {
		s.words = append(s.words, cellNames[at])
	}
	return s
}

func (c *linearClient) add() step {
	if c.chance.IntN(2) == 0 {
		return step{kind: add, at: []int{count}, values: []int64{1}, words: []string{"INCR", c.group.names[count]}}
	}
	by := 1 + c.chance.Int64N(9)
	return step{
		kind: add, at: []int{count}, values: []int64{by},
		words: []string{"HINCRBY", c.group.namespace, cellNames[count], strconv.FormatInt(by, 10)},
	}
}

// setIf sets a config if it is as the client believes, by its value, its digest or its revision.
func (c *linearClient) setIf(at int) step {
	v := c.group.fresh()
	s := step{kind: setIf, at: []int{at}, values: []int64{v}, expect: c.known[at].value, words: []string{"SET", c.group.names[at], write(v)}}
	if s.expect == 0 {
		s.words = append(s.words, [][]string{{"NX"}, {"IFREV", "0"}}[c.chance.IntN(2)]...)
		return s
	}
	s.words = append(s.words, c.condition(at)...)
	return s
}

// delIf deletes a config if it is as the client believes.
func (c *linearClient) delIf(at int) step {
	s := step{kind: delIf, at: []int{at}, expect: c.known[at].value, words: []string{"DELEX", c.group.names[at]}}
	if s.expect == 0 {
		s.words = append(s.words, "IFREV", "0")
		return s
	}
	s.words = append(s.words, c.condition(at)...)
	return s
}

// condition says what the client believes of a config that is there.
func (c *linearClient) condition(at int) []string {
	known := c.known[at]
	ways := [][]string{{"IFEQ", write(known.value)}}
	if known.digest != "" {
		ways = append(ways, []string{"IFDEQ", known.digest})
	}
	if known.revision > 0 {
		ways = append(ways, []string{"IFREV", strconv.FormatInt(known.revision, 10)})
	}
	return slices.Clone(ways[c.chance.IntN(len(ways))])
}
