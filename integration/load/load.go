// Package load is clients that work on a cluster all the time, and know what they must be told.
//
// A load keeps account of what it was told while nodes fail around it, and holds it against what its part of
// confman promises: that a history is linearizable, that a stream has no gap, that whoever keeps
// what it has read is told when that changes. What nodes answer while they are down is no violation; what they
// claim and is not so is one. So that a check can be trusted, each has its lies: see [Lie].
package load

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// A Load works on the nodes at some addresses, and checks what they answer. It has a part of the store of its own, below
// its name.
type Load interface {
	// Name is short, and the same for each load of its kind.
	Name() string
	// Run works until ctx ends, and then returns soon. What it does by chance follows from the seed.
	Run(ctx context.Context, addrs []string, seed uint64)
	// Finish is called once, behind Run, when all nodes run and have settled: for what can only be checked then.
	Finish(ctx context.Context, addrs []string)
	// Report tells what was done and found so far. It may be called at any time.
	Report() Report
}

// All are the loads that there are, by their names.
var All = map[string]func() Load{
	"linear":   func() Load { return &Linear{Teams: 4} },
	"counter":  func() Load { return &Counter{} },
	"local":    func() Load { return &Local{} },
	"feed":     func() Load { return &Feed{} },
	"notify":   func() Load { return &Notify{} },
	"tracking": func() Load { return &Tracking{} },
	"states":   func() Load { return &States{} },
}

// A Report is what a load has done and found.
type Report struct {
	Operations int64    // that were answered, or whose answer is not known
	Ambiguous  int64    // of them those of which nobody knows whether they happened
	Checked    int64    // what was checked: operations, reads, or events
	Unchecked  int64    // what could not be checked in the time that a check may take
	Violations []string // each in a line or more, the first few of them
}

// String is the report in a line, but for the violations.
func (r Report) String() string {
	return fmt.Sprintf("%d operations (%d ambiguous), %d checked, %d not checked in time, %d violations",
		r.Operations, r.Ambiguous, r.Checked, r.Unchecked, len(r.Violations))
}

// A Lie has clients be told something that is not so: it stands between a client and its node. It is the
// negative control of a check, which has to notice it.
type Lie struct {
	Name string
	Hook func() redis.Hook // for each client; nil for none
}

// Client returns a client of the node at an address, which does not try again by itself, and hears of
// everything at most 30 s later. It is told the lie, if there is one.
func Client(addr string, lie *Lie) *redis.Client { return patient(addr, lie, 30*time.Second) }

// patient is Client with another time until it hears of everything.
func patient(addr string, lie *Lie, patience time.Duration) *redis.Client {
	c := redis.NewClient(&redis.Options{
		Addr: addr, DialTimeout: 2 * time.Second, ReadTimeout: patience, MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	if lie != nil && lie.Hook != nil {
		c.AddHook(lie.Hook())
	}
	return c
}
