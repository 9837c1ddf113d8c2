package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// truths is how many changes or messages are told as they are before a lie.
const truths = 50

// FeedLies are what [Feed] has to notice. Each is told once, to one of its consumers.
func FeedLies() []*Lie {
	return []*Lie{
		feedLie("a change is swallowed", func(all []redis.XMessage) []redis.XMessage {
			return without(all, func(e redis.XMessage) bool { return entryOf(e, "op") == "set" })
		}),
		feedLie("a change within a revision is swallowed", func(all []redis.XMessage) []redis.XMessage {
			for i := 1; i < len(all)-1; i++ {
				if !strings.HasSuffix(all[i].ID, "-0") && !strings.HasSuffix(all[i+1].ID, "-0") {
					return slices.Delete(slices.Clone(all), i, i+1)
				}
			}
			return nil
		}),
		feedLie("an expiry is not told", func(all []redis.XMessage) []redis.XMessage {
			return without(all, func(e redis.XMessage) bool { return entryOf(e, "op") == "expired" })
		}),
		feedLie("a deletion is told as something else", func(all []redis.XMessage) []redis.XMessage {
			return instead(all, "op", "del", "set")
		}),
		feedLie("a change is told twice", func(all []redis.XMessage) []redis.XMessage {
			return slices.Insert(slices.Clone(all), len(all)/2, all[len(all)/2])
		}),
		feedLie("two changes are swapped", func(all []redis.XMessage) []redis.XMessage {
			if len(all) < 2 {
				return nil
			}
			all = slices.Clone(all)
			all[0], all[1] = all[1], all[0]
			return all
		}),
		feedLie("an id goes back", func(all []redis.XMessage) []redis.XMessage {
			return append(slices.Clone(all), all[0])
		}),
		feedLie("a wrong digest is told", func(all []redis.XMessage) []redis.XMessage {
			return instead(all, "op", "set", "set", "digest", "0123456789abcdef")
		}),
		feedLie("a wrong version is told", func(all []redis.XMessage) []redis.XMessage {
			return instead(all, "op", "set", "set", "version", "123456789")
		}),
		{Name: "what comes last is not told", Hook: func() redis.Hook { return &pages{alter: nothing, truths: 10 * truths} }},
	}
}

// FeedLieGone is what [Feed] has to notice where changes are dropped before all consumers have read them.
func FeedLieGone() *Lie {
	return &Lie{Name: "it is not told that changes are gone", Hook: func() redis.Hook { return goneHidden{} }}
}

func entryOf(e redis.XMessage, field string) string { s, _ := e.Values[field].(string); return s }

// without leaves out a change that is the only one of its revision; nil if there is none of that kind.
func without(all []redis.XMessage, is func(redis.XMessage) bool) []redis.XMessage {
	for i := range len(all) - 1 {
		if is(all[i]) && strings.HasSuffix(all[i].ID, "-0") && strings.HasSuffix(all[i+1].ID, "-0") {
			return slices.Delete(slices.Clone(all), i, i+1)
		}
	}
	return nil
}

// instead gives the first change with a value in a field another one, and further fields others.
func instead(all []redis.XMessage, field, value, other string, more ...string) []redis.XMessage {
	for i, e := range all {
		if entryOf(e, field) != value || !strings.HasPrefix(entryOf(e, "name"), feedPart) {
			continue
		}
		values := map[string]any{}
		for k, v := range e.Values {
			values[k] = v
		}
		values[field] = other
		for j := 0; j < len(more); j += 2 {
			values[more[j]] = more[j+1]
		}
		all = slices.Clone(all)
		all[i] = redis.XMessage{ID: e.ID, Values: values}
		return all
	}
	return nil
}

// nothing of a page is told.
func nothing([]redis.XMessage) []redis.XMessage { return []redis.XMessage{} }

// feedLie alters one page, the first one after some truths that can be altered so.
func feedLie(name string, alter func([]redis.XMessage) []redis.XMessage) *Lie {
	once := &pages{alter: alter, truths: truths, once: true}
	return &Lie{Name: name, Hook: func() redis.Hook { return once }}
}

// pages alters what XREAD answers. Its alter returns nil for a page that it cannot alter.
type pages struct {
	passing
	alter  func([]redis.XMessage) []redis.XMessage
	truths int  // changes that are told as they are, first
	once   bool // only one page is altered

	mu   sync.Mutex
	told int
	did  bool
}

func (p *pages) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		read, is := cmd.(*redis.XStreamSliceCmd)
		if err != nil || !is {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		all := read.Val()[0].Messages
		if p.told += len(all); p.told < p.truths || p.once && p.did {
			return nil
		}
		if altered := p.alter(all); altered != nil {
			p.did = true
			read.SetVal([]redis.XStream{{Stream: read.Val()[0].Stream, Messages: altered}})
		}
		return nil
	}
}

// goneHidden goes on with what is kept where it should be told that changes are gone.
type goneHidden struct{ passing }

func (goneHidden) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		read, is := cmd.(*redis.XStreamSliceCmd)
		if !is || !redis.HasErrorPrefix(err, "GONE") {
			return err
		}
		var floor uint64
		if _, err := fmt.Sscanf(err.Error(), "GONE changes up to revision %d", &floor); err != nil {
			return err
		}
		kept := redis.NewXStreamSliceCmd(ctx, "xread", "streams", feedStream, floor)
		if err := next(ctx, kept); err != nil {
			return err
		}
		read.SetErr(nil)
		read.SetVal(kept.Val())
		return nil
	}
}

// passing is a hook that does nothing.
type passing struct{}

func (passing) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (passing) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (passing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
