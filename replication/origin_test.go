package replication

import (
	"errors"
	"testing"

	"confman/store"
)

// A store says of which cluster it is, as soon as its cluster has had a leader.
func TestAStoreKnowsItsCluster(t *testing.T) {
	c := &cluster{T: t}
	n := c.start(t.TempDir(), "")
	defer c.stop(n)
	var o Origin
	c.eventually("the store says whose it is", func() bool {
		return n.View(t.Context(), func(tx *store.Tx) (err error) {
			o, err = OriginOf(tx)
			return err
		}) == nil
	})
	if o.Cluster != n.Status().Cluster || o.Generation != 1 || o.Before != nil {
		t.Errorf("%+v", o)
	}
	err := store.OpenMemory().View(0, func(tx *store.Tx) error {
		_, err := OriginOf(tx)
		return err
	})
	if !errors.Is(err, errNoOrigin) {
		t.Errorf("an empty store: %v", err)
	}
}
