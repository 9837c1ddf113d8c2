package main

import "strings"

// A bashWord is a word as bash hands it to completion: as it was typed.
type bashWord struct {
	plain string // without quotes and backslashes
	quote byte   // that was opened and not closed yet; 0 if none was
	from  int    // where in plain the part begins that bash puts a candidate into the place of
}

// readBash reads a word. Bash takes what follows one of the breaks for a word of its own, unless it is in
// quotes; and what follows a quote, always.
func readBash(raw, breaks string) (w bashWord) {
	var plain []byte
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case w.quote == 0 && c == '\\', w.quote == '"' && c == '\\' && i+1 < len(raw) && strings.IndexByte("$`\"\\", raw[i+1]) >= 0:
			if i++; i < len(raw) {
				plain = append(plain, raw[i])
			}
		case w.quote == 0 && (c == '"' || c == '\''):
			w.quote, w.from = c, len(plain)
		case c == w.quote:
			w.quote, w.from = 0, len(plain)
		default:
			plain = append(plain, c)
			if w.quote == 0 && strings.IndexByte(breaks, c) >= 0 {
				w.from = len(plain)
			}
		}
	}
	w.plain = string(plain)
	return w
}

// quoted writes a text so that bash reads it as it is, behind what was typed.
func (w bashWord) quoted(text string) string {
	switch w.quote {
	case '\'':
		return strings.ReplaceAll(text, "'", `'\''`)
	case '"':
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text)
	}
	var b strings.Builder
	for i, c := range text {
		if strings.ContainsRune(" \\\"'`$&|;<>(){}[]*?!^", c) || i == 0 && (c == '~' || c == '#') {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
