package store

import "errors"

// ErrRefused is what a [RefusedError] is.
var ErrRefused = errors.New("the settings of a namespace do not allow this")

// A RefusedError says that a transaction would leave behind what the settings of a namespace do not allow.
type RefusedError struct {
	Name string // of the config or the namespace
	Code string // for programs: "PROTECTED", "OOM" for a quota, or "INVALID" for a rule
	Text string // for people, with what to do
}

func (e *RefusedError) Error() string { return e.Text }

// Is reports whether the target is [ErrRefused].
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Force has the transaction go through whatever protection it breaks.
func (tx *Tx) Force() { tx.forced = true }

// Unchecked has the transaction go through whatever it leaves behind: it is not a client's, but carries
// out what was allowed before.
func (tx *Tx) Unchecked() { tx.unchecked = true }

// check checks what the transaction leaves behind of clients' configs against the settings of their
// namespaces. What changes none of those, as one of the system's does, depends on nothing here.
func (tx *Tx) check() error {
	if tx.unchecked || tx.full || !tx.changes() {
		return nil
	}
	p := tx.Policies()
	if len(p.own) == 0 {
		return nil
	}
	if err := tx.checkProtection(p); err != nil {
		return err
	}
	if err := tx.checkQuotas(p); err != nil {
		return err
	}
	return tx.checkRules(p)
}

// changes reports whether the transaction changes clients' configs.
func (tx *Tx) changes() bool {
	if tx.txn.Flush {
		return true
	}
	for _, w := range tx.txn.Writes {
		if ns, _ := Split(w.Name); !systemNamespace(ns) {
			return true
		}
	}
	return false
}
