package store

import (
	"fmt"
)

// A protected namespace is not left without any config by mistake: by who deletes all of its configs,
// however that is called, or flushes.

// protector returns the namespace that says whether one is protected, and whether it is.
func (p *Policies) protector(ns string) (by string, protected bool) {
	p.ascend(ns, func(at string, own Settings) {
		if own.Protect != nil {
			by, protected = at, *own.Protect
		}
	})
	return by, protected
}

// Protects reports whether a namespace is protected.
func (p *Policies) Protects(ns string) bool {
	_, protected := p.protector(ns)
	return protected
}

// checkProtection checks that no protected namespace that has configs loses the last of them.
func (tx *Tx) checkProtection(p *Policies) error {
	if tx.forced || !p.protects {
		return nil
	}
	if tx.txn.Flush {
		if ns, found := tx.protectedFromFlush(p); found {
			by, _ := p.protector(ns)
			return isProtected(ns, by, "to delete it with everything else, say FORCE, or ")
		}
	}
	checked := map[string]bool{}
	for _, w := range tx.txn.Writes {
		ns, _ := Split(w.Name)
		if !w.gone(tx.now) || checked[ns] || systemNamespace(ns) {
			continue
		}
		checked[ns] = true
		if by, protected := p.protector(ns); protected && tx.empties(ns) {
			force := ""
			if ns != "" {
				force = fmt.Sprintf("to delete it and what is below it, NS DEL %s FORCE, or ", ns)
			}
			return isProtected(ns, by, force)
		}
	}
	return nil
}

func isProtected(ns, by, force string) error {
	return &RefusedError{Name: ns, Code: "PROTECTED", Text: fmt.Sprintf(
		"namespace %s is protected: this would leave it without any config; %stake the protection off first with NS SET %s UNPROTECT",
		title(ns), force, title(by))}
}

// gone reports whether a write leaves nothing to be seen.
func (w Write) gone(now Millis) bool { return w.Delete || w.Expires != 0 && w.Expires <= now }

// empties reports whether the transaction leaves a namespace without any config that had some. It depends
// on the one that it finds left, so that two who each leave another one do not empty it together.
func (tx *Tx) empties(ns string) bool {
	if name, left := anyLive(tx.own, within(ns), tx.now); left {
		tx.Get(name)
		return false
	}
	tx.guardNamespace(ns)
	_, had := anyLive(tx.entry, within(ns), tx.now)
	return had
}

// protectedFromFlush returns a protected namespace that has configs.
func (tx *Tx) protectedFromFlush(p *Policies) (ns string, found bool) {
	for _, top := range p.All() {
		if own := p.own[top]; own.Protect == nil || !*own.Protect {
			continue
		}
		for _, s := range spaces(top) {
			tx.entry.ascend(s, func(key, _ string) bool {
				ns = key[1:]
				if _, protected := p.protector(ns); protected {
					_, found = anyLive(tx.entry, within(ns), tx.now)
				}
				return !found
			})
			if found {
				return ns, true
			}
		}
	}
	return "", false
}
