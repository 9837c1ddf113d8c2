package integration

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// far is how an edge site's node runs: in the profile that is the default. The members are near each
// other, and the profile is theirs: how long a line takes to a node that does not stand for election
// changes nothing for them.
var far = []string{"--profile", "edge"}

// A remote is a cluster of three members, and a node at a site behind a slow link.
type remote struct {
	t       *testing.T
	members []*node
	site    *node
	place   *place
	state   int64 // bytes that the members hold
}

// newRemote starts the members, with what a backup holds. The history begins with it, so that
// whoever joins is sent the state, and not a log.
func newRemote(t *testing.T, rate int, latency time.Duration, backup string) *remote {
	t.Helper()
	r := &remote{t: t, members: []*node{newNode(t), newNode(t), newNode(t)}, site: newNode(t)}
	var reach []string
	for _, n := range r.members {
		reach = append(reach, n.raft, n.resp)
	}
	r.place = newPlace(t, newLink(t, rate, latency), reach...)
	r.site.hold = "1500ms" // the default
	r.place.settle(r.site)

	first := r.members[0]
	first.run("restore", backup, "--data-dir", first.dir)
	first.start(far...)
	first.eventually("it leads", first.takesPart)
	first.run("member", "profile", "edge", "--addr", first.resp) // the backup was of a cluster with another one
	for _, n := range r.members[1:] {
		n.start(append([]string{"--join", first.token()}, far...)...)
	}
	first.eventually("it knows three voters", func() bool { return first.info()["raft_voters"] == "3" })
	settled(t, r.members)
	info, err := os.Stat(backup)
	if err != nil {
		t.Fatal(err)
	}
	r.state = info.Size()
	return r
}

// invitation is how the site's node is asked in, and hasJoined when it is what it was asked to be.
func (r *remote) invitation() (flags []string) {
	return append([]string{"--join", r.members[0].token("--nonvoter")}, far...)
}

func (r *remote) hasJoined() bool {
	info := r.site.info()
	return info["raft_role"] == "non-voter" && info["loading"] != "1" && info["raft_leader"] != "0"
}

// joins starts the site's node, and waits until it has joined and has all that had been written when it
// was started. It is sent the state once, and what a leader says gets through beside it.
func (r *remote) joins() {
	r.t.Helper()
	start, worst := time.Now(), 0
	r.site.launch(r.invitation()...)
	upTo := r.members[0].applied()
	within(r.t, 3*time.Minute, "the site's node has caught up", func() bool {
		if r.site.ended() {
			r.t.Fatalf("the site's node has ended:\n%s", r.site.log)
		}
		info := r.site.info()
		contact, _ := strconv.Atoi(info["leader_contact_ms"])
		worst = max(worst, contact)
		return r.site.applied() >= upTo && r.hasJoined()
	})
	there, _ := r.place.there.total()
	back, _ := r.place.back.total()
	r.t.Logf("joined in %v: %d bytes to the site, %d back, for a state of %d; a leader was heard of every %d ms",
		time.Since(start), there, back, r.state, worst)
	if limit := r.state * 3 / 2; there > limit {
		r.t.Errorf("%d bytes went to the site for a state of %d", there, r.state)
	}
	if n := strings.Count(r.site.log.String(), stateReplaced); n != 1 {
		r.t.Errorf("the site's node installed %d states", n)
	}
	if worst > 2000 {
		r.t.Errorf("for %d ms the site heard of no leader while the state was sent", worst)
	}
}

// within waits for a condition that takes longer than others do.
func within(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// A node at a site behind a slow link joins in one attempt, while the members elect nobody and take
// writes as ever. It serves reads while it is cut off and tells how old they are, and goes on after.
func TestSiteBehindASlowLink(t *testing.T) {
	for _, c := range []struct {
		name    string
		rate    int // bytes per second
		configs int // of 500 bytes
	}{
		{"1 MB/s", 1_000_000, 15_000},
		{"200 KB/s", 200_000, 5_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t, c.rate, 100*time.Millisecond, bigBackup(t, c.configs))
			term := r.members[0].info()["raft_term"]
			writes := r.writes()
			r.joins()
			writes.check("while it joins")
			if now := r.members[0].info()["raft_term"]; now != term {
				t.Errorf("the term was %s, and is %s after a node joined", term, now)
			}
			r.idles()
			r.measures()
			if os.Getenv("CONFMAN_BURST") == "1" { // takes minutes
				r.bursts()
			}
			r.isCutOff()
			if now := r.members[0].info()["raft_term"]; now != term {
				t.Errorf("the term was %s, and is %s after a site was cut off and came back", term, now)
			}
		})
	}
}

// idles measures what the link carries when nobody writes.
func (r *remote) idles() {
	r.t.Helper()
	settled(r.t, append(slices.Clone(r.members), r.site))
	const window = 3 * time.Second
	there, packets := r.place.there.total()
	back, answers := r.place.back.total()
	<-time.After(window)
	there2, packets2 := r.place.there.total()
	back2, answers2 := r.place.back.total()
	per := func(n int64) int64 { return n * int64(time.Second) / int64(window) }
	r.t.Logf("idle: %d bytes a second to the site in %d packets, %d back in %d", per(there2-there), per(packets2-packets), per(back2-back), per(answers2-answers))
}

// increments is how many writes through the site are measured.
const increments = 20

// measures measures writes through the site.
func (r *remote) measures() {
	r.t.Helper()
	client := r.site.client()
	defer client.Close()
	before, _ := r.place.there.total()
	var all []time.Duration
	for range increments {
		start := time.Now()
		if err := client.Incr(context.Background(), counted).Err(); err != nil {
			r.t.Fatalf("a write through the site: %v", err)
		}
		all = append(all, time.Since(start))
	}
	after, _ := r.place.there.total()
	slices.Sort(all)
	r.t.Logf("a write through the site takes %v, at most %v; %d bytes to the site each",
		all[len(all)/2], all[len(all)-1], (after-before)/int64(len(all)))
}

// bursts writes to a member, within moments, what takes the link much longer, in entries as big as they
// come. It arrives, and it arrives once.
func (r *remote) bursts() {
	r.t.Helper()
	client := r.members[0].client()
	defer client.Close()
	before, _ := r.place.there.total()
	start := time.Now()
	const pieces, size = 6, 1_000_000
	value := make([]byte, size)
	random := rand.New(rand.NewSource(1)) // what can be compressed is sent in no time
	for i := range pieces {
		_, _ = random.Read(value) // never fails
		if err := client.Set(context.Background(), fmt.Sprintf("burst/%d", i), value, 0).Err(); err != nil {
			r.t.Fatal(err)
		}
	}
	wrote, upTo := time.Since(start), r.members[0].applied()
	within(r.t, 2*time.Minute, "the site has the burst", func() bool { return r.site.applied() >= upTo })
	settled(r.t, append(slices.Clone(r.members), r.site))
	after, _ := r.place.there.total()
	r.t.Logf("a burst of %d bytes was written in %v, and was at the site after %v and %d bytes", pieces*size, wrote, time.Since(start), after-before)
	if after-before > pieces*size*3/2 {
		r.t.Errorf("%d bytes went to the site for a burst of %d", after-before, pieces*size)
	}
}

// isCutOff cuts the site off, and lets it come back.
func (r *remote) isCutOff() {
	r.t.Helper()
	member := r.members[0].client()
	defer member.Close()
	writes := r.writes()
	r.place.cut()
	r.alone()
	if err := member.Set(context.Background(), "written/meanwhile", "1", 0).Err(); err != nil {
		r.t.Errorf("a write to a member while the site is cut off: %v", err)
	}
	writes.check("while the site is cut off")
	r.place.heal()
	r.isBack(member)
}

// alone waits until the site's node knows that it is cut off. It tells how old its data are, reads, and
// takes no writes.
func (r *remote) alone() {
	r.t.Helper()
	within(r.t, 30*time.Second, "the site's node knows that it hears nothing", func() bool {
		info := r.site.info()
		age, told := info["staleness_ms"]
		if !told {
			age = info["leader_contact_ms"]
		}
		ms, err := strconv.Atoi(age)
		return err == nil && ms >= 2000 && info["raft_leader"] == "0"
	})
	ctx := context.Background()
	site := r.site.client()
	defer site.Close()
	start := time.Now()
	got, err := site.Get(ctx, counted).Int()
	if took := time.Since(start); err != nil || got != increments || took > time.Second {
		r.t.Errorf("a read at the site while it is cut off: %d, %v, after %v", got, err, took)
	}
	start = time.Now()
	err = site.Incr(ctx, counted).Err()
	if took := time.Since(start); !redis.HasErrorPrefix(err, "CLUSTERDOWN") || took > 2500*time.Millisecond {
		r.t.Errorf("a write at the site while it is cut off was answered after %v: %v", took, err)
	}
}

// isBack waits until a write through the site is forwarded again, and until the site has what it missed.
func (r *remote) isBack(member *redis.Client) {
	r.t.Helper()
	ctx := context.Background()
	site := r.site.client()
	defer site.Close()
	healed, doubtful := time.Now(), 0
	before, _ := r.place.there.total()
	within(r.t, time.Minute, "a write through the site is forwarded", func() bool {
		err := site.Incr(ctx, counted).Err()
		if err != nil && !redis.HasErrorPrefix(err, "CLUSTERDOWN") {
			doubtful++
		}
		return err == nil
	})
	after, _ := r.place.there.total()
	r.t.Logf("a write went through the site %v and %d bytes after the link was whole again; before it %d in doubt",
		time.Since(healed), after-before, doubtful)
	settled(r.t, append(slices.Clone(r.members), r.site))
	if got, err := member.Get(ctx, counted).Int(); err != nil || got < increments+1 || got > increments+1+doubtful {
		r.t.Errorf("%d increments were acknowledged, %d in doubt, and counted were %d, %v", increments+1, doubtful, got, err)
	}
	if got, err := site.Get(ctx, "written/meanwhile").Result(); err != nil || got != "1" {
		r.t.Errorf("what was written while the site was cut off is %q there, %v", got, err)
	}
	if _, told := r.site.info()["staleness_ms"]; told {
		r.readsTheLatest(member)
	}
}

// readsTheLatest reads at the site what was written elsewhere just before.
func (r *remote) readsTheLatest(member *redis.Client) {
	r.t.Helper()
	ctx := context.Background()
	site := r.site.client()
	defer site.Close()
	conn := site.Conn()
	defer conn.Close()
	if err := conn.Do(ctx, "CONF", "CONSISTENCY", "linearizable").Err(); err != nil {
		r.t.Fatal(err)
	}
	for i := range 5 {
		if err := member.Set(ctx, "written/now", i, 0).Err(); err != nil {
			r.t.Fatal(err)
		}
		if got, err := conn.Get(ctx, "written/now").Int(); err != nil || got != i {
			r.t.Errorf("a linearizable read at the site: %d, %v, and %d was written before", got, err, i)
		}
	}
}

// A scribe is one client of each member that writes all the time.
type scribe struct {
	t      *testing.T
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	took   []time.Duration
	failed []error
}

// writes starts to write. check ends it.
func (r *remote) writes() *scribe {
	ctx, cancel := context.WithCancel(context.Background())
	w := &scribe{t: r.t, cancel: cancel}
	r.t.Cleanup(func() { cancel(); w.wg.Wait() })
	for i, n := range r.members {
		w.wg.Go(func() {
			client := n.client()
			defer client.Close()
			pace := time.NewTicker(100 * time.Millisecond)
			defer pace.Stop()
			for ctx.Err() == nil {
				start := time.Now()
				err := client.Set(context.Background(), fmt.Sprintf("written/by%d", i), start.String(), 0).Err()
				w.wrote(time.Since(start), err)
				<-pace.C
			}
		})
	}
	return w
}

func (w *scribe) wrote(took time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.took = append(w.took, took); err != nil {
		w.failed = append(w.failed, err)
	}
}

// check ends it, and checks that each write was taken without delay.
func (w *scribe) check(when string) {
	w.t.Helper()
	w.cancel()
	w.wg.Wait()
	slices.Sort(w.took)
	worst := w.took[len(w.took)-1]
	w.t.Logf("%s: %d writes to members, %v, at most %v", when, len(w.took), w.took[len(w.took)/2], worst)
	if len(w.failed) > 0 || worst > time.Second {
		w.t.Errorf("%s: a write took %v, and %d failed: %v", when, worst, len(w.failed), w.failed)
	}
}
