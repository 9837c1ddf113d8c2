package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tidwall/buntdb"
)

// load makes a state of checked bytes in the file's format, and tells about how many bytes would
// hold it if they held nothing else.
func load(content []byte) (st state, compact int64, err error) {
	if st.db, err = buntdb.Open(":memory:"); err != nil {
		return st, 0, err
	}
	st.index, st.archive, st.expiries, st.milestones = index{}, newArchive(), newExpiries(), &milestones{}
	err = st.db.Update(func(tx *buntdb.Tx) error { return replay(tx, content) })
	if err == nil {
		compact, err = st.sumUp()
	}
	if err == nil {
		err = st.db.View(func(tx *buntdb.Tx) error {
			st.tallies = st.tallies.under(loadPolicies(st.in(tx)), st.in(tx))
			return nil
		})
	}
	if err != nil {
		return st, 0, errors.Join(fmt.Errorf("load: %w", err), st.db.Close())
	}
	return st, compact, nil
}

// replay does in an empty database what records say, but for markers. BuntDB could read them itself, but would allocate
// eight times for each.
func replay(tx *buntdb.Tx, records []byte) error {
	if err := tx.DeleteAll(); err != nil { // so that it does not note for each record how to undo it
		return err
	}
	for len(records) > 0 {
		key, value, n := parseRecord(records)
		var err error
		switch {
		case n == 0:
			return errMalformed
		case value == nil:
			_, err = tx.Delete(string(key))
		case string(key) > marker:
			return ErrNewerFormat // it sorts behind all others
		case string(key) < marker:
			_, _, err = tx.Set(string(key), string(value), nil) // copies: nothing keeps the file's content in memory
		}
		if err != nil && err != buntdb.ErrNotFound {
			return err
		}
		records = records[n:]
	}
	return nil
}

// What there was stands in these spans of the database, and what there is outside of them. Nothing that is counted of
// the one is counted of the other.
var (
	spansWas = []span{{pasts, "i"}, {versions, versionsEnd}}
	spansIs  = []span{{"", pasts}, {"i", versions}, {versionsEnd, marker}}
)

// sumUp counts what is in a database that was loaded: what there was beside what there is.
func (st *state) sumUp() (size int64, err error) {
	var was int64
	var failed error
	var beside sync.WaitGroup
	beside.Go(func() { was, failed = st.addAll(spansWas) })
	size, err = st.addAll(spansIs)
	beside.Wait()
	return size + was, errors.Join(err, failed)
}

// addAll counts what stands in some spans.
func (st *state) addAll(spans []span) (size int64, err error) {
	err = st.db.View(func(tx *buntdb.Tx) (err error) {
		for _, s := range spans {
			st.in(tx).ascend(s, func(key, value string) bool {
				size += int64(len(key) + len(value) + setLength)
				if err = st.add(key, value); err != nil {
					err = fmt.Errorf("read %q: %w", key, err)
				}
				return err == nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return size, err
}

// add counts a record that was loaded, if it can be read.
func (st *state) add(key, value string) (err error) {
	switch {
	case key == baseKey:
		var b base
		b, err = decodeBase(value)
		st.base, st.clock = b.revision, max(st.clock, b.clock)
	case strings.HasPrefix(key, configs) && strings.Contains(key, "\x00"):
		_, err = decodeRecord(value)
	case strings.HasPrefix(key, namespaces):
		_, err = decodeNamespace(value)
	case strings.HasPrefix(key, pasts):
		err = st.past.load(key, value)
	case strings.HasPrefix(key, versions):
		err = st.archive.load(key, value)
	case strings.HasPrefix(key, proposers):
		var p proposer
		p, err = decodeProposer(value)
		st.clock = max(st.clock, p.at)
	default:
		err = ErrNewerFormat
	}
	if err == nil {
		st.index.note(key, change{value: value})
		st.milestones.note(key, true)
		if at := st.count(key, value, +1); at != 0 {
			st.expiries.of(key).Set(deadline{at, key})
		}
	}
	return err
}
