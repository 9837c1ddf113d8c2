package store

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ruled says which rules a namespace has: patterns and rules in turn.
func ruled(ns string, strict bool, rules ...string) func(*Tx) error {
	s := Settings{}
	if strict {
		s.Strict = yes(true)
	}
	for i := 0; i < len(rules); i += 2 {
		s.Rules = append(s.Rules, Rule{rules[i], rules[i+1]})
	}
	return settings(ns, s)
}

// also runs several updates in one transaction.
func also(dos ...func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		for _, do := range dos {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// refusal applies one transaction, and returns why it is refused, or "".
func (n *node) refusal(dos ...func(*Tx) error) (text string) {
	n.Helper()
	n.seq++
	e := Entry{Node: 1, Seq: n.seq, At: n.now}
	err := n.Evaluate(n.now, []Update{{By: "alice", Do: also(dos...)}}, func(_ int, txn Txn, err error) bool {
		e.Txns = append(e.Txns, txn)
		var refused *RefusedError
		if errors.As(err, &refused) {
			text = refused.Code + " " + refused.Text
		} else if err != nil {
			n.Error(err)
		}
		return true
	})
	if err != nil {
		n.Fatal(err)
	}
	if failed := n.apply(e); failed != "" {
		n.Fatalf("failed: %q", failed)
	}
	return text
}

// An attempted write of a story, and why it is refused, or "".
type attempted struct {
	do   func(*Tx) error
	want string
}

func TestRules(t *testing.T) {
	long := strings.Repeat("x", 65)
	for name, c := range map[string]struct {
		given []func(*Tx) error
		steps []attempted
	}{
		"values": {
			[]func(*Tx) error{
				ruled("", false, "**/timeout", "duration"),
				ruled("prod", false, "api/*_port", "numeric,min=1,max=65535", "*", "oneof=a b"),
				ruled("prod/api", false, "http_port", "len=4"),
			},
			[]attempted{
				{set("prod/api/http_port", "8080"), ""},
				{set("prod/api/http_port", "99999"), `INVALID prod/api/http_port: 99999 is not a number from 1 to 65535 (rule "numeric,min=1,max=65535" of namespace prod)`},
				{set("prod/api/http_port", "80"), `INVALID prod/api/http_port: 80 is not text of 4 characters (rule "len=4" of namespace prod/api)`},
				{set("prod/api/v1/http_port", "x"), ""},
				{set("prod/x", "a b"), `INVALID prod/x: "a b" is not one of a, b (rule "oneof=a b" of namespace prod)`},
				{set("prod/x", ""), `INVALID prod/x: "" is not one of a, b (rule "oneof=a b" of namespace prod)`},
				{set("timeout", "x"), `INVALID timeout: x is not a time such as 1m30s (rule "duration" of namespace /)`},
				{set("a/b/timeout", "x"), `INVALID a/b/timeout: x is not a time such as 1m30s (rule "duration" of namespace /)`},
				{set("a/b/timeout", long), `INVALID a/b/timeout: its value of 65 bytes is not a time such as 1m30s (rule "duration" of namespace /)`},
				{set("a/b/timeout", "\x00"), `INVALID a/b/timeout: its value of 1 bytes is not a time such as 1m30s (rule "duration" of namespace /)`},
				{also(set("a/b/timeout", "x"), set("a/b/timeout", "1s")), ""},
				{also(set("a/ok", "1"), set("a/b/timeout", "2")), `INVALID a/b/timeout: 2 is not a time such as 1m30s (rule "duration" of namespace /)`},
				{get("a/ok", new(Record)), ""},
				{also(func(tx *Tx) error { tx.Unchecked(); return nil }, set("a/b/timeout", "2")), ""},
				{del("a/b/timeout"), ""},
				{set("confman/timeout", "x"), ""},
			},
		},
		"secrets": {
			[]func(*Tx) error{ruled("", false, "**", "secret"), ruled("prod", false, "key", "len=3", "doc", "jsonschema=schemas/doc"), set("schemas/doc", `{"const": "s3cret"}`)},
			[]attempted{
				{set("prod/key", "s3cret"), `INVALID prod/key: its value is not text of 3 characters (rule "len=3" of namespace prod)`},
				{set("prod/doc", `"other"`), `INVALID prod/doc: its value is not JSON that fits the schema schemas/doc (rule "jsonschema=schemas/doc" of namespace prod)`},
			},
		},
		"immutable": {
			[]func(*Tx) error{ruled("prod", false, "id", "immutable")},
			[]attempted{
				{set("prod/id", "1"), ""},
				{set("prod/id", "1"), ""},
				{set("prod/id", "2"), `INVALID prod/id: it is immutable: it can neither be changed nor deleted (rule "immutable" of namespace prod)`},
				{del("prod/id"), `INVALID prod/id: it is immutable: it can neither be changed nor deleted (rule "immutable" of namespace prod)`},
				{also(del("prod/id"), set("prod/id", "2")), `INVALID prod/id: it is immutable: it can neither be changed nor deleted (rule "immutable" of namespace prod)`},
				{also(del("prod/id"), set("prod/id", "1")), ""},
				{func(tx *Tx) error { return tx.Set("prod/id", "1", 5000) }, `INVALID prod/id: it is immutable: it can neither be changed nor deleted (rule "immutable" of namespace prod)`},
			},
		},
		"immutable once it has expired": {
			[]func(*Tx) error{ruled("prod", false, "id", "immutable"), setUntil("prod/id", 500)},
			[]attempted{{set("prod/id", "2"), ""}},
		},
		"deprecated": {
			[]func(*Tx) error{set("prod/old", "1"), ruled("prod", false, "old", "deprecated=use prod/new", "older", "deprecated")},
			[]attempted{
				{set("prod/old", "2"), ""},
				{del("prod/old"), ""},
				{set("prod/old", "2"), `INVALID prod/old: it is deprecated, so there may be no new one: use prod/new (rule "deprecated=use prod/new" of namespace prod)`},
				{set("prod/older", "2"), `INVALID prod/older: it is deprecated, so there may be no new one (rule "deprecated" of namespace prod)`},
			},
		},
		"required": {
			[]func(*Tx) error{ruled("prod", false, "api/port", "required,port")},
			[]attempted{
				{set("prod/api/host", "a"), `INVALID prod/api/port: it is required if namespace prod/api has any config: set it in the same transaction (rule "required,port" of namespace prod)`},
				{set("prod/api/v1/host", "a"), ""},
				{del("prod/api/v1/host"), ""},
				{also(set("prod/api/host", "a"), set("prod/api/port", "1")), ""},
				{del("prod/api/port"), `INVALID prod/api/port: it is required while namespace prod/api has any other config (rule "required,port" of namespace prod)`},
				{also(del("prod/api/port"), set("prod/api/port", "2")), ""},
				{del("prod/api/host"), ""},
				{del("prod/api/port"), ""},
				{also(set("prod/api/host", "a"), set("prod/api/port", "1")), ""},
				{also(del("prod/api/port"), del("prod/api/host")), ""},
				{set("prod/api/port", ""), `INVALID prod/api/port: "" is not a value that is not empty (rule "required,port" of namespace prod)`},
			},
		},
		"required when the namespace is in use": {
			[]func(*Tx) error{set("a", "1"), set("b", "1"), ruled("", false, "port", "required")},
			[]attempted{
				{set("c", "1"), ""},
				{del("a"), ""},
				{also(flush, set("b", "1")), ""},
				{also(flush), ""},
				{set("b", "1"), `INVALID port: it is required if namespace / has any config: set it in the same transaction (rule "required" of namespace /)`},
			},
		},
		"strict": {
			[]func(*Tx) error{set("prod/was", "1"), ruled("prod", true, "port", "port"), ruled("", false, "**/name", "alpha"), settings("prod/lax", Settings{Strict: yes(false)})},
			[]attempted{
				{set("prod/port", "1"), ""},
				{set("prod/name", "a"), ""},
				{set("prod/was", "2"), `INVALID prod/was: no rule is for it, and its namespace is strict: NS RULE makes one`},
				{set("prod/api/x", "2"), `INVALID prod/api/x: no rule is for it, and its namespace is strict: NS RULE makes one`},
				{set("prod/lax/x", "2"), ""},
				{set("x", "2"), ""},
				{del("prod/was"), ""},
			},
		},
		"schemas": {
			[]func(*Tx) error{ruled("prod", false, "limits", "jsonschema=schemas/limits")},
			[]attempted{
				{set("prod/limits", "5"), `INVALID prod/limits: 5 cannot be checked: the schema schemas/limits cannot be used: there is no config schemas/limits: put the schema there (rule "jsonschema=schemas/limits" of namespace prod)`},
				{also(set("schemas/limits", `{"type": "integer"}`), set("prod/limits", "5")), ""},
				{set("prod/limits", "x"), `INVALID prod/limits: x is not JSON that fits the schema schemas/limits (it is not JSON) (rule "jsonschema=schemas/limits" of namespace prod)`},
				{set("schemas/limits", `{"type": "string"}`), ""},
				{set("prod/limits", "5"), `INVALID prod/limits: 5 is not JSON that fits the schema schemas/limits (got number, want string) (rule "jsonschema=schemas/limits" of namespace prod)`},
				{set("schemas/limits", `{`), ""},
				{set("prod/limits", "5"), `INVALID prod/limits: 5 cannot be checked: the schema schemas/limits cannot be used: config schemas/limits: it is not JSON (rule "jsonschema=schemas/limits" of namespace prod)`},
			},
		},
		"rules of a later version": {
			[]func(*Tx) error{ruled("prod", false, "a", "later=1", "[", "port")},
			[]attempted{
				{set("prod/a", "5"), `INVALID prod/a: its value cannot be checked: rule "later=1": there is no tag "later"`},
				{set("prod/b", "5"), ""},
				{del("prod/a"), ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.do(c.given...)
			for i, s := range c.steps {
				if got := n.refusal(s.do); got != s.want && (s.want == "" || !strings.HasPrefix(got, s.want)) {
					t.Errorf("step %d: %q, want %q", i+1, got, s.want)
				}
			}
		})
	}
}

// What a check depends on must still be so when the transaction is applied.
func TestRulesAreGuarded(t *testing.T) {
	unchecked := func(tx *Tx) error { tx.Unchecked(); return nil }
	for name, c := range map[string]struct {
		given              []func(*Tx) error
		checked, meanwhile func(*Tx) error
		failed             string
	}{
		"rules":          {nil, set("p/port", "x"), ruled("p", false, "port", "port"), settingsGuard},
		"immutable":      {[]func(*Tx) error{ruled("p", false, "id", "immutable")}, set("p/id", "1"), set("p/id", "2"), configKey("p/id")},
		"deprecated":     {[]func(*Tx) error{ruled("p", false, "id", "deprecated"), also(unchecked, set("p/id", "1"))}, set("p/id", "2"), del("p/id"), configKey("p/id")},
		"required":       {[]func(*Tx) error{ruled("p", false, "id", "required"), set("p/id", "1")}, set("p/a", "1"), del("p/id"), configKey("p/id")},
		"required, last": {[]func(*Tx) error{ruled("p", false, "id", "required"), set("p/id", "1")}, del("p/id"), set("p/a", "1"), namespaceKey("p")},
		"schema":         {[]func(*Tx) error{ruled("p", false, "id", "jsonschema=s"), set("s", "true")}, set("p/id", "1"), set("s", "false"), configKey("s")},
		"schema's part":  {[]func(*Tx) error{ruled("p", false, "id", "jsonschema=s"), set("s", `{"$ref":"other"}`), set("other", "true")}, set("p/id", "1"), del("other"), configKey("other")},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.do(c.given...)
			n.evaluate(c.checked) // so that the next one finds its schemas compiled
			stale := n.evaluate(c.checked)
			stale.Node = 2
			n.do(c.meanwhile)
			if got := n.apply(stale); got != c.failed {
				t.Errorf("outcome %q, want %q", got, c.failed)
			}
		})
	}
}

// Each transaction of an entry is checked against what those before it leave behind, and fails with them.
func TestRulesInAnEntry(t *testing.T) {
	n := newNode(t)
	n.do(ruled("p", false, "id", "immutable"))
	e := n.evaluate(set("p/id", "1"), set("p/id", "1"), ruled("q", false, "port", "port"), set("q/port", "1"))
	if got := [][]int{e.Txns[1].After, e.Txns[3].After}; !slices.Equal(got[0], []int{0}) || !slices.Equal(got[1], []int{2}) {
		t.Errorf("they depend on %v", got)
	}
	if failed := n.apply(e); failed != ",,," {
		t.Errorf("outcome %q", failed)
	}
	for _, do := range []func(*Tx) error{set("p/id", "2"), set("q/port", "x")} {
		if n.refusal(do) == "" {
			t.Error("it is not refused")
		}
	}
}

func TestSecret(t *testing.T) {
	n := newNode(t)
	n.do(ruled("p", false, "**/key", "secret", "*", "int", "late", "later=1"))
	for name, want := range map[string]bool{"p/a/key": true, "p/key": true, "p/late": true, "p/a": false, "key": false} {
		if got := n.policies().Secret(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Rules that nobody changes are parsed once.
func TestRulesAreKept(t *testing.T) {
	n := newNode(t)
	n.do(ruled("p", false, "port", "port"))
	first := n.policies().law("p/port").rules[0]
	n.do(set("p/port", "1"))
	if n.policies().law("p/port").rules[0] != first {
		t.Error("they were parsed again")
	}
	n.do(ruled("q", false, "port", "port"))
	if n.policies().law("p/port").rules[0] == first {
		t.Error("they were kept, though settings have changed")
	}
}

func BenchmarkRules(b *testing.B) {
	for _, count := range []int{0, 10} {
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			s := OpenMemory()
			var own Settings
			for i := range count {
				own.Rules = append(own.Rules, Rule{fmt.Sprintf("%d*", i), "hostname"}, Rule{"*", "numeric,min=1,max=65535"})
			}
			own.Rules = own.Rules[:count]
			do := func(do func(*Tx) error, keep func(int, Txn, error) bool) {
				if err := s.Evaluate(1, []Update{{Do: do}}, keep); err != nil {
					b.Fatal(err)
				}
			}
			var txn Txn
			do(settings("prod", own), func(_ int, made Txn, _ error) bool { txn = made; return true })
			if _, err := s.Apply([]Indexed{{1, Entry{Node: 1, Seq: 1, At: 1, Txns: []Txn{txn}}}}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				do(set("prod/port", "8080"), func(_ int, _ Txn, err error) bool {
					if err != nil {
						b.Fatal(err)
					}
					return true
				})
			}
		})
	}
}
