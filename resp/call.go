package resp

import (
	"slices"
	"strings"
	"time"

	"confman/store"
	"confman/validate"
)

// A Call is a command as a client sent it.
type Call struct {
	*Command
	Args    []string // the words behind the command's name
	words   []string // all of them
	session *session
	options map[string]string // by token, in capitals
	queued  bool              // between MULTI and EXEC

	kept      bool // the client keeps what it reads
	took      time.Duration
	committed func() // set by Run, and called when the transaction has gone through
}

// size is how many bytes the call's words take.
func (c *Call) size() (n int) {
	for _, w := range c.Args {
		n += len(w)
	}
	return n + len(c.Name)
}

// answer runs a command about data.
func (c *Call) answer(tx *store.Tx) Reply {
	if err := c.bind(); err != nil {
		return err
	}
	tx.As(c.Event, "")
	return c.Run(tx, c)
}

// bind reads the words by the synopsis: those that have their place are checked for what
// they are, and the options behind them may come in any order. Of one that is repeated the
// last counts.
func (c *Call) bind() error {
	if c.Flags&Loose != 0 {
		return nil
	}
	words, args := c.Args, c.args
	for len(args) > 0 && !args[0].optional && args[0].kind != "oneof" {
		n := 1
		if args[0].multiple {
			behind, _ := least(args[1:])
			n = len(words) - behind
		}
		if err := c.check(args[0], words[:n]); err != nil {
			return err
		}
		words, args = words[n:], args[1:]
	}
	return c.bindOptions(args, words)
}

// check checks the words of one argument, which may be repeated.
func (c *Call) check(a arg, words []string) error {
	each := []arg{a}
	if a.kind == "block" {
		each = a.args
	}
	if len(words)%len(each) != 0 {
		return errArity(c.Command)
	}
	for i, w := range words {
		if err := c.checkWord(each[i%len(each)], w); err != nil {
			return err
		}
	}
	return nil
}

// checkWord checks a word for what the synopsis says it is.
func (c *Call) checkWord(a arg, w string) (err error) {
	switch {
	case a.kind == "key" && c.opens():
		_, _, err = checkStream(w)
		return err
	case a.kind == "key" && c.Group == "string":
		err = validate.Name(w)
	case a.kind == "key":
		err = validate.Namespace(w)
	case a.name == "field":
		err = c.checkField(w)
	case a.name == "value":
		err = validate.Value(w, c.session.server.MaxValue)
	case a.name == "cursor", slices.Contains(lifetimes, a.token):
		return nil // what reads them says what is wrong
	case a.kind == "pattern" && len(w) > maxPattern:
		return errPattern
	case a.kind == "integer", a.kind == "unix-time":
		_, err := parseInt(w)
		return err
	}
	if err != nil {
		return refused(err)
	}
	return nil
}

// checkField checks a field of the namespace that is the first argument.
func (c *Call) checkField(field string) error {
	if err := validate.Key(field); err != nil {
		return err
	}
	return validate.Name(store.Join(rooted(c.Args[0]), field))
}

// bindOptions reads the words behind those that have their place.
func (c *Call) bindOptions(args []arg, words []string) error {
	if len(args) > 0 && args[0].token == "" && args[0].kind != "oneof" {
		return nil // optional words in their places, such as INFO's sections
	}
	taken := map[int]string{}
	for len(words) > 0 {
		place, a, found := option(args, words[0])
		if !found || taken[place] != "" && taken[place] != a.token {
			return errSyntax
		}
		taken[place] = a.token
		value := ""
		if words = words[1:]; a.kind != "pure-token" {
			if len(words) == 0 {
				return errSyntax
			}
			value, words = words[0], words[1:]
			if err := c.checkWord(a, value); err != nil {
				return err
			}
		}
		if c.options == nil {
			c.options = map[string]string{}
		}
		c.options[a.token] = value
	}
	return nil
}

// option finds the option that a word leads, and the place it takes: alternatives of one
// another take the same.
func option(args []arg, word string) (place int, a arg, found bool) {
	for i, a := range args {
		if a.kind == "oneof" {
			if _, b, found := option(a.args, word); found {
				return i, b, true
			}
		} else if a.token != "" && strings.EqualFold(a.token, word) {
			return i, a, true
		}
	}
	return 0, arg{}, false
}

// has reports whether one of these options was given.
func (c *Call) has(tokens ...string) bool {
	for _, token := range tokens {
		if _, given := c.options[token]; given {
			return true
		}
	}
	return false
}

// number returns the value of an integer option, or a default.
func (c *Call) number(token string, otherwise int64) int64 {
	if n, err := parseInt(c.options[token]); err == nil {
		return n
	}
	return otherwise
}

// integer returns the integer at a place; bind has checked that it is one.
func (c *Call) integer(place int) int64 {
	n, err := parseInt(c.Args[place])
	if err != nil {
		panic("resp: " + c.Name + ": its synopsis does not say that this is an integer")
	}
	return n
}
