package store

import "encoding/binary"

// MaxTxn bounds what one transaction may write, names and values, in bytes.
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
	Guards []Guard
	After  []int // earlier transactions of the same entry whose writes it saw
	Writes []Write
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
}

// Empty reports whether the transaction neither read nor wrote anything.
func (t Txn) Empty() bool { return len(t.Guards)+len(t.After)+len(t.Writes) == 0 }

// Size tells about how many bytes the transaction takes in an entry.
func (t Txn) Size() int {
	n := len(t.By) + 8 + 4*len(t.After)
	for _, g := range t.Guards {
		n += len(g.Key) + 12
	}
	for _, w := range t.Writes {
		n += len(w.Name) + len(w.Value) + 16
	}
	return n
}

// entryFormat leads every encoded entry. DecodeEntry keeps reading all formats that
// were ever written.
const entryFormat = 1

// Encode returns the entry's bytes for the raft log.
func (e Entry) Encode() []byte {
	size := 64
	for _, t := range e.Txns {
		size += t.Size()
	}
	b := append(make([]byte, 0, size), entryFormat)
	b = binary.AppendUvarint(b, e.Node)
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendUvarint(b, uint64(e.At))
	b = binary.AppendUvarint(b, uint64(len(e.Txns)))
	for _, t := range e.Txns {
		b = t.append(b)
	}
	return b
}

func (t Txn) append(b []byte) []byte {
	b = appendString(b, t.By)
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
	}
	return b
}

// DecodeEntry reads the bytes of a raft log entry. It answers [ErrNewerFormat] for an
// entry of a later version, and another error for bytes that no version writes.
func DecodeEntry(b []byte) (Entry, error) {
	d, err := opened(string(b), entryFormat)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Node: d.uint(), Seq: d.uint(), At: d.millis()}
	n := d.count()
	if n > MaxTxns {
		d.fail()
	}
	for len(e.Txns) < n && d.err == nil {
		e.Txns = append(e.Txns, decodeTxn(d, len(e.Txns)))
	}
	return e, d.end()
}

// decodeTxn reads the transaction at the given place of its entry.
func decodeTxn(d *decoder, place int) Txn {
	t := Txn{By: d.string()}
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
		t.Writes = append(t.Writes, w)
	}
	return t
}
