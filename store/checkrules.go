package store

import "fmt"

// checkRules checks what the transaction does to clients' configs, as it leaves them, against the
// rules of their namespaces. Whatever it reads for that is guarded.
func (tx *Tx) checkRules(p *Policies) error {
	touched := map[string]bool{}
	for _, w := range tx.txn.Writes {
		ns, _ := Split(w.Name)
		if systemNamespace(ns) {
			continue
		}
		touched[ns] = true
		l := p.law(w.Name)
		if err := tx.checkLife(l, w); err != nil {
			return err
		}
		if w.Delete {
			continue
		}
		if err := tx.checkValue(l, w.Name, w.Value); err != nil {
			return err
		}
	}
	for _, w := range tx.txn.Writes {
		ns, _ := Split(w.Name)
		if !touched[ns] {
			continue
		}
		delete(touched, ns)
		if err := tx.checkRequired(p, ns); err != nil {
			return err
		}
	}
	return nil
}

// checkValue checks whether the rules let a config have a value.
func (tx *Tx) checkValue(l law, name, value string) error {
	b := tx.breach(l, value)
	switch {
	case b == nil:
		return nil
	case b.fault != "":
		return invalid(name, "%s cannot be checked: %s %s", Shown(value, l.secret), b.fault, b.rule)
	case b.rule == nil:
		return invalid(name, "no rule is for it, and its namespace is strict: NS RULE makes one")
	}
	return invalid(name, "%s is not %s %s", Shown(value, l.secret), b.expected, b.rule)
}

// invalid is the error of a rule.
func invalid(name, form string, args ...any) error {
	return &RefusedError{Name: name, Code: "INVALID", Text: name + ": " + fmt.Sprintf(form, args...)}
}

// checkLife checks what may not be done with a config, whatever its value.
func (tx *Tx) checkLife(l law, w Write) error {
	for _, r := range l.rules {
		if !r.Immutable && !r.Deprecated {
			continue
		}
		var old Record
		var was bool
		tx.asFound(func() { old, was = tx.Get(w.Name) })
		switch {
		case r.Immutable && was && (w.Delete || w.Value != old.Value || w.Expires != 0 && w.Expires != old.Expires):
			return invalid(w.Name, "it is immutable: it can neither be changed nor deleted %s", r)
		case r.Deprecated && !was && !w.Delete:
			advice := r.Advice
			if advice != "" {
				advice = ": " + advice
			}
			return invalid(w.Name, "it is deprecated, so there may be no new one%s %s", advice, r)
		}
	}
	return nil
}

// checkRequired checks that a namespace in which the transaction has written has all that it must
// have if it has anything. What was missing before may go on missing.
func (tx *Tx) checkRequired(p *Policies, ns string) (err error) {
	p.required(ns, func(r *parsedRule, name string) {
		if err != nil {
			return
		}
		if _, there := tx.Get(name); there || !tx.IsNamespace(ns) {
			return
		}
		var was, any bool
		tx.asFound(func() {
			_, was = tx.Get(name)
			any = tx.IsNamespace(ns)
		})
		switch {
		case was:
			err = invalid(name, "it is required while namespace %s has any other config %s", written(ns), r)
		case !any:
			err = invalid(name, "it is required if namespace %s has any config: set it in the same transaction %s", written(ns), r)
		}
	})
	return err
}

// asFound runs do on the data as the transaction found them.
func (tx *Tx) asFound(do func()) {
	own, src := tx.own, tx.src
	tx.own, tx.src = nil, tx.entry
	do()
	tx.own, tx.src = own, src
}
