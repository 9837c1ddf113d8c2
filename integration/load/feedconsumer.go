package load

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A consumer follows the feed, from one node to the next.
type consumer struct {
	*Feed
	id   int
	nap  time.Duration
	fold *fold
	stretch
}

// follow reads on until ctx ends, at another node whenever one fails, and every now and then.
func (c *consumer) follow(ctx context.Context, addrs []string, at int) {
	const reads = 40 // at one node
	for ; ctx.Err() == nil; at++ {
		client := Client(addrs[at%len(addrs)], c.Lie)
		for n := 0; n < reads && ctx.Err() == nil; n++ {
			if _, err := c.read(ctx, client); err != nil {
				pauseFor(ctx, setBack)
				break
			}
			if c.nap > 0 {
				pauseFor(ctx, c.nap)
			}
		}
		_ = client.Close()
		c.moves.Add(1)
	}
}

// read reads what follows, or waits for it a little. It returns how much that was.
func (c *consumer) read(ctx context.Context, client *redis.Client) (n int, err error) {
	args := &redis.XReadArgs{Streams: []string{feedStream, c.position()}, Block: 500 * time.Millisecond}
	streams, err := client.XRead(ctx, args).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return 0, nil
	case redis.HasErrorPrefix(err, "GONE"):
		return 1, c.resync(ctx, client, err.Error())
	case knows(err) == absurd:
		c.violated("consumer %d behind %s: %v", c.id, c.position(), err)
	}
	if err != nil {
		return 0, err
	}
	for _, entry := range streams[0].Messages {
		change, err := changeOf(entry)
		if err == nil {
			err = c.fold.take(change)
			c.stretches.compare(&c.stretch, c.id, change, c.violated)
		}
		if err != nil {
			c.violated("consumer %d: %v", c.id, err)
		}
		c.checked.Add(1)
	}
	return len(streams[0].Messages), nil
}

// position is what the consumer asks to be told of what is behind.
func (c *consumer) position() string {
	if at := c.fold.at; at.n != behindAll {
		return at.String()
	}
	return strconv.FormatUint(c.fold.at.revision, 10)
}

// resync reads the configs anew, and goes on from the revision that the node has named.
func (c *consumer) resync(ctx context.Context, client *redis.Client, gone string) error {
	var floor, revision uint64
	const form = "GONE changes up to revision %d are not kept any more: read the configs anew, then go on from %d"
	if _, err := fmt.Sscanf(gone, form, &floor, &revision); err != nil || floor <= c.fold.at.revision || revision < floor {
		c.violated("consumer %d behind %s: %q: %v", c.id, c.fold.at, gone, err)
		return errors.New(gone)
	}
	read, horizon, err := readPart(ctx, client)
	if err != nil {
		return err
	}
	if horizon < revision {
		return fmt.Errorf("at revision %d, and was at %d", horizon, revision) // it was started anew meanwhile
	}
	c.fold.restart(revision, read, horizon)
	c.stretch = stretch{}
	c.resyncs.Add(1)
	return nil
}

// readPart reads the configs of the load's own part at a node, all over one connection, and then to which revision the node
// has come.
func readPart(ctx context.Context, client *redis.Client) (configs map[string]config, applied uint64, err error) {
	conn := client.Conn()
	defer conn.Close()
	configs = map[string]config{}
	for cursor := uint64(0); ; {
		var names []string
		if names, cursor, err = conn.Scan(ctx, cursor, feedPart+"*", 1000).Result(); err != nil {
			return nil, 0, err
		}
		if err := readMeta(ctx, conn, names, configs); err != nil {
			return nil, 0, err
		}
		if cursor == 0 {
			break
		}
	}
	info, err := conn.Info(ctx, "confman").Result()
	if err != nil {
		return nil, 0, err
	}
	_, rest, _ := strings.Cut(info, "applied_revision:")
	digits, _, _ := strings.Cut(rest, "\r\n")
	applied, err = strconv.ParseUint(digits, 10, 64)
	return configs, applied, err
}

// readMeta reads what is known of some configs.
func readMeta(ctx context.Context, conn *redis.Conn, names []string, configs map[string]config) error {
	if len(names) == 0 {
		return nil
	}
	results, err := conn.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, name := range names {
			p.Do(ctx, "CONF", "META", name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, r := range results {
		meta, err := r.(*redis.Cmd).Result()
		if errors.Is(err, redis.Nil) {
			continue // it has gone meanwhile
		}
		fields, is := meta.(map[any]any)
		if err != nil || !is {
			return fmt.Errorf("%v: %w", meta, err)
		}
		version, _ := fields["version"].(int64)
		digest, _ := fields["digest"].(string)
		configs[names[i]] = config{uint64(version), digest, true}
	}
	return nil
}

// A stretch is what a consumer was told of some revisions that follow each other, as a sum.
type stretch struct {
	number uint64 // of the stretch, which is some hundred revisions
	sum    uint64
	whole  bool // it was told from its beginning
}

const stretchRevisions = 128

// seed makes all sums of this process comparable.
var seed = maphash.MakeSeed()

// add adds a change to a stretch, or begins another one with it: then it returns the one that has ended.
func (s *stretch) add(c change) (ended stretch, did bool) {
	if number := c.id.revision / stretchRevisions; number != s.number {
		ended, did = *s, true
		ended.sum = maphash.Comparable(seed, [2]uint64{s.sum, number}) // and which one came next
		*s = stretch{number: number, whole: s.number > 0}
	}
	s.sum = maphash.Comparable(seed, struct {
		uint64
		change
	}{s.sum, c})
	return ended, did
}
