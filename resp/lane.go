package resp

import (
	"time"

	"confman/store"
)

// A lane is the short way for what clients ask nearly all the time: GET, HGET and HGETALL of what is there, and GET of what is not. It reads the
// bytes as they came, looks into the store without a transaction, and answers at once. What it does not know, or has no full
// answer for, goes the long way, with all that came behind it. The long way answers these three in the same words, so no
// client can tell which way it was served.
type lane struct {
	look   func(store.Glance) // [conn.answerShort], made once, so that no look allocates
	rest   []byte             // what came and is not answered
	count  [lanes]int
	missed int    // how many of them found nothing
	last   int    // the place in shortcuts of what was answered last
	at     int64  // when the bytes came, in Unix milliseconds
	name   []byte // room to put a name together
}

// lanes is how many commands have a lane.
const lanes = 3

// shortcuts are the commands of the lane: their names, how many words they take, and how each is answered: in full, or
// not at all.
var shortcuts = [lanes]struct {
	name   string
	words  int
	answer func(*conn, store.Glance, asked) (answered bool)
}{
	{"get", 2, (*conn).getShort},
	{"hget", 3, (*conn).hgetShort},
	{"hgetall", 2, (*conn).hgetallShort},
}

// asked are the words of a command, where they came in.
type asked [3][]byte

// takeShort answers the first of the commands that have come, as far as they are the lane's. The replies are not sent yet. It
// is the connection's turn.
func (c *conn) takeShort() {
	l := &c.lane
	came := c.guard.fresh()
	if l.rest = came; len(came) == 0 || !c.session.plain() {
		return
	}
	if l.look == nil {
		l.look = c.answerShort
	}
	began := c.server.Now()
	l.at = began.UnixMilli()
	err := c.glance()
	done := came[:len(came)-len(l.rest)]
	if err != nil || len(done) == 0 {
		return // the long way has something to say
	}
	c.session.active.Store(began.UnixNano())
	c.noteShort(done, c.server.Now().Sub(began))
	c.guard.rested = began
	c.guard.pass(len(done))
}

// glance answers out of one look at the store. A mistake must not end the process.
func (c *conn) glance() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			c.out = appendReply(c.out, c.session.broken(p), 2)
			err = errInternal
		}
	}()
	return c.server.Node.Glance(c.lane.look)
}

// plain reports whether the client's commands are answered as anybody's are: nothing was agreed on that changes what is
// answered, or who is told of it.
func (s *session) plain() bool {
	return !s.quit && !s.multi && s.how == nil && !s.linearizable && s.bound == 0 && s.silenced == silenced{} && !s.monitors && !s.listens() &&
		s.trusted() && !s.conn.killed.Load() && !s.server.pause.some.Load() && s.server.monitors.some.Load() == 0
}

// answerShort answers commands until one is not the lane's, or a piece of output is full. The output's lock is held.
func (c *conn) answerShort(g store.Glance) {
	l := &c.lane
	for len(c.out) < flushAt {
		words, n, size := parseShort(l.rest)
		kind := shortcut(words, n)
		if kind < 0 || !shortcuts[kind].answer(c, g, words) {
			return
		}
		l.count[kind]++
		l.last, l.rest = kind, l.rest[size:]
	}
}

// shortcut returns the place of a command of n words in shortcuts, or -1.
func shortcut(words asked, n int) int {
	for i := range shortcuts {
		if shortcuts[i].words == n && spells(words[0], shortcuts[i].name) {
			return i
		}
	}
	return -1
}

// spells reports whether a word is a name, which is in small letters, in letters of either case.
func spells(word []byte, name string) bool {
	if len(word) != len(name) {
		return false
	}
	for i := range word {
		if word[i]|0x20 != name[i] {
			return false
		}
	}
	return true
}

// parseShort reads a command of two or three words, in the form in which clients send one; n is zero if what comes first is
// none, or is not all there.
func parseShort(b []byte) (words asked, n, size int) {
	if len(b) < 4 || b[0] != '*' || b[1] < '2' || b[1] > '3' || b[2] != '\r' || b[3] != '\n' {
		return words, 0, 0
	}
	size = 4
	for n = range int(b[1] - '0') {
		word, behind := parseWord(b[size:])
		if behind == 0 {
			return words, 0, 0
		}
		words[n] = word
		size += behind
	}
	return words, n + 1, size
}

// parseWord reads a bulk string of 1 to 9,999 bytes, and returns how many bytes it takes in all; zero if there is none.
func parseWord(b []byte) (word []byte, size int) {
	if len(b) < 6 || b[0] != '$' {
		return nil, 0
	}
	length, at := 0, 1
	for ; at < min(len(b), 5) && '0' <= b[at] && b[at] <= '9'; at++ {
		length = 10*length + int(b[at]-'0')
	}
	size = at + 2 + length + 2
	if at == 1 || b[1] == '0' || len(b) < size || b[at] != '\r' || b[at+1] != '\n' || b[size-2] != '\r' || b[size-1] != '\n' {
		return nil, 0
	}
	return b[at+2 : size-2], size
}

// noteShort takes down what was answered, as [session.note] does for the long way. Commands that came together share the
// time that they took.
func (c *conn) noteShort(done []byte, took time.Duration) {
	l, s := &c.lane, c.server
	all := 0
	for _, n := range l.count {
		all += n
	}
	each := took / time.Duration(all)
	for kind, n := range l.count {
		if n > 0 {
			used := s.shortcuts[kind].used
			used.took.Add(int64(each) * int64(n))
			used.latencies.addMany(each, n)
		}
	}
	s.counts.hits.Add(int64(all - l.missed))
	s.counts.misses.Add(int64(l.missed))
	l.count, l.missed = [lanes]int{}, 0
	c.session.last.Store(s.shortcuts[l.last])
	if int64(each) >= s.remarkable.Load() {
		c.remarkShort(done, each)
	}
}

// remarkShort remarks upon commands that took long.
func (c *conn) remarkShort(done []byte, each time.Duration) {
	for len(done) > 0 {
		asked, n, size := parseShort(done)
		words := make([]string, n)
		for i := range words {
			words[i] = string(asked[i])
		}
		cmd := c.server.shortcuts[shortcut(asked, n)]
		c.session.remark(&Call{Command: cmd, Args: words[1:], words: words, session: c.session}, each)
		done = done[size:]
	}
}

func (c *conn) getShort(g store.Glance, words asked) bool {
	value, found := g.Get(words[1])
	switch {
	case found:
		return c.valueShort(words[1], value)
	case g.Nothing(words[1]):
		c.out = appendReply(c.out, nil, c.session.protocol)
		c.lane.missed++
		return true
	}
	return false
}

func (c *conn) hgetShort(g store.Glance, words asked) bool {
	namespace, key := rootedShort(words[1]), words[2]
	value, found := g.In(namespace, key)
	if !found {
		return false
	}
	name := c.lane.name[:0]
	if len(namespace) > 0 {
		name = append(append(name, namespace...), '/')
	}
	c.lane.name = append(name, key...)
	return c.valueShort(c.lane.name, value)
}

// valueShort answers with the value of a config.
func (c *conn) valueShort(name []byte, value string) bool {
	if len(value) > flushAt {
		return false
	}
	c.out = appendBulk(c.out, value)
	c.server.readings.readBytes(name, c.lane.at)
	return true
}

func (c *conn) hgetallShort(g store.Glance, words asked) bool {
	namespace := words[1]
	out, answered := c.server.ready.answer(c.out, g, rootedShort(namespace), c.session.protocol, c.lane.at)
	c.out = out
	if !answered {
		return false
	}
	c.server.readings.readBytes(namespace, c.lane.at)
	return true
}

// rootedShort is [rooted] of a name as it came.
func rootedShort(namespace []byte) []byte {
	if len(namespace) == 1 && namespace[0] == '/' {
		return nil
	}
	return namespace
}
