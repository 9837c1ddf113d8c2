package resp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"confman/store"

	"github.com/aymanbagabas/go-udiff"
)

var diffCommands = []Command{
	{
		Name: "conf|diff", Synopsis: "key from to [RECURSIVE]", Flags: Reads, Group: "history", Run: confDiff,
		Summary: "Compares two versions of a config, as a unified diff; or a namespace behind two revisions, as a list of the configs that differ. " +
			"0 stands for what there is now. RECURSIVE also compares what is below the namespace.",
	},
}

// maxDiff is from how many bytes on a value is not compared line by line, but only by its digest.
const maxDiff = 64 << 10

func confDiff(tx *store.Tx, c *Call) Reply {
	name, from, to := c.Args[0], c.integer(1), c.integer(2)
	if from < 0 || to < 0 {
		return errVersion
	}
	if name != "/" && isKnown(tx, name) && !c.has("RECURSIVE") {
		return diffVersions(tx, name, uint64(from), uint64(to))
	}
	var moments [2]store.Moment
	for i, n := range []int64{from, to} {
		if uint64(n) > tx.Applied() {
			return errorf("ERR revision %d is not there yet: this node is at %d", n, tx.Applied())
		}
		moments[i].Revision = uint64(n)
	}
	all := []Reply{}
	var err error
	eachKnown(tx, rooted(name), c.has("RECURSIVE"), "", func(name string) bool {
		var d store.Difference
		var differs bool
		if d, differs, err = tx.Compare(name, moments[0], moments[1]); err == nil && differs {
			all = append(all, showDifference(tx, d))
		}
		return err == nil
	})
	if err != nil {
		return fromHistory(err, name)
	}
	return all
}

// isKnown reports whether a name is or was a config's, and is not a namespace now.
func isKnown(tx *store.Tx, name string) bool {
	if _, found := tx.Get(name); found {
		return true
	}
	known := false
	tx.History(name, func(store.Version) bool {
		known = true
		return false
	})
	return known && !tx.IsNamespace(name)
}

// diffVersions compares two versions of a config.
func diffVersions(tx *store.Tx, name string, from, to uint64) Reply {
	d := store.Difference{Name: name}
	var err error
	if d.From, err = versionOf(tx, name, from); err == nil {
		d.To, err = versionOf(tx, name, to)
	}
	if err != nil {
		return fromHistory(err, name)
	}
	return Text(unified(tx, d))
}

// versionOf returns a version of a config; 0 stands for what there is now.
func versionOf(tx *store.Tx, name string, number uint64) (store.Record, error) {
	if number == 0 {
		rec, _ := tx.Get(name)
		return rec, nil
	}
	v, err := tx.Version(name, number)
	return v.Record, err
}

// showDifference is how CONF DIFF and a dry run show what becomes of a config.
func showDifference(tx *store.Tx, d store.Difference) Map {
	return Map{
		"change", d.Change(), "name", d.Name, "from", int64(d.From.Version), "to", int64(d.To.Version), "diff", Text(unified(tx, d)),
	}
}

// unified returns a unified diff of two values. Of what is not text, is long, or is a secret by a rule of its namespace, it
// says only that it differs.
func unified(tx *store.Tx, d store.Difference) string {
	title := func(rec store.Record) string {
		if rec.Version == 0 {
			return "/dev/null"
		}
		return fmt.Sprintf("%s version %d", d.Name, rec.Version)
	}
	old, now := d.From.Value, d.To.Value
	if old == now {
		return ""
	}
	if tx.Policies().Secret(d.Name) {
		return fmt.Sprintf("--- %s\n+++ %s\na secret of %d bytes, and then of %d bytes\n", title(d.From), title(d.To), len(old), len(now))
	}
	if !isText(old) || !isText(now) {
		return fmt.Sprintf("--- %s\n+++ %s\n%d bytes with digest %s, and then %d bytes with digest %s\n",
			title(d.From), title(d.To), len(old), digest(old), len(now), digest(now))
	}
	return udiff.Unified(title(d.From), title(d.To), ended(old, d.From), ended(now, d.To))
}

func isText(value string) bool { return len(value) <= maxDiff && utf8.ValidString(value) }

// ended ends the last line of a value, as hardly any value does, so that the diff need not say so.
func ended(value string, rec store.Record) string {
	if rec.Version == 0 || strings.HasSuffix(value, "\n") {
		return value
	}
	return value + "\n"
}
