package load

import "github.com/redis/go-redis/v9"

// commands are what is sent for an operation.
func (c *linearClient) commands(o operation, transaction bool) (all [][]any) {
	if transaction {
		all = append(all, []any{"MULTI"})
	}
	for _, s := range o.steps {
		words := make([]any, len(s.words))
		for i, w := range s.words {
			words[i] = w
		}
		all = append(all, words)
		if s.kind == look {
			all = append(all, []any{"CONF", "META", c.group.names[s.at[0]]})
		}
	}
	if transaction {
		all = append(all, []any{"EXEC"})
	}
	return all
}

// outcome reads the replies to an operation.
func (c *linearClient) outcome(o operation, asked []*redis.Cmd, transaction bool) outcome {
	replies := []any{asked[0].Val()}
	if transaction {
		exec := asked[len(asked)-1]
		if exec.Err() != nil {
			return outcome{} // what was watched has changed
		}
		replies, _ = exec.Val().([]any)
	}
	out := make(outcome, len(o.steps))
	next := 0
	take := func() (reply any) {
		if next < len(replies) {
			reply = replies[next]
		}
		next++
		return reply
	}
	for i, s := range o.steps {
		out[i] = s.reply(take())
		if s.kind == look {
			meta, _ := take().(map[any]any)
			c.meet(s.at[0], out[i][0], meta, o.reads())
			continue
		}
		c.learn(s, out[i])
	}
	if next != len(replies) {
		return outcome{{nobodys}} // too many or too few
	}
	return out
}

// meet takes in what is told of a config beside its value. In a transaction that writes, its revision may not be there yet.
func (c *linearClient) meet(at int, value int64, meta map[any]any, committed bool) {
	size, _ := meta["size"].(int64)
	if written := write(value); value > 0 && size != int64(len(written)) || value == 0 && meta != nil {
		c.load.violated("%s: %s answered %q and CONF META %v in one transaction", c.group.names[at], c.addr, written, meta)
	}
	c.known[at] = seen{value: value}
	if committed {
		c.known[at].digest, _ = meta["digest"].(string)
		c.known[at].revision, _ = meta["revision"].(int64)
	}
}

// learn takes in what a step's reply says of configs.
func (c *linearClient) learn(s step, reply []int64) {
	for i, at := range s.at {
		now := seen{}
		switch {
		case s.kind == get || s.kind == getAll:
			now.value = reply[i]
		case s.kind == set || s.kind == setAll || s.kind == swap || s.kind == setIf && reply[0] == 1:
			now.value = s.values[i]
		case s.kind == setIf || s.kind == delIf && reply[0] == 0:
			continue
		}
		if c.known[at].value != now.value {
			c.known[at] = now
		}
	}
}

// reply reads the reply to a step.
func (s step) reply(reply any) []int64 {
	none := []int64{nobodys}
	switch s.kind {
	case getAll:
		all, _ := reply.(map[any]any)
		values, there := make([]int64, len(s.at)), 0
		for i, at := range s.at {
			if v, found := all[cellNames[at]]; found {
				values[i] = valueOf(at, v)
				there++
			}
		}
		if there != len(all) || all == nil {
			return none
		}
		return values
	case get:
		all, several := reply.([]any)
		if !several {
			all = []any{reply}
		}
		if len(all) != len(s.at) {
			return none
		}
		values := make([]int64, len(all))
		for i, v := range all {
			values[i] = valueOf(s.at[i], v)
		}
		return values
	case look, swap, take:
		return []int64{valueOf(s.at[0], reply)}
	}
	switch r := reply.(type) {
	case int64:
		return []int64{r}
	case string:
		if r == "OK" {
			return []int64{1}
		}
	case nil:
		if s.kind == setIf {
			return []int64{0}
		}
	}
	return none
}

// valueOf reads a cell's value, or 0 for none.
func valueOf(at int, reply any) int64 {
	switch r := reply.(type) {
	case nil:
		return 0
	case string:
		return read(at, r)
	}
	return nobodys
}
