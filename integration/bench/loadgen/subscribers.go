package loadgen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Subscribers are connections that are told something at once.
type Subscribers struct {
	Addr      string
	Count     int
	Subscribe []string // the command with which each subscribes
	// Publish has all of them be told one thing, for the i-th time.
	Publish func(ctx context.Context, i int) error
}

// Rounds publishes so often, each time when the last subscriber has the message before. Ops are the rounds; P50, P99 and Max are
// of the time from the call of Publish until the last has its message. The first error ends it.
func (s Subscribers) Rounds(ctx context.Context, rounds int) (Result, error) {
	poll, err := newPoll()
	if err != nil {
		return Result{}, err
	}
	defer poll.close()
	all := audience{poll: poll, due: make([]int, s.Count)}
	defer all.close()
	if err := s.subscribe(ctx, &all); err != nil {
		return Result{}, fmt.Errorf("subscribe: %w", err)
	}
	t := newTally()
	began := time.Now()
	for i := range rounds {
		took, err := s.round(ctx, &all, i)
		if err != nil {
			return sum([]*tally{t}, time.Since(began)), err
		}
		t.add(1, took)
	}
	return sum([]*tally{t}, time.Since(began)), nil
}

// round listens while it publishes, because the first may hear before the publisher is answered.
func (s Subscribers) round(ctx context.Context, all *audience, i int) (time.Duration, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	told := time.Now()
	var publisher sync.WaitGroup
	publisher.Go(func() {
		if err := s.Publish(ctx, i); err != nil {
			fail(err)
		}
	})
	err := all.hear(ctx, 1)
	took := time.Since(told)
	if err != nil {
		fail(err)
	}
	publisher.Wait()
	return took, context.Cause(ctx)
}

// subscribe connects everyone, and waits until each has subscribed.
func (s Subscribers) subscribe(ctx context.Context, all *audience) error {
	command := Command(nil, s.Subscribe...)
	for number := range s.Count {
		socket, err := dial(ctx, s.Addr)
		if err != nil {
			return err
		}
		all.sockets = append(all.sockets, socket)
		if err := all.poll.add(socket.fd, number); err != nil {
			return err
		}
		if n, err := socket.write(command); err != nil {
			return err
		} else if n < len(command) {
			return fmt.Errorf("only %d bytes of a command could be written", n)
		}
	}
	answers := 1
	if strings.HasSuffix(strings.ToUpper(s.Subscribe[0]), "SUBSCRIBE") {
		answers = len(s.Subscribe) - 1 // one for each channel
	}
	return all.hear(ctx, answers)
}

// An audience is the connections of subscribers.
type audience struct {
	poll    *poll
	sockets []*socket
	due     []int // messages that each has yet to hear
}

func (a *audience) close() {
	for _, s := range a.sockets {
		s.close()
	}
}

// hear waits until each has heard so many messages more.
func (a *audience) hear(ctx context.Context, messages int) error {
	waiting := 0
	for i := range a.due {
		if a.due[i] += messages; a.due[i] > 0 {
			waiting++
		}
	}
	for waiting > 0 {
		events, err := a.poll.wait()
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return err
		}
		for _, event := range events {
			heard, err := a.listen(int(event.Fd))
			if err != nil {
				return err
			}
			if heard {
				waiting--
			}
		}
	}
	return nil
}

// listen reads once, and says whether it has now heard all that it was to hear, which it had not before.
func (a *audience) listen(number int) (bool, error) {
	s := a.sockets[number]
	if err := s.fill(); err != nil {
		return false, err
	}
	before := a.due[number]
	for {
		_, ok, err := s.reply(false)
		if err != nil {
			return false, err
		}
		if !ok {
			return before > 0 && a.due[number] <= 0, nil
		}
		if s.bad {
			return false, errors.New(string(s.fail))
		}
		a.due[number]--
	}
}
