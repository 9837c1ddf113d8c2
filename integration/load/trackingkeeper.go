package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The ways of tracking.
const (
	byName      = "by name"
	byPrefix    = "by prefix"
	ifSaidSo    = "if it is said so"
	elsewhither = "redirected" // to another connection, of RESP 2
)

var trackingModes = []string{byName, byPrefix, ifSaidSo, elsewhither}

// A keeper keeps what it reads at a node.
type keeper struct {
	*Tracking
	addr   string
	mode   string
	random *rand.Rand

	reads, told *conn // told is where it is told what has changed
	kept        map[string]string
	stale       map[string]bool // what was told since the last read
}

// lapses bounds how long a node may take to tell that something has expired.
const lapses = 10 * time.Second

// run reads until ctx ends. When a connection breaks, it forgets all that it has kept.
func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := k.connect(ctx)
		for err == nil && ctx.Err() == nil {
			if err = k.read(ctx); err == nil {
				pauseFor(ctx, cmp.Or(k.Pause, 50*time.Millisecond))
			}
		}
		k.hangUp()
		if err != nil {
			pauseFor(ctx, setBack)
		}
	}
}

func (k *keeper) hangUp() {
	for _, c := range []*conn{k.reads, k.told} {
		if c != nil {
			_ = c.Close()
		}
	}
	k.reads, k.told = nil, nil
}

// connect begins to track.
func (k *keeper) connect(ctx context.Context) (err error) {
	k.kept = map[string]string{}
	if k.reads, err = connect(ctx, k.addr, "3", k.Lie, k.take); err != nil {
		return err
	}
	words := []string{"CLIENT", "TRACKING", "ON"}
	switch k.mode {
	case byPrefix:
		words = append(words, "BCAST", "PREFIX", k.part)
	case ifSaidSo:
		words = append(words, "OPTIN")
	case elsewhither:
		if k.told, err = connect(ctx, k.addr, "2", k.Lie, k.take); err != nil {
			return err
		}
		id, err := k.told.do("CLIENT", "ID")
		if err != nil {
			return err
		}
		if _, err := k.told.do("SUBSCRIBE", "__redis__:invalidate"); err != nil {
			return err
		}
		words = append(words, "REDIRECT", fmt.Sprint(id))
	}
	_, err = k.reads.do(words...)
	return err
}

// take takes what a node tells: a list of names, or nothing, when all may have changed.
func (k *keeper) take(push []any) {
	what := push[len(push)-1]
	switch kind := push[0]; {
	case kind == "invalidate", kind == "message":
	case kind == "tracking-redir-broken":
		what = nil
	default:
		return
	}
	k.invalidations.Add(1)
	names, some := what.([]any)
	if !some {
		clear(k.kept)
		k.stale = nil // all
		return
	}
	for _, n := range names {
		name, _ := n.(string)
		delete(k.kept, name)
		if k.stale != nil {
			k.stale[name] = true
		}
	}
}

// read reads something, and compares it with what is kept of that.
func (k *keeper) read(ctx context.Context) error {
	name := k.space(k.random)
	if k.random.IntN(3) == 0 {
		name = k.part + trackedSoon
	}
	command := "HGETALL"
	if k.random.IntN(5) > 0 {
		name, command = name+"/"+field(k.random), "GET"
	}
	if k.mode == ifSaidSo {
		if _, err := k.reads.do("CLIENT", "CACHING", "YES"); err != nil {
			return err
		}
	}
	k.stale = map[string]bool{}
	answer, err := k.reads.do(command, name)
	if err != nil {
		return err
	}
	k.operations.Add(1)
	value := textOf(answer)
	before, kept := k.kept[name]
	k.kept[name] = value
	if !kept {
		return nil
	}
	k.checked.Add(1)
	if value == before {
		return nil
	}
	return k.await(ctx, name, before, value)
}

// await has the node answer another command: before that it must have told that a value has changed. Only when
// something has expired it may take longer.
func (k *keeper) await(ctx context.Context, name, before, value string) error {
	patient := k.expires(name) && (value == "" || before == "" || strings.ContainsRune(value+before, '='))
	for began := time.Now(); ; pauseFor(ctx, setBack) {
		if err := k.settle(); err != nil {
			return err
		}
		switch {
		case k.stale == nil || k.stale[name]:
			return nil
		case ctx.Err() != nil && patient:
			return nil // nobody knows
		case !patient || time.Since(began) > lapses:
			k.violated("at %s, tracked %s: %s was %q, is %q, and that was not told", k.addr, k.mode, name, before, value)
			return nil
		}
	}
}

// settle has all that a node had to tell arrive.
func (k *keeper) settle() error {
	if k.told == nil {
		_, err := k.reads.do("PING")
		return err
	}
	// What there is to tell is sent behind what answers a command. The second answer is behind that.
	_, err1 := k.told.do("PING")
	_, err2 := k.told.do("PING")
	return errors.Join(err1, err2)
}

// textOf writes an answer of GET, "" for nothing, or of HGETALL, in the order of its fields.
func textOf(answer any) string {
	switch a := answer.(type) {
	case string:
		return a
	case []any:
		var all []string
		for i := 0; i+1 < len(a); i += 2 {
			all = append(all, fmt.Sprintf("%v=%v", a[i], a[i+1]))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	return ""
}
