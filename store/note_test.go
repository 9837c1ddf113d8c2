package store

import (
	"errors"
	"reflect"
	"testing"
)

func TestNotesTellWhatTheTransactionIs(t *testing.T) {
	n := newNode(t)
	here := Origin{Addr: "10.0.0.1:5", Protocol: "resp", Client: "deploy", Reason: "because"}
	elsewhere := Origin{Addr: "10.0.0.2", Protocol: "http"}
	e := n.evaluate(func(tx *Tx) error {
		tx.Origin(here)
		tx.Note(Note{Act: "CONFIG SET maxclients"})
		_ = tx.Try(func() error {
			tx.Note(Note{Act: "not done"})
			return errors.New("taken back")
		})
		tx.Note(Note{At: 7, By: "eve", Origin: elsewhere, Act: "AUTH", Refused: "WRONGPASS", Times: 3})
		return nil
	})
	want := []Note{
		{At: e.At, By: "alice", Origin: here, Act: "CONFIG SET maxclients", Times: 1},
		{At: 7, By: "eve", Origin: elsewhere, Act: "AUTH", Refused: "WRONGPASS", Times: 3},
	}
	if txn := e.Txns[0]; txn.Origin != here || !reflect.DeepEqual(txn.Notes, want) {
		t.Errorf("%+v", txn)
	}
}

func TestNotesAreLostWithTheWrites(t *testing.T) {
	s := OpenMemory()
	err := s.Evaluate(1000, []Update{{By: "alice", Do: func(tx *Tx) error {
		tx.Note(Note{Act: "FLUSHALL"})
		return ErrChanged
	}}}, func(_ int, txn Txn, err error) bool {
		if !errors.Is(err, ErrChanged) || len(txn.Notes) != 0 {
			t.Errorf("%+v, %v", txn, err)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}
