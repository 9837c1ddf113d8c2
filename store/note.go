package store

// Origin says where the transaction comes from, for the audit.
func (tx *Tx) Origin(o Origin) { tx.txn.Origin = o }

// Note notes for the audit what was done or refused, if the transaction goes through. What it does not
// say is as of the transaction: on whose behalf, where it comes from, and when; it happened once. A view
// notes nothing.
func (tx *Tx) Note(n Note) {
	if tx.view {
		return
	}
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
	wrote := tx.wrote
	if tx.full = tx.full || wrote+n.size() > MaxTxn; tx.full {
		return
	}
	tx.wrote = wrote + n.size()
	noted := len(tx.txn.Notes)
	tx.txn.Notes = append(tx.txn.Notes, n)
	if tx.trying > 0 {
		tx.undo = append(tx.undo, func() { tx.txn.Notes, tx.wrote = tx.txn.Notes[:noted], wrote })
	}
}
