package validate

import (
	"errors"
	"reflect"
	"regexp"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSteps bounds what checking a document by a schema may cost. Without a bound a schema of a few
// lines takes for ever: each of its parts refers twice to the next one.
const maxSteps = 1 << 18

var errSteps = errors.New("the check takes too long")

// A meter counts what a check costs, and panics with errSteps when it is too much: the library
// has no other way out.
type meter struct{ steps int }

func (m *meter) charge(steps int) {
	if m.steps += steps; m.steps > maxSteps {
		panic(errSteps)
	}
}

// watch has each part of a schema charge the meter when a value comes to it. The place for that is
// the part's format, which is checked before anything that could lead to other parts. Only what a part
// is compared with comes before, so that is charged by the parts above it.
func (m *meter) watch(schema *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
	if seen[schema] {
		return
	}
	seen[schema] = true
	price := 1
	below(reflect.ValueOf(schema).Elem(), func(part *jsonschema.Schema) {
		if part.Enum != nil {
			price += countNodes(part.Enum.Values)
		}
		if part.Const != nil {
			price += countNodes(*part.Const)
		}
		m.watch(part, seen)
	})
	format := jsonschema.Format{Validate: func(any) error { return nil }}
	if schema.Format != nil {
		format = *schema.Format
	}
	schema.Format = &jsonschema.Format{Name: format.Name, Validate: func(v any) error {
		m.charge(price + width(v))
		if schema.UniqueItems {
			m.charge(countNodes(v))
		}
		return format.Validate(v)
	}}
}

// below visits the parts of a schema that some of its fields lead to.
func below(v reflect.Value, visit func(*jsonschema.Schema)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				below(v.Field(i), visit)
			}
		}
	case reflect.Interface:
		below(v.Elem(), visit)
	case reflect.Slice:
		for i := range v.Len() {
			below(v.Index(i), visit)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			below(it.Value(), visit)
		}
	case reflect.Pointer:
		if part, isPart := v.Interface().(*jsonschema.Schema); isPart && part != nil {
			visit(part)
		}
	}
}

func countNodes(doc any) (n int) {
	_ = eachNode(doc, 0, func(node any, _ int) error {
		s, _ := node.(string)
		n += 1 + len(s)/64
		return nil
	})
	return n
}

// width is how many values are right below this one.
func width(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	case string:
		return len(v) / 64
	}
	return 0
}

// meteredRegexp is an expression that charges for what it matches.
type meteredRegexp struct {
	*regexp.Regexp
	most  int
	meter *meter
}

func (r meteredRegexp) MatchString(s string) bool {
	if r.meter.charge(1 + len(s)*(maxMatching/r.most)/64); len(s) > r.most {
		panic(errSteps)
	}
	return r.Regexp.MatchString(s)
}
