package resp

import (
	"slices"
	"strconv"
	"strings"
)

// redacted stands for a password, as in Redis.
const redacted = "(redacted)"

// cleared returns a call's words without what may be secret: passwords, and the values of
// configs. A word that does not belong where it stands may be a value too.
func (c *Call) cleared() []string {
	words := slices.Clone(c.words)
	args := words[len(words)-len(c.Args):]
	switch c.Name {
	case "auth":
		for i := range args {
			args[i] = redacted
		}
	case "hello":
		redactHello(args)
	case "config|set":
		c.redactConfigSet(args)
	default:
		h := hider{left: args}
		h.walk(c.args)
		for i := range h.left {
			h.left[i] = hidden(h.left[i])
		}
	}
	return words
}

// redactHello hides what follows AUTH, and all from a word on that is no option. A client may be
// named auth, and who forgets the version begins with an option.
func redactHello(args []string) {
	for i, password := 0, 0; i < len(args); i++ {
		switch word := strings.ToLower(args[i]); {
		case password > 0:
			args[i] = redacted
			password--
		case word == "auth":
			password = 2
		case word == "setname":
			i++
		case i > 0:
			password = len(args)
			args[i] = redacted
		}
	}
}

// redactConfigSet hides all values but those of settings that are known and no secrets. What
// stands where a further setting should, and is none, may be the rest of a password with spaces.
func (c *Call) redactConfigSet(args []string) {
	for i := 0; i < len(args); i += 2 {
		p, known := c.session.server.named(args[i])
		if !known && i > 0 {
			args[i] = redacted
		}
		if (!known || p.secret) && i+1 < len(args) {
			args[i+1] = redacted
		}
	}
}

// hidden stands for a value.
func hidden(value string) string { return "(" + strconv.Itoa(len(value)) + " bytes)" }

// A hider walks over a command's words by its synopsis, and replaces those that are values.
type hider struct {
	left []string
	lost bool // what is left belongs to no argument
}

// walk takes the words that belong to some arguments. Those that are optional may come in any
// order, as far as they stand next to one another.
func (h *hider) walk(args []arg) {
	for len(args) > 0 && len(h.left) > 0 && !h.lost {
		n := 0
		for n < len(args) && isOption(args[n]) {
			n++
		}
		for n > 0 && h.option(args[:n]) {
		}
		if args = args[n:]; len(args) > 0 {
			behind, _ := least(args[1:])
			h.take(args[0], len(h.left)-behind)
			args = args[1:]
		}
	}
}

// isOption reports whether an argument is found by its token.
func isOption(a arg) bool { return a.kind == "oneof" || a.optional && a.token != "" }

// option takes the words of the option that is next, if one is.
func (h *hider) option(options []arg) bool {
	if len(h.left) == 0 {
		return false
	}
	_, a, found := option(options, h.left[0])
	if !found {
		return false
	}
	h.left = h.left[1:]
	if a.kind == "block" {
		h.walk(a.args)
	} else if a.kind != "pure-token" && len(h.left) > 0 {
		h.show(a)
	}
	return true
}

// take takes an argument, as often as it may be repeated within a number of words.
func (h *hider) take(a arg, most int) {
	end := len(h.left) - max(most, 0)
	for before := 0; len(h.left) > 0 && len(h.left) != before && !h.lost; {
		before = len(h.left)
		if a.token != "" && a.kind != "pure-token" { // it has to be there, as FIELDS has
			if h.lost = !strings.EqualFold(h.left[0], a.token); h.lost {
				return
			}
			h.left = h.left[1:]
		}
		if a.kind == "block" {
			h.walk(a.args)
		} else if len(h.left) > 0 {
			h.show(a)
		}
		if !a.multiple || len(h.left) <= end {
			return
		}
	}
}

// show takes one word, and hides it if it is a value, or may be one, as in COMMAND GETKEYS.
func (h *hider) show(a arg) {
	secret := a.name == "value" || a.name == "message" || a.name == "arg" || strings.HasSuffix(a.name, "-value") || strings.HasSuffix(a.name, "-digest")
	switch a.kind {
	case "pure-token":
		if h.lost = !strings.EqualFold(h.left[0], a.token); h.lost {
			return
		}
	case "integer", "unix-time", "double": // words may have changed places
		_, err := strconv.ParseFloat(h.left[0], 64)
		secret = err != nil
	}
	if secret {
		h.left[0] = hidden(h.left[0])
	}
	h.left = h.left[1:]
}
