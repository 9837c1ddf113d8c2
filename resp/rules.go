package resp

import (
	"context"
	"slices"
	"strings"

	"confman/store"
	"confman/validate"
)

// ruleCommands say which values configs may have.
var ruleCommands = []Command{
	{
		Name: "ns|rule", Synopsis: "namespace [pattern [rule [rule ...]]] [DEL | DRYRUN]", Flags: Writes | Loose, Group: "namespace", Run: nsRule,
		Summary: "Sets the rule for the configs at and below a namespace that a pattern stands for, such as numeric,min=1,max=65535, in place of one that it had. " +
			"A pattern is compared with the path below the namespace: * stands for anything but a slash, ** for namespaces. Several rules are joined with commas. " +
			"DEL removes the rule, and DRYRUN answers what CONF CHECK would find if it was set. " +
			"Without a rule it answers that of the pattern, and without a pattern all rules that hold there, the outermost first.",
	},
	{
		Name: "conf|check", Synopsis: "namespace [COUNT count]", Flags: Reads | NoMulti, Group: "namespace", Do: proved(confCheck),
		Summary: "Returns the configs at and below a namespace, / for all, that do not pass the rules for them, " +
			"because they were there before: at most 1000 of them, or as many as COUNT says.",
	},
}

const (
	checkCount  = 1000    // how many findings are answered
	checkCounts = 10_000  // and how many may be asked for
	checkMost   = 100_000 // configs at which DRYRUN looks
	checkPage   = 100     // configs that are looked at while writes wait
	checkShown  = 256     // bytes of a value that a finding shows
)

const (
	errNoRule     = Error("ERR a rule is missing: NS RULE namespace pattern rule, or DEL in its place")
	errCheckCount = Error("ERR COUNT must be between 1 and 10000")
	errLongDryRun = Error("ERR the namespace has over 100000 configs, at which DRYRUN does not look while writes wait: set the rule, and CONF CHECK")
)

func nsRule(tx *store.Tx, c *Call) Reply {
	words, last := c.Args, ""
	if n := len(words); n > 2 {
		if word := strings.ToUpper(words[n-1]); word == "DEL" || word == "DRYRUN" {
			words, last = words[:n-1], word
		}
	}
	if err := c.checkWord(c.args[0], words[0]); err != nil {
		return err
	}
	ns := rooted(words[0])
	if len(words) == 1 {
		return rulesOn(tx.Policies(), ns)
	}
	pattern := words[1]
	if err := validate.Pattern(pattern); err != nil {
		return refused(err)
	}
	own, _ := tx.Policies().Own(ns)
	at := slices.IndexFunc(own.Rules, func(r store.Rule) bool { return r.Pattern == pattern })
	switch {
	case last == "DEL" && len(words) > 2:
		return errSyntax
	case last == "DEL":
		return deleteRule(tx, ns, own, at, pattern)
	case len(words) > 2:
		return setRule(tx, ns, own, at, store.Rule{Pattern: pattern, Rule: strings.Join(words[2:], ",")}, last == "DRYRUN")
	case last == "DRYRUN":
		return errNoRule
	case at < 0:
		return nil
	}
	return own.Rules[at].Rule
}

func deleteRule(tx *store.Tx, ns string, own store.Settings, at int, pattern string) Reply {
	if at < 0 {
		return int64(0)
	}
	own.Rules = slices.Concat(own.Rules[:at], own.Rules[at+1:])
	if err := tx.SetSettings(ns, own); err != nil {
		return fromSet(err)
	}
	tx.Note(store.Note{Act: "NS RULE " + pattern + " DEL", Names: []string{title(ns)}})
	return int64(1)
}

// setRule sets a rule in place of the one at a place, or behind the others.
func setRule(tx *store.Tx, ns string, own store.Settings, at int, rule store.Rule, dry bool) Reply {
	if _, err := validate.NewRule(rule.Pattern, rule.Rule); err != nil {
		return refused(err)
	}
	own.Rules = slices.Clone(own.Rules)
	switch {
	case at >= 0:
		own.Rules[at] = rule
	case len(own.Rules) >= store.MaxRules:
		return errorf("ERR namespace %s has %d rules, and may not have more: delete one, or write a pattern for several", title(ns), store.MaxRules)
	default:
		own.Rules = append(own.Rules, rule)
	}
	if _, found := tx.Get(ns); found && ns != "" {
		return errorf("WRONGTYPE %q is a config: rules are a namespace's", ns)
	}
	if dry {
		return dryRun(tx, ns, own)
	}
	if err := tx.SetSettings(ns, own); err != nil {
		return fromSet(err)
	}
	tx.Note(store.Note{Act: "NS RULE " + rule.Pattern + " " + rule.Rule, Names: []string{title(ns)}})
	return ok
}

// dryRun answers what would not pass if a namespace had other settings.
func dryRun(tx *store.Tx, ns string, own store.Settings) Reply {
	found := []Reply{}
	next := tx.Findings(tx.Policies().With(ns, own), ns, "", checkMost, func(f store.Finding) {
		if len(found) < checkCount {
			found = append(found, finding(f))
		}
	})
	if next != "" {
		return errLongDryRun
	}
	return found
}

func finding(f store.Finding) Map {
	value := f.Value
	if len(value) > checkShown {
		value = strings.ToValidUTF8(value[:checkShown], "") + "..."
	}
	return Map{"name", f.Name, "rule", f.Rule, "value", value, "expected", f.Expected, "namespace", title(f.Namespace)}
}

// confCheck looks at a few configs at a time, so that writes do not wait for all of them.
func confCheck(ctx context.Context, c *Call) Reply {
	count := c.number("COUNT", checkCount)
	if count < 1 || count > checkCounts {
		return errCheckCount
	}
	found := []Reply{}
	for after := ""; ; {
		err := c.session.look(ctx, func(tx *store.Tx) error {
			after = tx.Findings(tx.Policies(), rooted(c.Args[0]), after, checkPage, func(f store.Finding) {
				found = append(found, finding(f))
			})
			return nil
		})
		switch {
		case err != nil:
			return err
		case int64(len(found)) >= count:
			return found[:count]
		case after == "":
			return found
		}
	}
}
