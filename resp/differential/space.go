package differential

import "slices"

// A Space holds the names that commands are about, few enough to meet again. None is ever both
// a config and a namespace: no name is another one with a field behind it.
type Space struct {
	Strings, Hashes, Either []string // by what they mostly are; any may become anything
	Paths                   bool     // whether some names have slashes
	fields                  []string
}

// NewSpace returns names that begin with a prefix, with or without paths among them.
func NewSpace(prefix string, paths bool) Space {
	s := Space{
		Strings: []string{"s1", "s2", "s 3"}, Hashes: []string{"h1", "h2", "h:3"}, Either: []string{"e1", "é2"},
		Paths: paths, fields: []string{"f1", "f2", "f3", "field 4", "ü", "6", "f*"},
	}
	if paths {
		s.Strings = []string{"s1", "p/q/r", "p/q/s", "p/t"}
	}
	for _, names := range [][]string{s.Strings, s.Hashes, s.Either} {
		for i := range names {
			names[i] = prefix + names[i]
		}
	}
	return s
}

// All returns all names.
func (s Space) All() []string { return slices.Concat(s.Strings, s.Hashes, s.Either) }
