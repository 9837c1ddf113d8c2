package resp

import (
	"fmt"
	"strconv"
	"strings"
)

// Format prints a reply as redis-cli does on a terminal, without the line's end.
func Format(r Reply) string { return format(r, "") }

func format(r Reply, indent string) string {
	switch r := r.(type) {
	case nil, NullArray:
		return "(nil)"
	case error:
		return "(error) " + r.Error()
	case Status:
		return string(r)
	case Text:
		return strings.TrimSuffix(string(r), "\n")
	case string:
		return quoted(r)
	case int64:
		return "(integer) " + strconv.FormatInt(r, 10)
	case float64:
		return "(double) " + formatFloat(r)
	case bool:
		if r {
			return "(true)"
		}
		return "(false)"
	case []Reply:
		return formatAll(r, indent, ")", "(empty array)")
	case Set:
		return formatAll(r, indent, "~", "(empty set)")
	case Push:
		return formatAll(r, indent, ")", "(empty push)")
	case Map:
		return formatMap(r, indent)
	}
	return fmt.Sprintf("(unknown) %v", r)
}

// formatAll numbers elements; those behind the first stand below it.
func formatAll(all []Reply, indent, mark, empty string) string {
	if len(all) == 0 {
		return empty
	}
	width := len(strconv.Itoa(len(all)))
	inner := indent + strings.Repeat(" ", width+2)
	lines := make([]string, len(all))
	for i, r := range all {
		lines[i] = fmt.Sprintf("%*d%s %s", width, i+1, mark, format(r, inner))
	}
	return strings.Join(lines, "\n"+indent)
}

func formatMap(m Map, indent string) string {
	if len(m) == 0 {
		return "(empty hash)"
	}
	width := len(strconv.Itoa(len(m) / 2))
	inner := indent + strings.Repeat(" ", width+2)
	lines := make([]string, 0, len(m)/2)
	for i := 0; i+1 < len(m); i += 2 {
		lines = append(lines, fmt.Sprintf("%*d# %s => %s", width, i/2+1, format(m[i], inner), format(m[i+1], inner)))
	}
	return strings.Join(lines, "\n"+indent)
}

// quoted shows a string in quotes, with escapes for what is not plain ASCII.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch {
		case c == '\\' || c == '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case escapes[c] != 0:
			b.WriteByte('\\')
			b.WriteByte(escapes[c])
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\x%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var escapes = map[byte]byte{'\n': 'n', '\r': 'r', '\t': 't', '\a': 'a', '\b': 'b'}
