package replication

import (
	"encoding/json"
	"errors"
	"fmt"

	"confman/store"
)

// originName is the config in which a store says whose state it holds.
const originName = "confman/cluster"

// An Origin is what a store says of the cluster whose state it holds.
type Origin struct {
	Cluster    string `json:"cluster"`    // its id, in hexadecimal
	Generation uint64 `json:"generation"` // 1, and one more each time the cluster was founded anew from what was left of it
	// Before are the ids of the clusters that its state has come from, the latest last.
	// Their nodes must not take part in this one, nor go on without it.
	Before []string `json:"before,omitempty"`
}

// errNoOrigin says that a store holds the state of no cluster.
var errNoOrigin = errors.New("it does not say of which cluster it is")

// OriginOf returns what a store says of its cluster. A store that says nothing is new, or was
// never part of one.
func OriginOf(tx *store.Tx) (Origin, error) {
	rec, found := tx.Get(originName)
	if !found {
		return Origin{}, errNoOrigin
	}
	var o Origin
	if err := json.Unmarshal([]byte(rec.Value), &o); err != nil {
		return Origin{}, fmt.Errorf("%s: %w", originName, err)
	}
	return o, nil
}

// encode is the value of the config.
func (o Origin) encode() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic("replication: " + err.Error()) // strings and a number can always be encoded
	}
	return string(b)
}

// setOrigin writes whose state it is, unless that stands there.
func setOrigin(tx *store.Tx, c clusterID) error {
	if _, found := tx.Get(originName); found {
		return nil
	}
	return tx.Set(originName, Origin{Cluster: c.String(), Generation: 1}.encode(), 0)
}
