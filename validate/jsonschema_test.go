package validate

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// held are configs by their names.
type held map[string]string

func (h held) get(name string) (string, bool) {
	text, found := h[name]
	return text, found
}

func fitting(t testing.TB, name string) *Rule {
	t.Helper()
	r, err := ParseRule("jsonschema=" + name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const limits = `{
	"type": "object",
	"properties": {"max": {"type": "integer", "minimum": 1}, "mail": {"format": "email"}, "region": {"$ref": "region"}},
	"required": ["max"],
	"additionalProperties": false
}`

func TestSchemas(t *testing.T) {
	r := fitting(t, "schemas/limits")
	schemas := held{"schemas/limits": limits, "schemas/region": `{"enum": ["eu", "us"]}`}
	for value, want := range map[string]string{
		`{"max": 5, "region": "eu"}`:   "",
		`{"max": 0}`:                   "at /max: minimum: got 0, want 1",
		`{"max": "x"}`:                 "at /max: got string, want integer",
		`{}`:                           "missing property 'max'",
		`{"max": 1, "a": 1, "b": 2}`:   "additional properties 'a', 'b' not allowed",
		`{"max": 1, "mail": "x"}`:      "at /mail: 'x' is not valid email: missing @",
		`{"max": 1, "region": "asia"}`: "at /region: value must be one of 'eu', 'us'",
		`{"max": 1} x`:                 "it is not JSON",
		``:                             "it is not JSON",
		`{"max": 1e100}`:               "it has a number that is too large",
		strings.Repeat("[", 200) + strings.Repeat("]", 200): "it is over 128 levels deep",
	} {
		v := r.Check(value, schemas.get, false)
		switch {
		case want == "" && v != nil:
			t.Errorf("%s: %+v", value, v)
		case want != "" && (v == nil || v.Expected != "JSON that fits the schema schemas/limits ("+want+")" || v.Fault != ""):
			t.Errorf("%s: %+v, want %s", value, v, want)
		}
	}
	t.Run("tell nothing of secrets", func(t *testing.T) {
		if v := r.Check(`{"max": 1, "mail": "x"}`, schemas.get, true); v == nil || v.Expected != "JSON that fits the schema schemas/limits" {
			t.Errorf("%+v", v)
		}
	})
	t.Run("are read anew when they change", func(t *testing.T) {
		schemas["schemas/region"] = `{"const": "asia"}`
		if v := r.Check(`{"max": 1, "region": "asia"}`, schemas.get, false); v != nil {
			t.Errorf("%+v", v)
		}
		delete(schemas, "schemas/region")
		if v := r.Check(`{"max": 1}`, schemas.get, false); v == nil || v.Fault != "the schema schemas/limits cannot be used: there is no config schemas/region: put the schema there" {
			t.Errorf("%+v", v)
		}
	})
}

func TestSchemasThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                               "config s: it is not JSON",
		`{"type": "int"}`:                                 "at /type: got string, want array; at /type: value must be one of ",
		`{"$ref": "http://example.org/x"}`:                "it refers to http://example.org/x, which is not fetched: put that schema into a config, and write confman:///NAME",
		`{"$ref": "file:///etc/passwd"}`:                  "it refers to file:///etc/passwd, which is not fetched",
		`{"$ref": "confman:///confman/x"}`:                `name "confman/x" is reserved`,
		`{"$ref": "#/$defs/x"}`:                           `json-pointer in "confman:///s#/$defs/x" not found`,
		`{"$ref": "/"}`:                                   `name "" is empty`,
		`{"$dynamicRef": "#x"}`:                           "config s: it has $dynamicRef, which schemas in configs do without",
		`{"$schema": "confman:///other"}`:                 "config s: its $schema is none of json-schema.org's",
		`{"pattern": "("}`:                                "at /pattern: ",
		`{"maximum": 1e999999}`:                           "config s: it has a number that is too large",
		`{"enum": [` + strings.Repeat("1,", 5000) + `1]}`: "config s: it has over 4096 parts: make it smaller",
		`{"description": "` + strings.Repeat("x", 64<<10) + `"}`: "it is over 65536 bytes, with all that it refers to: make it smaller",
	} {
		v := fitting(t, "s").Check(`1`, held{"s": text, "other": `{}`}.get, false)
		if v == nil || !strings.HasPrefix(v.Fault, "the schema s cannot be used: "+want) {
			t.Errorf("%.60s: %+v, want %s", text, v, want)
		}
	}
	if v := fitting(t, "s").Check(`1`, noSchemas, false); v == nil || v.Fault != "the schema s cannot be used: there is no config s: put the schema there" {
		t.Errorf("without a schema: %+v", v)
	}
}

// doubling is a schema of n parts of a form, each of which leads to the next one twice.
func doubling(n int, form, last string) string {
	var b strings.Builder
	b.WriteString(`{"$ref": "#/$defs/p0", "$defs": {`)
	for i := range n {
		next := fmt.Sprintf(`{"$ref": "#/$defs/p%d"}`, i+1)
		fmt.Fprintf(&b, `"p%d": %s, `, i, strings.ReplaceAll(form, "NEXT", next))
	}
	fmt.Fprintf(&b, `"p%d": %s}}`, n, last)
	return b.String()
}

// The size of a schema does not bound what it costs: its parts may lead to the same part twice.
func TestSchemasThatTakeForEver(t *testing.T) {
	deep := strings.Repeat(`{"x":`, 100) + "1" + strings.Repeat("}", 100)
	rows := strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100)
	for name, c := range map[string]struct{ schema, value string }{
		"allOf":             {doubling(100, `{"allOf": [NEXT, NEXT]}`, `true`), `1`},
		"anyOf":             {doubling(100, `{"anyOf": [NEXT, NEXT]}`, `false`), `1`},
		"oneOf":             {doubling(100, `{"oneOf": [NEXT, NEXT]}`, `{"type": "string"}`), `1`},
		"not":               {doubling(100, `{"not": {"anyOf": [NEXT, NEXT]}}`, `{"const": 2}`), `1`},
		"if":                {doubling(100, `{"if": NEXT, "then": NEXT, "else": NEXT}`, `true`), `1`},
		"dependentSchemas":  {doubling(100, `{"dependentSchemas": {"x": NEXT, "y": NEXT}}`, `{"type": "string"}`), `{"x":1,"y":1}`},
		"patternProperties": {`{"properties": {"x": {"$ref": "#"}}, "patternProperties": {"x": {"$ref": "#"}}}`, deep},
		"in not":            {`{"not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}, "patternProperties": {"x": {"$ref": "#/$defs/a"}}, "type": "object"}}}`, deep},
		"contains":          {`{"items": {"$ref": "#"}, "contains": {"$ref": "#"}}`, rows},
		"draft 7":           {strings.Replace(doubling(100, `{"allOf": [NEXT, NEXT]}`, `{"type": "string"}`), "{", `{"$schema": "http://json-schema.org/draft-07/schema#", "anyOf": [{"$ref": "#/$defs/p0"}], `, 1), `1`},
		"patterns":          {`{"items": {"pattern": "(x?){500}y"}}`, `["` + strings.Repeat(strings.Repeat("x", 1000)+`","`, 500) + `"]`},
		"enums":             {`{"items": {"allOf": [` + strings.Repeat(`{"enum": [`+strings.Repeat("1,", 100)+`1]},`, 30) + `true]}}`, `[` + strings.Repeat("2,", 100_000) + `1]`},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			v := fitting(t, "s").Check(c.value, held{"s": c.schema}.get, false)
			if v == nil || v.Fault != "the schema s takes too long on this value" {
				t.Errorf("%+v", v)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("but one as large as may be compiles", func(t *testing.T) {
		var b strings.Builder
		for i := range 1300 {
			fmt.Fprintf(&b, `"%d": {"type": "string"},`, i)
		}
		if v := fitting(t, "s").Check(`{}`, held{"s": `{"properties": {` + strings.TrimSuffix(b.String(), ",") + `}}`}.get, false); v != nil {
			t.Errorf("%+v", v)
		}
	})
}

func TestExpressionsThatTakeForEver(t *testing.T) {
	r, err := ParseRule(`regexp=(x?){900}y`)
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Check(strings.Repeat("x", 1<<20), noSchemas, false); v == nil || v.Expected != "text that matches (x?){900}y" {
		t.Errorf("%+v", v)
	}
	if v := r.Check(strings.Repeat("x", 900)+"y", noSchemas, false); v != nil {
		t.Errorf("%+v", v)
	}
}

func TestSchemasAreSafeForSeveral(t *testing.T) {
	r := fitting(t, "s")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			schemas := held{"s": fmt.Sprintf(`{"const": %d}`, i%2)}
			for range 50 {
				if v := r.Check(fmt.Sprint(i%2), schemas.get, false); v != nil {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	all.Wait()
}
