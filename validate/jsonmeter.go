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
// the part's format, which is checked before anything that could lead to other parts.
func (m *meter) watch(v reflect.Value, seen map[*jsonschema.Schema]bool) {
	switch v.Kind() {
	case reflect.Interface:
		m.watch(v.Elem(), seen)
	case reflect.Slice:
		for i := range v.Len() {
			m.watch(v.Index(i), seen)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			m.watch(it.Value(), seen)
		}
	case reflect.Pointer:
		schema, isSchema := v.Interface().(*jsonschema.Schema)
		if !isSchema || schema == nil || seen[schema] {
			return
		}
		seen[schema] = true
		parts := v.Elem()
		for i := range parts.NumField() {
			if parts.Type().Field(i).IsExported() {
				m.watch(parts.Field(i), seen)
			}
		}
		m.meter(schema)
	}
}

// meter puts the charge in front of a part's format.
func (m *meter) meter(schema *jsonschema.Schema) {
	format, price := schema.Format, 1+listsOf(schema)
	metered := jsonschema.Format{Name: "", Validate: func(v any) error {
		m.charge(price + width(v))
		if schema.UniqueItems {
			m.charge(countNodes(v))
		}
		if format != nil {
			return format.Validate(v)
		}
		return nil
	}}
	if format != nil {
		metered.Name = format.Name
	}
	schema.Format = &metered
}

// listsOf tells what the values cost that parts right below this one compare with: they are compared before
// the part's own charge.
func listsOf(schema *jsonschema.Schema) (n int) {
	below := reflect.ValueOf(schema).Elem()
	for i := range below.NumField() {
		if below.Type().Field(i).IsExported() {
			n += compared(below.Field(i))
		}
	}
	return n
}

// compared is what the parts in one field of a schema compare with.
func compared(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Interface:
		return compared(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			n += compared(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			n += compared(it.Value())
		}
	case reflect.Pointer:
		if schema, isSchema := v.Interface().(*jsonschema.Schema); isSchema && schema != nil {
			if schema.Enum != nil {
				n += countNodes(schema.Enum.Values)
			}
			if schema.Const != nil {
				n += countNodes(*schema.Const)
			}
		}
	}
	return n
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
