package store

import (
	"errors"
	"reflect"
	"testing"
)

func TestNotesGoWithTheirTransaction(t *testing.T) {
	n := newNode(t)
	from := Origin{Addr: "10.0.0.9:51000", Protocol: "resp"}
	no := errors.New("no")
	e := n.evaluate(func(tx *Tx) error {
		tx.Origin(from)
		tx.Note(Note{Act: "NS SET", Names: []string{"prod"}})
		_ = tx.Try(func() error {
			tx.Note(Note{Act: "taken back"})
			return no
		})
		tx.Note(Note{At: 7, By: "eve", Act: "AUTH", Refused: "WRONGPASS", Times: 3})
		return nil
	})
	want := []Note{
		{At: 1000, By: "alice", Origin: from, Act: "NS SET", Names: []string{"prod"}, Times: 1},
		{At: 7, By: "eve", Origin: from, Act: "AUTH", Refused: "WRONGPASS", Times: 3},
	}
	if got := e.Txns[0]; !reflect.DeepEqual(got.Notes, want) || got.Origin != from {
		t.Errorf("%+v", got)
	}
	err := n.Evaluate(n.now, []Update{{Do: func(tx *Tx) error { tx.Note(Note{Act: "x"}); tx.Get("y"); return no }}}, func(_ int, txn Txn, err error) bool {
		if len(txn.Notes) > 0 || err != no {
			t.Errorf("of one that failed there is %+v, %v", txn, err)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}
