package store

// Origin says where the transaction comes from, for the audit.
func (tx *Tx) Origin(o Origin) { tx.txn.Origin = o }

// Note notes something for the audit that changes no config. What it does not say, the transaction does: on whose
// behalf, from where, and when. Once is how often it happened if that is zero. Like a write it is lost if the
// update fails.
func (tx *Tx) Note(n Note) {
	if n.By == "" {
		n.By = tx.txn.By
	}
	if n.Origin == (Origin{}) {
		n.Origin = tx.txn.Origin
	}
	if n.At == 0 {
		n.At = tx.now
	}
	n.Times = max(n.Times, 1)
	if tx.read += n.size(); tx.read > MaxTxn {
		tx.full = true
		return
	}
	before := tx.txn.Notes
	if tx.trying > 0 {
		tx.undo = append(tx.undo, func() { tx.txn.Notes = before })
	}
	tx.txn.Notes = append(before, n)
}
