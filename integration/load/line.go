package load

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A line is one connection to a node, for one client. What is sent on it can be lost on purpose.
type line struct {
	*redis.Conn
	client *redis.Client
	cutter cutter
	stop   func() bool // ends what until has begun
}

// dial returns a line on which an answer takes at most patience, after some commands that set it up. An error means that
// nothing else was sent.
func dial(ctx context.Context, addr string, lie *Lie, patience time.Duration, setup ...[]any) (*line, error) {
	l := &line{client: patient(addr, lie, patience)}
	l.client.AddHook(&l.cutter)
	l.Conn = l.client.Conn()
	stop := context.AfterFunc(ctx, l.cutter.hangUp) // a node that hangs says nothing for as long as patience lasts
	defer stop()
	err := l.Ping(ctx).Err()
	for _, words := range setup {
		if err == nil {
			err = l.Do(ctx, words...).Err()
		}
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// brisk is the patience of whoever may as well ask another node.
const brisk = 2 * time.Second

// until has the line end soon behind ctx, whatever waits on it.
func (l *line) until(ctx context.Context) {
	l.stop = context.AfterFunc(ctx, func() { time.AfterFunc(grace, l.cutter.hangUp) })
}

// grace is how long answers are waited for that are not there when a load ends, or a group is full: a node may hang.
const grace = time.Second

func (l *line) close() {
	if l.stop != nil {
		l.stop()
	}
	_ = l.Conn.Close() // it may be broken, and nobody waits for anything on it
	_ = l.client.Close()
}

// ask sends commands together, and returns them with their replies. The error is the first that is no reply.
func (l *line) ask(commands ...[]any) ([]*redis.Cmd, error) {
	ctx := context.Background()
	asked := make([]*redis.Cmd, len(commands))
	var err error
	if len(commands) == 1 {
		asked[0] = l.Do(ctx, commands[0]...)
		err = asked[0].Err()
	} else {
		p := l.Pipeline()
		for i, words := range commands {
			asked[i] = p.Do(ctx, words...)
		}
		_, err = p.Exec(ctx)
	}
	if err != nil {
		err = nil
		for _, c := range asked {
			if e := c.Err(); e != nil && !isReply(e) {
				err = e
				break
			}
		}
	}
	return asked, err
}

// A knowledge is what a client knows of what it asked for.
type knowledge int

const (
	told     knowledge = iota // the answer
	declined                  // nothing of it was done, nor will be
	doubtful                  // it was done, will be, or neither
	absurd                    // an answer that no node may give
)

func (k knowledge) String() string {
	return []string{"it was done", "it was refused", "nothing", "an answer that no node may give"}[k]
}

// declining are the errors of a node that has done nothing of what it was asked for.
var declining = []string{"CLUSTERDOWN ", "TRYAGAIN ", "MISCONF ", "LOADING ", "MASTERDOWN ", "EXECABORT "}

// knows is what an error leaves of a command that was sent.
func knows(err error) knowledge {
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return told
	case !isReply(err), redis.HasErrorPrefix(err, "INDOUBT"):
		return doubtful
	}
	for _, code := range declining {
		if strings.HasPrefix(err.Error(), code) {
			return declined
		}
	}
	return absurd
}

// isReply reports whether an error is one that a node has sent.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// A cutter loses connections on purpose: the next request, or a part of it, is sent, and its
// answer is never read.
type cutter struct {
	mu   sync.Mutex
	conn net.Conn
	next cut
}

// A cut is what becomes of the next request.
type cut int

const (
	none   cut = iota
	behind     // it arrives, and nobody reads the answer
	within     // its last bytes never arrive
)

func (c *cutter) arm(next cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
}

// hangUp ends the connection, whatever waits on it.
func (c *cutter) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close() // whoever uses it is told
	}
}

func (c *cutter) take() (next cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, c.next = c.next, none
	return next
}

// DialHook puts the cutter into the connection.
func (c *cutter) DialHook(dial redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conn = conn
		return &cuttable{Conn: conn, cutter: c}, nil
	}
}

// ProcessHook and ProcessPipelineHook leave commands as they are.
func (c *cutter) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook leaves pipelines as they are.
func (c *cutter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A cuttable connection is closed behind what is written to it, or before its end, when its cutter says so.
type cuttable struct {
	net.Conn
	cutter *cutter
}

var errCut = errors.New("load: the connection was cut on purpose")

func (c *cuttable) Write(b []byte) (int, error) {
	next := c.cutter.take()
	if next == within {
		b = b[:len(b)-min(len(b), 3)] // without its last word's end
	}
	n, err := c.Conn.Write(b)
	if next != none {
		_ = c.Close() // the error below says why
		if err == nil {
			err = errCut
		}
	}
	return n, err
}
