package replication

import (
	"context"
	"errors"
	"slices"
	"time"

	"confman/store"
)

// watchEvery is how often a node looks at its disk, and at what the others know of it.
const watchEvery = time.Second

// watch looks after the node until ctx ends.
func (n *Node) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if n.degraded != "" {
			n.awaitFitness()
		} else {
			n.watchRoom()
			n.watchTable()
			n.watchPlace(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// watchRoom looks at the disk. A leader that has no room for what it would take leads no more.
func (n *Node) watchRoom() {
	before := n.room.low.Load()
	exhausted, err := n.room.look()
	if err != nil {
		n.log().Warn("the disk cannot be looked after", "error", err)
	}
	low := n.room.low.Load()
	switch {
	case exhausted:
		n.log().Error("the node stops taking part in its cluster: its disk is full", "left", mebibytes(n.room.left.Load()))
		n.ending.because(ErrStartAgain)
	case low && !before:
		n.log().Warn(n.room.refusal().Error())
		n.handOver()
	case before && !low:
		n.log().Info("there is room again, and the node takes writes", "left", mebibytes(n.room.left.Load()))
	}
}

// watchTable ends a node that the members, this one included, know to be somebody else by now.
func (n *Node) watchTable() {
	self := hello{Host: n.identity.Host, Boots: n.identity.Boots, Life: n.life}
	if err := n.store.View(0, func(tx *store.Tx) error { return vouch(tx, self) }); err != nil {
		n.barred(err)
	}
}

// watchPlace asks the members whether this node is still one of them, when it has heard of no leader for
// longer than an election takes: whoever was taken out is told nothing more.
func (n *Node) watchPlace(ctx context.Context) {
	patience := n.Profile.patience()
	if n.leads() || time.Since(n.transport.leaderContact()) < patience {
		return
	}
	members := slices.DeleteFunc(n.members(), func(m Member) bool { return m.Host == n.identity.Host })
	answers := make(chan error)
	for _, m := range members {
		go func() { answers <- n.transport.introduce(ctx, m.Host, n.transport.dialTime) }()
	}
	for range members {
		if err := <-answers; errors.Is(err, errFinal) {
			n.barred(err)
		}
	}
}
