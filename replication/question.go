package replication

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Some things each node knows for itself, and they stand in no log: who reads what of it, for one. Nodes
// ask one another; what the questions and the answers mean is not this package's.

// An Answer is what another node says to a question, or why it could not be asked.
type Answer struct {
	Member
	Text json.RawMessage
	Err  error
}

// questionTime bounds how long one node is asked beyond the time to connect to it.
const questionTime = time.Second

// Ask puts a question to all other nodes at once and returns what each says, in the order of their
// numbers. It returns at the end of ctx at the latest.
func (n *Node) Ask(ctx context.Context, question json.RawMessage) []Answer {
	var answers []Answer
	for _, m := range n.members() {
		if m.Host != n.identity.Host {
			answers = append(answers, Answer{Member: m})
		}
	}
	slices.SortFunc(answers, func(a, b Answer) int { return cmp.Compare(a.ID, b.ID) })
	var all sync.WaitGroup
	for i := range answers {
		a := &answers[i]
		if n.degraded != "" {
			a.Err = fmt.Errorf("this node only reads, and asks nobody: %s", n.degraded)
			continue
		}
		all.Go(func() {
			leave := n.questions.of(a.Host).enter(ctx)
			if leave == nil {
				a.Err = fmt.Errorf("others ask it already: %w", ctx.Err())
				return
			}
			defer leave()
			a.Text, a.Err = n.transport.put(ctx, kindAsk, a.Host, question, questionTime)
		})
	}
	all.Wait()
	return answers
}

// doors let one question at a time through to each host: however many clients ask, raft's connections
// have their place.
type doors struct {
	mu     sync.Mutex
	byHost map[string]*door
}

func (d *doors) of(host string) *door {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byHost == nil {
		d.byHost = map[string]*door{}
	}
	if d.byHost[host] == nil {
		d.byHost[host] = &door{}
	}
	return d.byHost[host]
}

// A door lets in one at a time, in the order in which they came.
type door struct {
	once   sync.Once
	inside chan struct{}
}

// enter waits until nobody else is inside. It returns how to leave, or nil if ctx ended before.
func (d *door) enter(ctx context.Context) (leave func()) {
	d.once.Do(func() { d.inside = make(chan struct{}, 1) })
	select {
	case d.inside <- struct{}{}:
		return func() { <-d.inside }
	case <-ctx.Done():
		return nil
	}
}

// put puts a question to a host, on a connection of a kind; both it and the answer are a JSON object on one
// line. The answer may take as long as the patience, once there is a connection.
func (t *transport) put(ctx context.Context, kind, host string, question json.RawMessage, patience time.Duration) (answer json.RawMessage, err error) {
	conn, err := t.open(ctx, kind, host, t.dialTime)
	if err == nil {
		err = t.hold(conn, nil)
	}
	if err != nil {
		return nil, err
	}
	defer t.release(conn)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(append(slices.Clip(question), '\n')); err != nil {
		return nil, err
	}
	line, err := readLine(bufio.NewReaderSize(conn, maxHello), maxAnswer)
	if err == nil {
		err = refused(line)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return line, err
}

// serveAsk answers a question of another node.
func (t *transport) serveAsk(conn net.Conn, r *bufio.Reader) error {
	if err := conn.SetReadDeadline(time.Now().Add(t.helloTime)); err != nil {
		return err
	}
	question, err := readLine(r, maxJoin)
	if err != nil {
		return err
	}
	if t.asked == nil {
		err := errors.New("this node answers no questions")
		refuse(conn, err)
		return err
	}
	answer, err := t.asked(question)
	if err != nil {
		refuse(conn, err)
		return err
	}
	return send(conn, append(slices.Clip(answer), '\n'), t.writeTime)
}
