package main

import (
	"reflect"
	"strings"
	"testing"

	"confman/resp"
)

// packed is what the tests unpack.
type packed struct {
	Name  string   `json:"name,omitempty"`
	Count uint64   `json:"count"`
	At    instant  `json:"at"`
	On    bool     `json:"on"`
	Words []string `json:"words"`
	Parts []packed `json:"parts"`
}

// A map of RESP3 and the array that RESP2 makes of it are the same.
func TestUnpack(t *testing.T) {
	parts := func(wrap func(...resp.Reply) resp.Reply, yes resp.Reply) resp.Reply {
		return wrap("name", "a", "count", int64(3), "at", int64(5), "new", []resp.Reply{"x"}, "on", yes,
			"words", []resp.Reply{"b", "c"}, "parts", []resp.Reply{wrap("name", resp.Text("d"))})
	}
	want := packed{Name: "a", Count: 3, At: 5, On: true, Words: []string{"b", "c"}, Parts: []packed{{Name: "d"}}}
	for name, reply := range map[string]resp.Reply{
		"RESP2": parts(func(r ...resp.Reply) resp.Reply { return r }, int64(1)),
		"RESP3": parts(func(r ...resp.Reply) resp.Reply { return resp.Map(r) }, true),
	} {
		var got packed
		if err := unpack(reply, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	kept := []packed{{Name: "kept"}}
	if err := unpack([]resp.Reply{}, &kept); err != nil || len(kept) != 0 || kept == nil {
		t.Errorf("%v, %v", kept, err)
	}
	last := packed{Name: "kept"}
	if err := unpack(nil, &last); err != nil || last.Name != "kept" {
		t.Errorf("%+v, %v", last, err)
	}
}

// What does not fit says what came.
func TestUnpackWhatDoesNotFit(t *testing.T) {
	for _, reply := range []resp.Reply{
		"text", int64(1),
		[]resp.Reply{"count", "x"},
		[]resp.Reply{"count", int64(-1)},
		[]resp.Reply{"name", int64(1)},
		[]resp.Reply{"words", "x"},
		[]resp.Reply{"parts", []resp.Reply{int64(1)}},
		[]resp.Reply{"name", []resp.Reply{"a"}},
		[]resp.Reply{"on", "yes"},
		[]resp.Reply{"name", 1.5},
		[]resp.Reply{"words", []resp.Reply{int64(2)}},
	} {
		var got packed
		if err := unpack(reply, &got); err == nil || !strings.Contains(err.Error(), "the node answers") {
			t.Errorf("%v: %+v, %v", reply, got, err)
		}
	}
	var got packed
	if err := unpack([]resp.Reply{"name"}, &got); err != nil {
		t.Errorf("a name without a value: %v", err)
	}
}
