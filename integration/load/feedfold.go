package load

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A change is what the feed tells of one config.
type change struct {
	id               place
	name, op, digest string
	version          uint64
}

// A place is the id of a change: its revision, and a number among the changes of that.
type place struct{ revision, n uint64 }

func (p place) String() string { return fmt.Sprintf("%d-%d", p.revision, p.n) }

// changeOf reads an entry of the feed.
func changeOf(entry redis.XMessage) (c change, err error) {
	field := func(name string) string { s, _ := entry.Values[name].(string); return s }
	c = change{name: field("name"), op: field("op"), digest: field("digest")}
	if c.id, err = placeOf(entry.ID); err == nil {
		c.version, err = strconv.ParseUint(field("version"), 10, 64)
	}
	if err != nil {
		return c, fmt.Errorf("entry %q %v: %w", entry.ID, entry.Values, err)
	}
	return c, nil
}

func placeOf(id string) (p place, err error) {
	revision, n, _ := strings.Cut(id, "-")
	if p.revision, err = strconv.ParseUint(revision, 10, 64); err == nil {
		p.n, err = strconv.ParseUint(n, 10, 64)
	}
	return p, err
}

// A fold is the configs that there must be by what the feed has told. It checks the ids of all
// changes, and what is told of the configs of one part of the store, of which it keeps each name.
type fold struct {
	part    string // what the names of the part begin with
	once    string // what those begin with that nobody sets while they are there
	at      place
	configs map[string]config

	// When the feed had forgotten what was to follow, the configs were read, at some time between a revision
	// and the horizon. Until then the fold is of what was told since, and does not know how it was before.
	restarted bool
	read      map[string]config // nil if nothing was read, or the horizon is behind
	horizon   uint64
}

// A config is what is known of one.
type config struct {
	version uint64
	digest  string
	there   bool
}

// behindAll is behind the last change of any revision.
const behindAll = math.MaxUint64

// newFold is the fold of a feed that tells all from the beginning.
func newFold(part, once string) *fold {
	return &fold{part: part, once: once, configs: map[string]config{}}
}

// restart goes on behind a revision with configs that were read later, when the node had not come to more than the horizon.
func (f *fold) restart(revision uint64, read map[string]config, horizon uint64) {
	f.at = place{revision, behindAll}
	f.configs, f.restarted, f.read, f.horizon = map[string]config{}, true, read, horizon
}

// take takes the next change, and returns what is wrong with it. It goes on behind a wrong one as if all had been right.
func (f *fold) take(c change) (err error) {
	before := f.at
	if !(c.id.revision > before.revision && c.id.n == 0 || c.id.revision == before.revision && c.id.n > 0 && c.id.n == before.n+1) {
		err = fmt.Errorf("%+v comes behind %s", c, before)
	}
	f.at = c.id
	if c.id.revision > f.horizon && f.read != nil {
		if e := f.meet(); err == nil {
			err = e
		}
	}
	switch {
	case c.op == "flush":
		for name, was := range f.configs {
			was.there = false
			f.configs[name] = was
		}
	case strings.HasPrefix(c.name, f.part):
		if e := f.follow(c); err == nil {
			err = e
		}
	}
	return err
}

// follow follows a change of the part.
func (f *fold) follow(c change) error {
	was, known := f.configs[c.name]
	now := config{c.version, c.digest, true}
	anything := false
	switch read, some := f.read[c.name]; {
	case known:
	case f.read != nil: // nobody knows how it was; it was read later
		anything = !some || c.version <= read.version+1
	case f.restarted: // it was not read, but may have been there before, or been hidden by an expiry that was not told yet
		anything = true
	}
	fits := false
	switch c.op {
	case "del", "expired":
		now.there = false
		fits = was.there && c.version == was.version
	case "set":
		// When nothing is kept any more of a config that is gone, its versions begin anew.
		fits = c.version == was.version+1 || !was.there && c.version == 1
		if was.there && strings.HasPrefix(c.name, f.once) {
			fits = false // it was gone before it was set, and that was not told
		}
	case "expire", "persist":
		fits = was.there && c.version == was.version+1
	default:
		anything = false // there is no such operation
	}
	f.configs[c.name] = now
	if !fits && !anything {
		return fmt.Errorf("%+v comes behind %+v", c, was)
	}
	return nil
}

// meet puts what was read together with what was told since, up to the horizon: what was told last is what there is, and nothing
// that was read is later.
func (f *fold) meet() (err error) {
	for name, read := range f.read {
		told, some := f.configs[name]
		switch {
		case !some:
			f.configs[name] = read
		case told.version < read.version, told.version == read.version && told.there && told.digest != read.digest:
			err = fmt.Errorf("%s was read as %+v, and told as %+v up to revision %d", name, read, told, f.horizon)
		}
	}
	f.read = nil
	return err
}

// differs says in what the configs that a node holds are not those that there must be, if they are not.
func (f *fold) differs(held map[string]config) error {
	for name, c := range f.configs {
		if h, is := held[name]; is != c.there || is && h != c {
			return fmt.Errorf("%s is %+v, and was told as %+v", name, h, c)
		}
	}
	for name, h := range held {
		if _, told := f.configs[name]; !told {
			return fmt.Errorf("%s is %+v, and nothing was told of it", name, h)
		}
	}
	return nil
}
