package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"confman/store"
)

// An exported line is a record of the audit as one line of JSON: what it says, for people and programs, the record itself, and
// the chain's values around it, by which it can be verified without a node.
type exported struct {
	Revision     uint64         `json:"revision"`
	Time         string         `json:"time"`
	Transactions []exportedDeed `json:"transactions"`
	Record       []byte         `json:"record"`
	Before       string         `json:"before"`
	Hash         string         `json:"hash"`
}

// An exportedDeed is a transaction, or what was noted.
type exportedDeed struct {
	Time     string           `json:"time,omitempty"`
	By       string           `json:"by"`
	Addr     string           `json:"addr,omitempty"`
	Protocol string           `json:"protocol,omitempty"`
	Client   string           `json:"client,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Act      string           `json:"act,omitempty"`
	Names    []string         `json:"names,omitempty"`
	Refused  string           `json:"refused,omitempty"`
	Times    uint64           `json:"times,omitempty"`
	Changes  []exportedChange `json:"changes,omitempty"`
	Notes    []exportedDeed   `json:"notes,omitempty"`
}

type exportedChange struct {
	Name   string `json:"name"` // "" for all configs
	Events string `json:"events"`
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

// A gap is a line that says which revisions are missing from an export, because they were not kept long enough, or that another
// history follows.
type gap struct {
	Missing string `json:"missing"`
}

func deedOf(by string, o store.Origin) exportedDeed {
	return exportedDeed{By: by, Addr: o.Addr, Protocol: o.Protocol, Client: o.Client, Reason: o.Reason}
}

// newExported makes a line of a record. fits says whether the record belongs behind that value of the chain.
func newExported(before store.Chain, revision uint64, record string) (line exported, hash store.Chain, fits bool, err error) {
	hash, fits = store.NextChain(before, revision, record)
	past, err := store.ReadPast(revision, record)
	if err != nil {
		return line, hash, false, err
	}
	line = exported{
		Revision: revision, Time: moment(past.At), Record: []byte(record),
		Before: hex.EncodeToString(before[:]), Hash: hex.EncodeToString(hash[:]),
	}
	for _, t := range past.Txns {
		d := deedOf(t.By, t.Origin)
		for _, c := range t.Changes {
			d.Changes = append(d.Changes, newExportedChange(c))
		}
		for _, n := range t.Notes {
			note := deedOf(n.By, n.Origin)
			note.Time, note.Act, note.Names, note.Refused, note.Times = moment(n.At), n.Act, n.Names, n.Refused, n.Times
			d.Notes = append(d.Notes, note)
		}
		line.Transactions = append(line.Transactions, d)
	}
	return line, hash, fits, nil
}

func newExportedChange(c store.PastChange) exportedChange {
	e := exportedChange{Name: c.Name, Events: c.Events, From: c.Was, To: c.Version}
	if c.Was > 0 {
		e.Old = fmt.Sprintf("%016x", c.OldDigest)
	}
	if c.Gone || c.Flush() {
		e.To = 0
	} else {
		e.New = fmt.Sprintf("%016x", c.Digest)
	}
	return e
}

// jsonLine is a value as one line.
func jsonLine(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // what is exported has no values that JSON has not
	}
	return b.Bytes()
}

// errAltered is what a line is that does not say what its record does, or whose record is not the one that was chained.
var errAltered = errors.New("was altered, or one before it is missing")

// chainFrom reads a value of the chain.
func chainFrom(text string) (c store.Chain, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(c) {
		return c, fmt.Errorf("%q is no value of the chain", text)
	}
	copy(c[:], b)
	return c, nil
}

// A chained follows the chain from record to record.
type chained struct {
	from, last uint64 // revisions of the first and the last record
	records    int
	hash       store.Chain
	going      bool     // a record must follow on the last one
	gaps       []string // what an export says is missing
}

// follow takes the next record.
func (c *chained) follow(revision uint64, record string) error {
	hash, fits := store.NextChain(c.hash, revision, record)
	if !fits || c.going && revision <= c.last {
		return fmt.Errorf("revision %d %w", revision, errAltered)
	}
	if c.records == 0 {
		c.from = revision
	}
	c.last, c.hash, c.records, c.going = revision, hash, c.records+1, true
	return nil
}

// followLine takes the next line of an export. The first one says itself where the chain was, and so does one behind a gap.
func (c *chained) followLine(line []byte) error {
	var e exported
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("behind revision %d there is a line that is no record: %w", c.last, err)
	}
	var g gap
	if e.Record == nil && json.Unmarshal(line, &g) == nil && g.Missing != "" {
		c.going, c.gaps = false, append(c.gaps, g.Missing)
		return nil
	}
	before, err := chainFrom(e.Before)
	if err != nil {
		return fmt.Errorf("revision %d %w", e.Revision, errAltered)
	}
	if !c.going {
		c.hash = before
	}
	if before != c.hash {
		return fmt.Errorf("revision %d %w", e.Revision, errAltered)
	}
	again, _, _, err := newExported(before, e.Revision, string(e.Record))
	if err != nil || !bytes.Equal(jsonLine(again), append(line, '\n')) {
		return fmt.Errorf("revision %d %w", e.Revision, errAltered)
	}
	return c.follow(e.Revision, string(e.Record))
}
