package main

import (
	"fmt"
	"reflect"
	"strings"

	"confman/resp"
)

// unpack reads a reply into what into points to: maps of names and values into structs, by the names of
// their json tags, and arrays into slices. RESP2 sends a map as an array, and true as 1. A field that the
// node does not send stays as it is, and one that nobody asks for is left out, so that a node of another
// version can be asked.
func unpack(reply resp.Reply, into any) error {
	if err := unpackValue(reply, reflect.ValueOf(into).Elem()); err != nil {
		return fmt.Errorf("the node answers %.200s: %w", resp.Format(reply), err)
	}
	return nil
}

func unpackValue(reply resp.Reply, to reflect.Value) error {
	fits := true
	switch r := reply.(type) {
	case nil, resp.NullArray:
	case string:
		fits = setText(to, r)
	case resp.Text:
		fits = setText(to, string(r))
	case resp.Status:
		fits = setText(to, string(r))
	case int64:
		fits = setNumber(to, r)
	case bool:
		if fits = to.Kind() == reflect.Bool; fits {
			to.SetBool(r)
		}
	case resp.Map:
		return unpackAll(r, to)
	case []resp.Reply:
		return unpackAll(r, to)
	default:
		fits = false
	}
	if !fits {
		return fmt.Errorf("%v is no %s", reply, to.Kind())
	}
	return nil
}

func setText(to reflect.Value, text string) bool {
	if to.Kind() != reflect.String {
		return false
	}
	to.SetString(text)
	return true
}

func setNumber(to reflect.Value, n int64) bool {
	switch {
	case to.CanInt():
		to.SetInt(n)
	case to.CanUint() && n >= 0:
		to.SetUint(uint64(n))
	case to.Kind() == reflect.Bool:
		to.SetBool(n != 0)
	default:
		return false
	}
	return true
}

// unpackAll reads the elements of an array, or the names and values of a map.
func unpackAll(all []resp.Reply, to reflect.Value) error {
	switch to.Kind() {
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), len(all), len(all)))
		for i, r := range all {
			if err := unpackValue(r, to.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		for i := 0; i+1 < len(all); i += 2 {
			name, _ := all[i].(string)
			if field := fieldNamed(to, name); field.IsValid() {
				if err := unpackValue(all[i+1], field); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		return nil
	}
	return fmt.Errorf("a list is no %s", to.Kind())
}

// fieldNamed returns the field of a struct with a json name, or the zero Value.
func fieldNamed(of reflect.Value, name string) reflect.Value {
	for i := range of.NumField() {
		tag, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ",")
		if tag == name {
			return of.Field(i)
		}
	}
	return reflect.Value{}
}
