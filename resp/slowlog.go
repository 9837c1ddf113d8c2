package resp

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"
)

// slowlogCommands tell which commands took long.
var slowlogCommands = []Command{
	{
		Name: "slowlog", Group: "server", Since: "2.2.12",
		Summary: "A container for commands about commands that took long.",
	},
	{
		Name: "slowlog|get", Synopsis: "[count]", Flags: Admin | Loose, Group: "server", Since: "2.2.12", Do: slowlogGet,
		Summary: "Returns the last commands that took long, 10 unless told otherwise, or with -1 all that are kept. Values and passwords are left out.",
	},
	{
		Name: "slowlog|help", Group: "server", Since: "6.2.0", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "slowlog|len", Flags: Admin, Group: "server", Since: "2.2.12", Do: slowlogLen,
		Summary: "Returns how many commands that took long are kept.",
	},
	{
		Name: "slowlog|reset", Flags: Admin, Group: "server", Since: "2.2.12", Do: slowlogReset,
		Summary: "Forgets the commands that took long.",
	},
}

const errSlowlogCount = Error("ERR count should be greater than or equal to -1")

// A slowCall is a command that took long, without what may be secret in it.
type slowCall struct {
	id      int64
	at      time.Time
	took    time.Duration
	words   []string
	address string
	name    string // of the connection
}

// A slowlog keeps the last commands that took long, the newest at the end.
type slowlog struct {
	mu   sync.Mutex
	next int64 // id
	kept []slowCall
}

// add keeps a call, and no more than so many in all.
func (l *slowlog) add(c slowCall, most int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.id = l.next
	l.next++
	l.kept = append(l.kept, c)
	if more := int64(len(l.kept)) - most; more > 0 {
		clear(l.kept[:more]) // append moves what is left when it needs room, and not every time
		l.kept = l.kept[more:]
	}
}

// last returns the last calls, the newest first; of a negative number all.
func (l *slowlog) last(n int64) []slowCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n < 0 || n > int64(len(l.kept)) {
		n = int64(len(l.kept))
	}
	all := make([]slowCall, n)
	for i := range all {
		all[i] = l.kept[len(l.kept)-1-i]
	}
	return all
}

func (l *slowlog) len() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.kept))
}

func (l *slowlog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = nil
}

// remarkable returns from how many nanoseconds on a command is remarked upon.
func (l *live) remarkable() (nanoseconds int64) {
	nanoseconds = math.MaxInt64
	if slow := l.slowerThan.Load(); slow >= 0 && slow < math.MaxInt64/1000 {
		nanoseconds = slow * 1000
	}
	if late := l.latencyThreshold.Load(); late > 0 && late < math.MaxInt64/1_000_000 {
		nanoseconds = min(nanoseconds, late*1_000_000)
	}
	return nanoseconds
}

// unlogged are the commands that stand in no log of slow ones: what EXEC runs stands there by
// itself, and those that wait take the time that they were given.
var unlogged = map[string]bool{"exec": true, "wait": true, "waitaof": true}

// remark keeps a call that took long.
func (s *session) remark(c *Call, took time.Duration) {
	server := s.server
	if slow := server.live.slowerThan.Load(); slow >= 0 && took.Microseconds() >= slow && !unlogged[c.Name] {
		server.slowlog.add(slowCall{
			at: server.Now(), took: took, words: shortened(c.cleared()),
			address: s.peer(), name: s.name,
		}, server.live.slowLogLength.Load())
	}
	if late := server.live.latencyThreshold.Load(); late > 0 && took.Milliseconds() >= late && !waits(c.Command) {
		server.latency.add(latencyEvent(c.Command), server.Now(), took.Milliseconds())
	}
}

// waits reports whether a command takes the time that it was given.
func waits(c *Command) bool { return unlogged[c.Name] && c.Name != "exec" }

func slowlogGet(_ context.Context, c *Call) Reply {
	count := int64(10)
	if len(c.Args) > 1 {
		return errSubcommandSyntax(c)
	}
	if len(c.Args) == 1 {
		var err error
		if count, err = parseInt(c.Args[0]); err != nil || count < -1 {
			return errSlowlogCount
		}
	}
	all := []Reply{}
	for _, one := range c.session.server.slowlog.last(count) {
		all = append(all, []Reply{one.id, one.at.Unix(), one.took.Microseconds(), bulks(one.words), one.address, one.name})
	}
	return all
}

func slowlogLen(_ context.Context, c *Call) Reply { return c.session.server.slowlog.len() }

func slowlogReset(_ context.Context, c *Call) Reply {
	c.session.server.slowlog.reset()
	return ok
}

// What the log shows of a command at most, as in Redis.
const (
	maxSlowWords = 32
	maxSlowWord  = 128 // bytes
)

// shortened cuts a command down to what the log shows.
func shortened(words []string) []string {
	n := len(words)
	if n > maxSlowWords {
		words = append(words[:maxSlowWords-1:maxSlowWords-1], fmt.Sprintf("... (%d more arguments)", n-maxSlowWords+1))
	}
	short := make([]string, len(words))
	for i, w := range words {
		if more := len(w) - maxSlowWord; more > 0 {
			w = fmt.Sprintf("%s... (%d more bytes)", w[:maxSlowWord], more)
		}
		short[i] = w
	}
	return short
}
