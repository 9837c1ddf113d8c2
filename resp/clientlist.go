package resp

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// listCommands tell of connections, and end them.
var listCommands = []Command{
	{
		Name: "client|info", Group: "connection", Since: "6.2.0", Do: clientInfo,
		Summary: "Describes this connection.",
	},
	{
		Name: "client|kill", Synopsis: "<ip:port | <ID client-id | TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB> | USER username | ADDR ip:port | LADDR ip:port | SKIPME yes/no | MAXAGE maxage> ...>",
		Flags: Admin | Loose, Group: "connection", Since: "2.4.0", Do: clientKill,
		Summary: "Ends the connections of this node that all filters fit, but for this one unless SKIPME no is said, and returns how many. " +
			"A write that is on its way is answered before.",
	},
	{
		Name: "client|list", Synopsis: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
		Flags: Admin | Loose, Group: "connection", Since: "2.4.0", Do: clientList,
		Summary: "Describes the connections of this node.",
	},
}

// The errors of listCommands.
const (
	errListID    = Error("ERR Invalid client ID")
	errKillID    = Error("ERR client-id should be greater than 0")
	errKillAge   = Error("ERR maxage is not an integer or out of range")
	errKillYoung = Error("ERR maxage should be greater than 0")
	errNoClient  = Error("ERR No such client")
)

// clientInfo tells what there is to tell, in Redis's form.
func clientInfo(_ context.Context, c *Call) Reply { return Text(c.session.describe()) }

func clientList(_ context.Context, c *Call) Reply {
	server := c.session.server
	chosen := server.present()
	switch n := len(c.Args); {
	case n == 0:
	case n == 2 && strings.EqualFold(c.Args[0], "TYPE"):
		kind, err := clientKind(c.Args[1])
		if err != nil {
			return err
		}
		chosen = slices.DeleteFunc(chosen, func(o *conn) bool { return o.session.kind() != kind })
	case n > 1 && strings.EqualFold(c.Args[0], "ID"):
		chosen = nil
		for _, word := range c.Args[1:] {
			id, err := parseInt(word)
			if err != nil {
				return errListID
			}
			if one := server.client(id); one != nil {
				chosen = append(chosen, one)
			}
		}
	default:
		return errSyntax
	}
	var b strings.Builder
	for _, one := range chosen {
		b.WriteString(one.session.describe())
	}
	return Text(b.String())
}

// clientKind reads the word behind TYPE. There are no connections of masters and replicas.
func clientKind(word string) (string, error) {
	switch kind := strings.ToLower(word); kind {
	case "normal", "pubsub", "master", "replica":
		return kind, nil
	case "slave":
		return "replica", nil
	}
	return "", errorf("ERR Unknown client type '%s'", upToZero(word, len(word)))
}

// doomed says whom CLIENT KILL means: who fits all of it.
type doomed struct {
	id          int64
	kind        string
	addr, laddr string
	age         time.Duration // at least
	self        bool
}

func clientKill(_ context.Context, c *Call) Reply {
	whom, err := c.doomed()
	if err != nil {
		return err
	}
	killed := int64(0)
	for _, one := range c.session.server.present() {
		if !whom.fits(c.session, one.session) {
			continue
		}
		killed++
		if one == c.session.conn {
			one.killed.Store(true)
			c.session.quit = true
		} else {
			one.kill()
		}
	}
	switch old := len(c.Args) == 1; {
	case old && killed == 0:
		return errNoClient
	case old:
		return ok
	}
	return killed
}

// doomed reads the words of CLIENT KILL: an address, or filters.
func (c *Call) doomed() (whom doomed, err error) {
	if len(c.Args) == 1 {
		return doomed{addr: c.Args[0], self: true}, nil
	}
	for words := c.Args; len(words) > 0; words = words[2:] {
		if len(words) == 1 {
			return whom, errSyntax
		}
		if err := whom.filter(strings.ToUpper(words[0]), words[1]); err != nil {
			return whom, err
		}
	}
	return whom, nil
}

// filter adds a filter.
func (d *doomed) filter(token, value string) (err error) {
	n, notNumber := parseInt(value)
	switch token {
	case "ID":
		if d.id = n; notNumber != nil || n < 1 {
			return errKillID
		}
	case "TYPE":
		d.kind, err = clientKind(value)
	case "ADDR":
		d.addr = value
	case "LADDR":
		d.laddr = value
	case "USER":
		if value != defaultUser {
			return errorf("ERR No such user '%s'", upToZero(value, len(value)))
		}
	case "SKIPME":
		if d.self = strings.EqualFold(value, "no"); !d.self && !strings.EqualFold(value, "yes") {
			return errSyntax
		}
	case "MAXAGE":
		if notNumber != nil {
			return errKillAge
		}
		if n < 1 {
			return errKillYoung
		}
		d.age = time.Duration(min(n, math.MaxInt32)) * time.Second
	default:
		return errSyntax
	}
	return err
}

// fits reports whether a client is meant by another one.
func (d *doomed) fits(by, one *session) bool {
	switch {
	case d.id != 0 && d.id != one.id,
		d.kind != "" && d.kind != one.kind(),
		d.addr != "" && d.addr != one.conn.guard.RemoteAddr().String(),
		d.laddr != "" && d.laddr != one.conn.guard.LocalAddr().String(),
		d.age > 0 && by.server.Now().Sub(one.since) < d.age,
		one == by && !d.self:
		return false
	}
	return true
}

// kill ends a connection for another one, without waiting for it. What it is answering just now may
// have been written, so that is finished, in the time that a write takes.
func (c *conn) kill() {
	c.killed.Store(true)
	if c.turn.TryLock() {
		c.mail.close()      // whoever redirects messages to it learns that it has gone before its client does
		_ = c.guard.Close() // who uses it gets the error
		c.turn.Unlock()
		return
	}
	c.guard.end()
	time.AfterFunc(c.server.Hold, func() { _ = c.guard.Close() })
}
