package resp

import (
	"strings"

	"confman/store"
	"confman/validate"
)

func rename(tx *store.Tx, c *Call) Reply {
	_, err := renameTo(tx, c, true)
	if err != nil {
		return err
	}
	return ok
}

func renamenx(tx *store.Tx, c *Call) Reply {
	renamed, err := renameTo(tx, c, false)
	switch {
	case err != nil:
		return err
	case !renamed:
		return int64(0)
	}
	return int64(1)
}

// renameTo gives what has the first name the second one, if that may be taken from what has it.
func renameTo(tx *store.Tx, c *Call, replace bool) (renamed bool, err error) {
	name, to := c.Args[0], c.Args[1]
	if name == "/" || to == "/" {
		return false, errRoot
	}
	all := configs(tx, name)
	switch {
	case len(all) == 0:
		return false, errNoKey
	case name == to, !replace && kind(tx, to) != "none":
		return false, nil
	}
	err = tx.Try(func() error {
		tx.As("rename_to", "rename_from")
		for _, one := range all {
			tx.Delete(one.name)
		}
		tx.As("rename_to", "rename_to") // what is replaced is not told of
		for _, one := range configs(tx, to) {
			tx.Delete(one.name)
		}
		return settle(tx, all, name, to)
	})
	return err == nil, err
}

// copyName reads its options as Redis does, and has one database.
func copyName(tx *store.Tx, c *Call) Reply {
	name, to := c.Args[0], c.Args[1]
	for i := range 2 {
		if err := c.checkWord(c.args[i], c.Args[i]); err != nil {
			return err
		}
	}
	replace, err := copyOptions(c.Args[2:])
	switch {
	case err != nil:
		return err
	case name == to:
		return errSame
	case name == "/" || to == "/":
		return errRoot
	}
	all := configs(tx, name)
	if len(all) == 0 || !replace && kind(tx, to) != "none" {
		return int64(0)
	}
	err = tx.Try(func() error {
		kept := map[string]bool{}
		for _, one := range all {
			kept[one.name] = true
		}
		tx.As("copy_to", "copy_to") // what is replaced is not told of
		for _, one := range configs(tx, to) {
			if !kept[one.name] {
				tx.Delete(one.name)
			}
		}
		return settle(tx, all, name, to)
	})
	if err != nil {
		return err
	}
	return int64(1)
}

// copyOptions reads whether COPY may replace what is there.
func copyOptions(words []string) (replace bool, err error) {
	for ; len(words) > 0; words = words[1:] {
		switch {
		case strings.EqualFold(words[0], "REPLACE"):
			replace = true
		case strings.EqualFold(words[0], "DB") && len(words) > 1:
			words = words[1:]
			n, err := parseInt(words[0])
			switch {
			case err != nil:
				return false, err
			case n != int64(int32(n)):
				return false, errIntRange
			case n != 0:
				return false, errDB
			}
		default:
			return false, errSyntax
		}
	}
	return replace, nil
}

// settle sets configs of one name under another, where nothing has it any more.
func settle(tx *store.Tx, all []named, name, to string) error {
	for _, one := range all {
		target := to + strings.TrimPrefix(one.name, name) // a namespace's configs go on with a slash
		if err := validate.Name(target); err != nil {
			return refused(err)
		}
		if err := write(tx, target, one.Value, one.Expires); err != nil {
			return err
		}
	}
	return nil
}

const (
	errNoKey    = Error("ERR no such key")
	errSame     = Error("ERR source and destination objects are the same")
	errIntRange = Error("ERR value is out of range, value must between -2147483648 and 2147483647")
	errRoot     = Error(`ERR "/" is the root namespace, which is neither renamed, nor copied, nor replaced as a whole: name the configs in it`)
)
