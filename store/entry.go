package store

import (
	"encoding/binary"
	"slices"
)

// MaxTxn bounds what one transaction may write at any time, names and values, and what it may
// depend on, in bytes.
const MaxTxn = 4 << 20

// MaxTxns bounds how many transactions an entry may hold.
const MaxTxns = 1 << 16

// An Entry is what one raft log entry carries: the transactions that a node
// evaluated together, in order. An entry that was proposed twice counts once.
type Entry struct {
	Node uint64 // who evaluated them
	Seq  uint64 // greater than that of any earlier entry of the node
	At   Millis // when, by that node's clock
	Txns []Txn
}

// A Txn is one change to the store: all of its writes happen if all of its guards
// hold and all transactions that it comes after went through; none of them otherwise.
type Txn struct {
	By     string // on whose behalf
	Client uint64 // the connection it came from, for whoever watches that node; 0 if that does not matter
	Guards []Guard
	After  []int // earlier transactions of the same entry whose writes it saw
	Flush  bool  // before it writes, it deletes every config but the system's
	Writes []Write

	Origin  Origin
	Bounded bool // it must leave no namespace with more than its quota
	Notes   []Note
}

// A Guard says: when the transaction was evaluated, this stood at that revision.
type Guard struct {
	Key      string // in database form, so that a namespace can be guarded too
	Revision uint64 // zero if nothing could be seen there
}

// A Write sets one config, or deletes it.
type Write struct {
	Name    string
	Value   string
	Expires Millis
	Delete  bool
	Events  string // what is done to the config, in Redis's words, unless that is only "set" or "del"
}

func (g Guard) size() int { return len(g.Key) + 12 }
func (w Write) size() int { return len(w.Name) + len(w.Value) + len(w.Events) }

// Empty reports whether the transaction neither read nor wrote anything.
func (t Txn) Empty() bool {
	return len(t.Guards)+len(t.After)+len(t.Writes)+len(t.Notes) == 0 && !t.Flush
}

// Writing reports whether the transaction changes configs, or would if they were there.
func (t Txn) Writing() bool { return len(t.Writes) > 0 || t.Flush }

// Size tells about how many bytes the transaction takes in an entry.
func (t Txn) Size() int {
	n := len(t.By) + t.Origin.size() + 8 + 4*len(t.After)
	for _, g := range t.Guards {
		n += g.size()
	}
	for _, w := range t.Writes {
		n += w.size() + 16
	}
	for _, note := range t.Notes {
		n += note.size()
	}
	return n
}

// The formats of entries; one of them leads every encoded entry. DecodeEntry keeps reading all
// that were ever written. An entry is written in the first one that can say it, so that nodes
// of an earlier version go on until there is something that they cannot carry out.
const (
	entryFormat       = 1
	entryFormatFlush  = 2 // each transaction says whether it flushes
	entryFormatEvents = 3 // and from which client it is, and each write what is done
	entryFormatOrigin = 4 // and where it comes from, what it notes, and whether quotas hold
)

// format returns the format in which the entry is written.
func (e Entry) format() byte {
	switch {
	case slices.ContainsFunc(e.Txns, Txn.tellsOrigin):
		return entryFormatOrigin
	case slices.ContainsFunc(e.Txns, Txn.tellsEvents):
		return entryFormatEvents
	case slices.ContainsFunc(e.Txns, func(t Txn) bool { return t.Flush }):
		return entryFormatFlush
	}
	return entryFormat
}

// tellsOrigin reports whether the transaction says more than format 3 can.
func (t Txn) tellsOrigin() bool {
	return t.Origin != Origin{} || t.Bounded || len(t.Notes) > 0
}

// tellsEvents reports whether the transaction says more than what the store will hold.
func (t Txn) tellsEvents() bool {
	return t.Client != 0 || slices.ContainsFunc(t.Writes, func(w Write) bool { return w.Events != "" })
}

// Encode returns the entry's bytes for the raft log.
func (e Entry) Encode() []byte {
	size := 64
	for _, t := range e.Txns {
		size += t.Size()
	}
	format := e.format()
	b := append(make([]byte, 0, size), format)
	b = binary.AppendUvarint(b, e.Node)
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendUvarint(b, uint64(e.At))
	b = binary.AppendUvarint(b, uint64(len(e.Txns)))
	for _, t := range e.Txns {
		b = t.append(b, format)
	}
	return b
}

func (t Txn) append(b []byte, format byte) []byte {
	b = appendString(b, t.By)
	if format >= entryFormatFlush {
		b = appendBool(b, t.Flush)
	}
	if format >= entryFormatEvents {
		b = binary.AppendUvarint(b, t.Client)
	}
	if format >= entryFormatOrigin {
		b = t.appendOrigin(b)
	}
	b = binary.AppendUvarint(b, uint64(len(t.Guards)))
	for _, g := range t.Guards {
		b = binary.AppendUvarint(appendString(b, g.Key), g.Revision)
	}
	b = binary.AppendUvarint(b, uint64(len(t.After)))
	for _, i := range t.After {
		b = binary.AppendUvarint(b, uint64(i))
	}
	b = binary.AppendUvarint(b, uint64(len(t.Writes)))
	for _, w := range t.Writes {
		b = appendBool(appendString(b, w.Name), w.Delete)
		b = appendString(binary.AppendUvarint(b, uint64(w.Expires)), w.Value)
		if format >= entryFormatEvents {
			b = appendString(b, w.Events)
		}
	}
	return b
}

func (t Txn) appendOrigin(b []byte) []byte {
	b = appendBool(t.Origin.append(b), t.Bounded)
	b = binary.AppendUvarint(b, uint64(len(t.Notes)))
	for _, n := range t.Notes {
		b = n.append(b)
	}
	return b
}

// leastTxn is how many bytes an encoded transaction takes at least: the length of its name, and how many guards, others and writes there are.
const leastTxn = 4

// DecodeEntry reads the bytes of a raft log entry. It answers [ErrNewerFormat] for an
// entry of a later version, and another error for bytes that no version writes.
func DecodeEntry(b []byte) (Entry, error) {
	d, err := opened(string(b), entryFormatOrigin)
	if err != nil {
		return Entry{}, err
	}
	format := b[0]
	e := Entry{Node: d.uint(), Seq: d.uint(), At: d.millis()}
	n := d.count()
	if n > MaxTxns {
		d.fail()
	}
	e.Txns = make([]Txn, 0, min(n, len(d.s)/leastTxn))
	for len(e.Txns) < n && d.err == nil {
		e.Txns = append(e.Txns, decodeTxn(d, format, len(e.Txns)))
	}
	return e, d.end()
}

// decodeTxn reads the transaction at the given place of an entry of a format.
func decodeTxn(d *decoder, format byte, place int) Txn {
	t := Txn{By: d.string()}
	if format >= entryFormatFlush {
		t.Flush = d.bool()
	}
	if format >= entryFormatEvents {
		t.Client = d.uint()
	}
	if format >= entryFormatOrigin {
		t.decodeOrigin(d)
	}
	for n := d.count(); len(t.Guards) < n && d.err == nil; {
		t.Guards = append(t.Guards, Guard{Key: d.string(), Revision: d.uint()})
	}
	for n := d.count(); len(t.After) < n && d.err == nil; {
		i := d.uint()
		if i >= uint64(place) {
			d.fail()
			break
		}
		t.After = append(t.After, int(i))
	}
	for n := d.count(); len(t.Writes) < n && d.err == nil; {
		w := Write{Name: d.string(), Delete: d.bool(), Expires: d.millis()}
		w.Value = d.string()
		if format >= entryFormatEvents {
			w.Events = d.string()
		}
		t.Writes = append(t.Writes, w)
	}
	return t
}

func (t *Txn) decodeOrigin(d *decoder) {
	t.Origin, t.Bounded = d.origin(), d.bool()
	for n := d.count(); len(t.Notes) < n && d.err == nil; {
		t.Notes = append(t.Notes, d.note())
	}
}
