package validate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxName bounds a config's full name, in bytes.
const MaxName = 1024

// System is the first segment of the names that confman keeps for itself.
const System = "confman"

// Name checks a config's full name, such as "prod/api/timeout".
func Name(name string) error {
	if reserved(name) {
		return fmt.Errorf("name %s is reserved: names below %s/ belong to the system", quote(name), System)
	}
	return path("name", name)
}

// reserved reports whether a name belongs to the system.
func reserved[T string | []byte](name T) bool {
	return len(name) >= len(System) && string(name[:len(System)]) == System && (len(name) == len(System) || name[len(System)] == '/')
}

// Namespace checks a namespace as hash commands write it; "/" is the root.
func Namespace(name string) error {
	if name == "/" {
		return nil
	}
	return Name(name)
}

// Key checks the last segment of a name, which is a field of its namespace.
func Key(key string) error {
	if strings.Contains(key, "/") {
		return fmt.Errorf("field %s contains a slash: put what stands before its last slash into the key, as in HSET %s %s VALUE",
			quote(key), quote("prod/"+key[:strings.LastIndexByte(key, '/')]), quote(key[strings.LastIndexByte(key, '/')+1:]))
	}
	return path("field", key)
}

// Value checks a value's size against a limit in bytes.
func Value(value string, limit int) error { return Size(len(value), limit) }

// Size checks the size that a value would have.
func Size(size, limit int) error {
	if size > limit {
		return fmt.Errorf("value of %d bytes is over the limit of %d bytes (setting max_value)", size, limit)
	}
	return nil
}

// path checks what all names have in common; what says which kind it is.
func path(what, name string) error {
	if problem := fault(name); problem != nil {
		return fmt.Errorf("%s %s %w", what, quote(name), problem)
	}
	return nil
}

var (
	errEmpty   = errors.New("is empty: give it at least one character")
	errLong    = fmt.Errorf("is over %d bytes: shorten it", MaxName)
	errUTF8    = errors.New("is not valid UTF-8")
	errControl = errors.New("contains a control character")
	errLeading = errors.New("begins with a slash: leave it out")
	errEnding  = errors.New("ends with a slash: leave it out")
	errSegment = errors.New("has an empty segment: write one slash, not two")
)

func fault(name string) error {
	switch {
	case name == "":
		return errEmpty
	case len(name) > MaxName:
		return errLong
	case !utf8.ValidString(name):
		return errUTF8
	case strings.ContainsFunc(name, control):
		return errControl
	case name[0] == '/':
		return errLeading
	case name[len(name)-1] == '/':
		return errEnding
	case strings.Contains(name, "//"):
		return errSegment
	}
	return nil
}

// PlainName reports whether a name is one that [Name] takes, as far as it is of printable ASCII characters. It says no more of
// other names, and allocates nothing.
func PlainName(name []byte) bool {
	last := byte('/')
	for _, c := range name {
		if c < ' ' || c > '~' || c == '/' && last == '/' {
			return false
		}
		last = c
	}
	return last != '/' && len(name) <= MaxName && !reserved(name)
}

func control(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// quote shows a name in an error, cut short so that the error stays a line.
func quote(name string) string {
	const most = 64
	if len(name) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(name[:most], ""))
	}
	return fmt.Sprintf("%q", name)
}
