package differential

import (
	"bytes"
	"slices"
	"strings"
)

// holdsUp asks Redis whether an answer is true that need not be Redis's own: what was drawn by
// chance is there, and what was dumped can be restored.
func (e *episode) holdsUp(c *call, ours []byte) bool {
	switch {
	case ours[0] == '-' || null(ours):
		return true
	case c.is("randomkey"):
		key, _ := bulk(ours)
		return string(e.redis("EXISTS", key)) == ":1\r\n"
	case c.is("hrandfield"):
		return e.areFields(c, ours)
	case c.is("dump"):
		return e.restores(c, ours)
	}
	return true
}

// redis returns Redis's reply, or nothing if it does not answer: the next step will say why.
func (e *episode) redis(words ...string) []byte {
	replies, err := e.Redis.Do(e.ctx, []Step{{asking, words}})
	if err != nil {
		return []byte("-\r\n")
	}
	return replies[0]
}

// areFields reports whether the hash has the fields that HRANDFIELD answers, with those values,
// and each once unless it was asked for repetitions.
func (e *episode) areFields(c *call, ours []byte) bool {
	_, drawn := elements(ours)
	switch {
	case ours[0] == '$':
		drawn = [][]byte{ours}
	case len(drawn) > 0 && drawn[0][0] == '*':
		_, drawn = elements(flat(drawn))
	}
	n := 1
	if len(c.Words) == 4 {
		n = 2
	}
	seen := map[string]bool{}
	for pair := range slices.Chunk(drawn, n) {
		field, isBulk := bulk(pair[0])
		value := e.redis("HGET", c.keys[0], field)
		again := seen[field] && !strings.HasPrefix(c.Words[min(2, len(c.Words)-1)], "-")
		if !isBulk || again || null(value) || n == 2 && !bytes.Equal(value, pair[1]) {
			return false
		}
		seen[field] = true
	}
	return true
}

// flat makes one array of arrays.
func flat(arrays [][]byte) []byte {
	var all [][]byte
	for _, a := range arrays {
		_, inner := elements(a)
		all = append(all, inner...)
	}
	return appendArray(nil, all...)
}

// restores reports whether Redis makes the same of what DUMP answers.
func (e *episode) restores(c *call, ours []byte) bool {
	copied := c.keys[0] + ", restored" // in no space
	payload, _ := bulk(ours)
	if string(e.redis("RESTORE", copied, "0", payload, "REPLACE")) != "+OK\r\n" {
		return false
	}
	defer e.redis("DEL", copied)
	for _, read := range []string{"TYPE", "GET", "HGETALL"} {
		if !bytes.Equal(sorted(e.redis(read, copied), 2), sorted(e.redis(read, c.keys[0]), 2)) {
			return false
		}
	}
	return true
}
