package resp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"confman/store"
)

// Every command that reads data counts, or is known to look around only.
func TestEveryReaderCountsOrLooksAround(t *testing.T) {
	around := strings.Fields("dump expiretime pexpiretime pttl ttl hexists hlen exists touch type memory|usage object|encoding object|freq " +
		"object|idletime object|refcount dbsize keys randomkey scan lolwut xinfo|groups xinfo|stream xlen xrange xread xrevrange " +
		"hexpiretime hpexpiretime hpttl httl")
	for name, c := range newTable().byName {
		if c.Flags&Reads != 0 && c.reads == nil && !slices.Contains(around, name) && !strings.HasPrefix(name, "conf|") && !strings.HasPrefix(name, "ns|") {
			t.Errorf("%s reads: does it count (readers), or only look around (here)?", name)
		}
	}
	for name := range readers {
		if newTable().byName[name] == nil {
			t.Errorf("there is no command %s", name)
		}
	}
}

// What has not been read for longest is forgotten, and then nothing is said of that time.
func TestReadingsAreBounded(t *testing.T) {
	var u readings
	u.since.Store(1)
	const names = 300_000
	for i := range names {
		u.read(fmt.Sprintf("%060d", i), int64(1000+i))
	}
	size, kept := 0, 0
	for i := range u.parts {
		size, kept = size+u.parts[i].size, kept+len(u.parts[i].all)
	}
	if size > maxReadings || kept < 140_000 || kept > 210_000 {
		t.Errorf("%d names, %d bytes", kept, size)
	}
	since := u.since.Load()
	for i := range names {
		if last, _ := u.of(fmt.Sprintf("%060d", i)); last == 0 && int64(1000+i) >= since {
			t.Fatalf("what was read at %d is not known, and all since %d is said to be", 1000+i, since)
		}
	}
	if since <= 1000 || since > 1000+names/2 {
		t.Errorf("since %d", since)
	}
}

// BenchmarkRead measures what it costs to take a read down, of one name and of many.
func BenchmarkRead(b *testing.B) {
	for _, many := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			var u readings
			names := make([]string, many)
			for i := range names {
				names[i] = fmt.Sprintf("prod/api/%d/timeout", i)
			}
			for i := 0; b.Loop(); i++ {
				u.read(names[i%many], int64(i))
			}
		})
	}
}

// BenchmarkGet compares GETs that are taken down with those that are not, alone and a hundred at a time:
// in turns, so that what else the machine does meets both.
func BenchmarkGet(b *testing.B) {
	for _, together := range []int{1, 100} {
		b.Run(fmt.Sprint(together), func(b *testing.B) {
			with, without := getting(b, together, true), getting(b, together, false)
			var took, less time.Duration
			for b.Loop() {
				took += with()
				less += without()
			}
			b.ReportMetric(float64(took)/float64(less), "ratio")
			b.ReportMetric(float64(took.Nanoseconds())/float64(rounds*together*b.N), "ns/GET")
		})
	}
}

// rounds is how often getting asks.
const rounds = 50

// getting returns what sends GETs and tells how long that took.
func getting(b *testing.B, together int, counted bool) func() time.Duration {
	s := benchServer(b)
	if !counted {
		for _, c := range s.table.byName {
			c.reads = nil
		}
	}
	client, err := Dial(b.Context(), s.addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	commands := make([][]string, together)
	for i := range commands {
		commands[i] = []string{"GET", fmt.Sprint("prod/api/timeout", i)}
		if _, err := client.Do(b.Context(), "SET", commands[i][1], "30s"); err != nil {
			b.Fatal(err)
		}
	}
	return func() time.Duration {
		began := time.Now()
		for range rounds {
			if _, err := client.Pipeline(b.Context(), commands...); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
}

// lone is a node in memory, without others.
type lone struct {
	Node
	store *store.Store
	index uint64
}

func (l *lone) View(_ context.Context, do func(*store.Tx) error) error { return l.store.View(1, do) }

func (l *lone) Glance(look func(store.Glance)) error {
	l.store.Glance(1, look)
	return nil
}

func (l *lone) Update(_ context.Context, by string, do func(*store.Tx) error) (revision uint64, err error) {
	l.index++
	entry := store.Entry{Node: 1, Seq: l.index, At: 1}
	var failed error
	err = l.store.Evaluate(1, []store.Update{{By: by, Do: do}}, func(_ int, txn store.Txn, err error) bool {
		entry.Txns, failed = []store.Txn{txn}, err
		return true
	})
	if err == nil {
		_, err = l.store.Apply([]store.Indexed{{Index: l.index, Entry: entry}})
	}
	return l.index, errors.Join(err, failed)
}

// benchServer serves a node in memory until the benchmark ends.
func benchServer(b *testing.B) *Server {
	s := &Server{Node: &lone{store: store.OpenMemory()}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s.once.Do(func() {
		s.addr = ln.Addr().String()
		s.init()
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return s
}
