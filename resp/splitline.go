package resp

import (
	"errors"
	"strconv"
	"strings"
)

// errQuotes says that a line ends within quotes, or goes on right behind them.
var errQuotes = errors.New("unbalanced quotes")

// SplitLine splits a line into words as redis-cli and Redis's inline commands do: words in
// double quotes may hold spaces and \n \r \t \b \a \xHH, those in single quotes hold
// everything as it is but \'.
func SplitLine(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r\n\v\f\x00")
		if line == "" {
			return words, nil
		}
		var word []byte
		for line != "" && !endsWord(line[0]) {
			if quote := line[0]; quote == '"' || quote == '\'' {
				if word, line, err = unquote(word, line[1:], quote); err != nil {
					return nil, err
				}
				break
			}
			word, line = append(word, line[0]), line[1:]
		}
		words = append(words, string(word))
	}
}

// unquote appends what stands up to the closing quote, behind which a word ends.
func unquote(word []byte, s string, quote byte) (unquoted []byte, rest string, err error) {
	for s != "" {
		switch {
		case s[0] == quote:
			if s = s[1:]; s != "" && !isSpace(s[0]) {
				return nil, "", errQuotes
			}
			return word, s, nil
		case s[0] == '\\' && len(s) > 1 && quote == '"':
			word, s = unescape(word, s[1:])
		case strings.HasPrefix(s, `\'`):
			word, s = append(word, '\''), s[2:]
		default:
			word, s = append(word, s[0]), s[1:]
		}
	}
	return nil, "", errQuotes
}

// unescape appends the character that stands behind a backslash.
func unescape(word []byte, s string) (unescaped []byte, rest string) {
	if s[0] == 'x' && len(s) > 2 {
		if c, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return append(word, byte(c)), s[3:]
		}
	}
	c := s[0]
	for escaped, letter := range escapes {
		if letter == c {
			c = escaped
		}
	}
	return append(word, c), s[1:]
}

// endsWord reports whether a byte ends a word without quotes: not all that may stand between words does.
func endsWord(c byte) bool { return c != '\v' && c != '\f' && isSpace(c) }

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n\v\f\x00", c) >= 0 }
