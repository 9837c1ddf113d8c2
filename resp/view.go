package resp

import (
	"math/rand/v2"
	"strings"

	"confman/store"
)

// A view is what KEYS, SCAN, DBSIZE and RANDOMKEY take for the names there are.
type view struct {
	title string // as the setting scan_view has it
	// names pages through the names of a kind (string, hash, "" for all that the view has)
	// behind a place, as [store.Tx.Names] does, and returns the place where to go on.
	names func(tx *store.Tx, kind, after string, limit int, visit func(name string)) (next string)
	size  func(tx *store.Tx) int
	draw  func(tx *store.Tx) (name string, found bool)
}

// view returns what this server shows now.
func (c *Call) view() view {
	if c.session.server.showsNamespaces() {
		return view{"namespaces", namesAsHashes, (*store.Tx).CountKeys, drawAsHash}
	}
	return view{"configs", namesAsConfigs, (*store.Tx).Count, drawConfig}
}

// showsNamespaces reports whether a namespace is shown once, instead of its configs.
func (s *Server) showsNamespaces() bool { return s.Namespaces }

// namesAsConfigs shows every config by its full name; namespaces only if they are asked for.
func namesAsConfigs(tx *store.Tx, kind, after string, limit int, visit func(string)) (next string) {
	switch kind {
	case "", "string":
		return tx.Names(after, limit, func(name string, _ store.Record) { visit(name) })
	case "hash":
		return tx.Namespaces(after, limit, visit)
	}
	return ""
}

func drawConfig(tx *store.Tx) (string, bool) { return tx.DrawName(rand.IntN) }

// namesAsHashes shows what Redis would: the configs of the root, and then each other namespace
// once. A place among the latter begins with a slash, which no name does.
func namesAsHashes(tx *store.Tx, kind, after string, limit int, visit func(string)) (next string) {
	below, among := strings.CutPrefix(after, "/")
	if !among && (kind == "" || kind == "string") {
		next = tx.Roots(after, limit, func(name string) {
			limit--
			visit(name)
		})
		if next == "" && limit == 0 && kind == "" {
			return "/"
		}
	}
	if next != "" || kind != "" && kind != "hash" {
		return next
	}
	if !among || below == "" {
		below = "/" // behind the root
	}
	if next = tx.Namespaces(below, limit, visit); next != "" {
		next = "/" + next
	}
	return next
}

func drawAsHash(tx *store.Tx) (string, bool) { return tx.DrawKey(rand.IntN) }
