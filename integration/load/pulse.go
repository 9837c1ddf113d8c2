package load

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

// A pulse says since when one life of a node has answered without a break, as heard on a connection on which nothing
// else happens.
type pulse struct {
	mu    sync.Mutex
	life  string
	since time.Time // zero if it does not answer
}

// feel asks the node again and again until ctx ends.
func (p *pulse) feel(ctx context.Context, addr string) {
	const every, patience = 250 * time.Millisecond, time.Second
	var l *line
	defer func() {
		if l != nil {
			l.close()
		}
	}()
	for ; ctx.Err() == nil; pauseFor(ctx, every) {
		if l == nil {
			l, _ = dial(ctx, addr, nil, patience)
		}
		if l == nil {
			p.beat("")
			continue
		}
		text, err := l.Info(context.Background(), "server").Result()
		if err != nil {
			l.close()
			l = nil
			p.beat("")
			continue
		}
		_, rest, _ := strings.Cut(text, "run_id:")
		life, _, _ := strings.Cut(rest, "\r\n")
		p.beat(life)
	}
}

// beat notes which life has answered, or none.
func (p *pulse) beat(life string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case life == "":
		p.since = time.Time{}
	case p.since.IsZero() || p.life != life:
		p.since = time.Now()
	}
	p.life = life
}

// steady reports whether the node has answered for so long.
func (p *pulse) steady(d time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.since.IsZero() && time.Since(p.since) >= d
}

// isTimeout reports whether nothing was heard for as long as patience lasts.
func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}
