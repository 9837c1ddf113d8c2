package resp

import (
	"strings"
	"unicode/utf8"

	"confman/store"
)

// nsCommands are about namespaces: what each has been told about itself, which is inherited by those below it.
var nsCommands = []Command{
	{
		Name: "ns", Group: "namespace",
		Summary: "A container for commands about namespaces.",
	},
	{
		Name: "ns|del", Synopsis: "namespace [FORCE]", Flags: Writes, Group: "namespace", Run: nsDel,
		Summary: "Makes a namespace forget its settings, and returns whether there was anything. It is refused while there are configs in it " +
			"or below it, unless FORCE deletes those too, protected or not, with the settings of the namespaces below.",
	},
	{
		Name: "ns|get", Synopsis: "namespace", Flags: Reads, Group: "namespace", Do: proved(nsGet),
		Summary: "Returns what holds for a namespace, whether it says so itself (own) or one above it does, and how many configs and bytes " +
			"are in it and below it. A quota that comes from above is one of all that is there.",
	},
	{
		Name: "ns|help", Group: "namespace", Do: help,
		Summary: "Lists the subcommands.",
	},
	{
		Name: "ns|list", Synopsis: "[pattern]", Flags: Reads, Group: "namespace", Do: proved(nsList),
		Summary: "Returns the namespaces that have configs or settings of their own and match a pattern.",
	},
	{
		Name: "ns|set", Synopsis: "namespace [DESCRIPTION text] [OWNER text] [KEEP count] [AGE milliseconds] [QUOTA keys bytes] " +
			"[PROTECT | UNPROTECT] [STRICT | LOOSE]",
		Flags: Writes | Loose, Group: "namespace", Run: nsSet,
		Summary: "Says about a namespace, which needs no configs, what it is for and whose it is; how many versions of each config are kept, " +
			"and how old one may be to be read; how many configs and bytes may be in it and below it; whether it is kept from losing its last " +
			"config by mistake; and whether it holds only configs that a rule is for. What is not named stays as it is. An empty text or 0 takes " +
			"a setting off, so that what is said of the namespace above it holds.",
	},
	{
		Name: "ns|tree", Synopsis: "[path]", Flags: Reads, Group: "namespace", Do: proved(nsTree),
		Summary: "Returns a namespace and those below it that have configs or settings, and those between them: how many configs are directly " +
			"in each, what it is for, and whose it is.",
	},
}

// title is how clients write a namespace of the store's.
func title(ns string) string {
	if ns == "" {
		return "/"
	}
	return ns
}

// maxText bounds what is said of a namespace in words, in bytes.
const maxText = 1024

// A nsOption is an option of NS SET: how many words it takes, and what it makes of the settings.
type nsOption struct {
	words int
	set   func(s *store.Settings, words []string) error
}

var nsOptions = map[string]nsOption{
	"DESCRIPTION": {1, func(s *store.Settings, w []string) error { s.Description = w[0]; return checkText("DESCRIPTION", w[0]) }},
	"OWNER":       {1, func(s *store.Settings, w []string) error { s.Owner = w[0]; return checkText("OWNER", w[0]) }},
	"KEEP":        {1, func(s *store.Settings, w []string) (err error) { s.Keep, err = natural("KEEP", w[0]); return err }},
	"AGE": {1, func(s *store.Settings, w []string) error {
		age, err := natural("AGE", w[0])
		s.Age = store.Millis(age)
		return err
	}},
	"QUOTA": {2, func(s *store.Settings, w []string) (err error) {
		if s.MaxKeys, err = natural("QUOTA", w[0]); err == nil {
			s.MaxBytes, err = natural("QUOTA", w[1])
		}
		return err
	}},
	"PROTECT":   {0, func(s *store.Settings, _ []string) error { s.Protect = new(true); return nil }},
	"UNPROTECT": {0, func(s *store.Settings, _ []string) error { s.Protect = new(false); return nil }},
	"STRICT":    {0, func(s *store.Settings, _ []string) error { s.Strict = new(true); return nil }},
	"LOOSE":     {0, func(s *store.Settings, _ []string) error { s.Strict = new(false); return nil }},
}

func checkText(option, text string) error {
	switch {
	case len(text) > maxText:
		return errorf("ERR %s is over %d bytes: shorten it", option, maxText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }):
		return errorf("ERR %s is one line of UTF-8 without control characters", option)
	}
	return nil
}

// natural reads a number of which 0 says that there is none.
func natural(option, word string) (uint64, error) {
	n, err := parseInt(word)
	if err == nil && n < 0 {
		err = errorf("ERR %s takes numbers from 0 on; 0 takes it off", option)
	}
	return uint64(n), err
}

// nsSet reads its options by itself, because one of them takes two words.
func nsSet(tx *store.Tx, c *Call) Reply {
	if err := c.checkWord(c.args[0], c.Args[0]); err != nil {
		return err
	}
	ns, words := rooted(c.Args[0]), c.Args[1:]
	if len(words) == 0 {
		return errNothingToSet
	}
	own, _ := tx.Policies().Own(ns)
	for len(words) > 0 {
		option, found := nsOptions[strings.ToUpper(words[0])]
		if words = words[1:]; !found || len(words) < option.words {
			return errSyntax
		}
		if err := option.set(&own, words[:option.words]); err != nil {
			return err
		}
		words = words[option.words:]
	}
	if _, found := tx.Get(ns); found && ns != "" {
		return errorf("WRONGTYPE %q is a config: settings are a namespace's", ns)
	}
	if err := tx.SetSettings(ns, own); err != nil {
		return fromSet(err)
	}
	tx.Note(store.Note{Act: "NS SET", Names: c.Args[:1]})
	return ok
}

const (
	errNothingToSet = Error("ERR nothing to set: say what, as in NS SET prod OWNER ops PROTECT; NS HELP lists the options")
	errDelRoot      = Error("ERR NS DEL / FORCE would delete every config: FLUSHALL is for that")
)

// nsDel deletes the settings of a namespace, and with FORCE all that is in it.
func nsDel(tx *store.Tx, c *Call) Reply {
	ns := rooted(c.Args[0])
	name, held := tx.AnyBelow(ns)
	p := tx.Policies()
	switch {
	case c.has("FORCE") && ns == "":
		return errDelRoot
	case c.has("FORCE"):
		tx.Force()
		tx.DeleteBelow(ns)
		for _, below := range p.All() {
			if strings.HasPrefix(below, ns+"/") {
				tx.DeleteSettings(below)
			}
		}
	case held && ns == "":
		return errorf("ERR namespace / holds configs, such as %q: to take single settings off, NS SET / with 0 or an empty text", name)
	case held:
		return errorf("ERR namespace %s holds configs, such as %q: delete them first, or with it by NS DEL %[1]s FORCE; "+
			"to take single settings off, NS SET %[1]s with 0 or an empty text", ns, name)
	}
	if !tx.DeleteSettings(ns) && !held {
		return int64(0)
	}
	tx.Note(store.Note{Act: "NS DEL", Names: c.Args[:1]})
	return int64(1)
}
