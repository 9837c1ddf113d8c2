package resp

import (
	"fmt"
	"slices"
	"strings"

	"confman/store"
)

// compareCommands change a config if it still is what the client has seen. They came with
// Redis 8.4: redis.io/docs/latest/commands/delex, redis.io/docs/latest/commands/digest.
var compareCommands = []Command{
	{
		Name: "delex", Flags: Writes | Fast | Loose, Group: "string", Since: "8.4.0", Run: delex,
		Synopsis: "key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest | IFREV revision]",
		Summary:  "Deletes a config if its value, or the digest of it, is the given one, or is not; or if its revision is. Without a condition it is DEL.",
	},
	{
		Name: "digest", Synopsis: "key", Flags: Reads | Fast, Group: "string", Since: "8.4.0", Run: digestOf,
		Summary: "Returns a digest of a config's value, for IFDEQ and IFDNE: its XXH3 hash, in 16 hexadecimal digits.",
	},
}

// comparisons are the conditions of SET and DELEX that look at what is there. IFREV is confman's own.
var comparisons = []string{"IFEQ", "IFNE", "IFDEQ", "IFDNE", "IFREV"}

// compare reports whether a config meets a condition. What this transaction has written itself has no
// revision yet.
func compare(token, with string, rec store.Record) (met bool, err error) {
	value := rec.Value
	switch token {
	case "IFEQ":
		return value == with, nil
	case "IFNE":
		return value != with, nil
	case "IFREV":
		revision, err := parseRevision(with)
		return err == nil && rec.Revision == revision, err
	}
	if len(with) != digestSize {
		return false, errDigest
	}
	return strings.EqualFold(digest(value), with) == (token == "IFDEQ"), nil
}

// digestSize is the length of a digest as clients see it.
const digestSize = 16

func digest(value string) string { return hexDigest(store.Digest(value)) }

func hexDigest(digest uint64) string { return fmt.Sprintf("%016x", digest) }

// digestInPassing is what is shown of the digest of a config's value wherever something is told of the config: nothing
// if a rule says that it is a secret, because a short secret can be guessed by its digest, and one that is used twice
// can be seen to be. Who may read the value has DIGEST.
func digestInPassing(p *store.Policies, name string, digest uint64) string {
	if p.Secret(name) {
		return ""
	}
	return hexDigest(digest)
}

func digestOf(tx *store.Tx, c *Call) Reply {
	rec, found, err := config(tx, c.Args[0])
	if found {
		return digest(rec.Value)
	}
	return valueOf(rec, found, err)
}

// delex reads its words as Redis does: whatever they are, there is nothing to delete where
// there is no config.
func delex(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	switch len(c.Args) {
	case 1:
		return del(tx, c)
	case 3:
	default:
		return errArity(c.Command)
	}
	rec, found, other := config(tx, c.Args[0])
	token := strings.ToUpper(c.Args[1])
	switch {
	case other != nil:
		return errNotString
	case !found:
		return int64(0)
	case !slices.Contains(comparisons, token):
		return errCondition
	}
	met, err := compare(token, c.Args[2], rec)
	switch {
	case err != nil:
		return err
	case !met:
		return int64(0)
	}
	tx.Delete(c.Args[0])
	return int64(1)
}

const (
	errDigest    = Error("ERR must be exactly 16 hexadecimal characters")
	errCondition = Error("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")
	errNotString = Error("ERR Key should be of string type if conditions are specified")
)
