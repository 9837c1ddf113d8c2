package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An instant is a time in milliseconds since 1970, as nodes tell it; zero is none. People see it in
// their own time.
type instant int64

// instantLayout is RFC 3339 to the millisecond: what is shown can be given to --at.
const instantLayout = "2006-01-02T15:04:05.000Z07:00"

func (m instant) String() string {
	if m == 0 {
		return ""
	}
	return time.UnixMilli(int64(m)).Format(instantLayout)
}

// MarshalJSON writes null for no time.
func (m instant) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(m.String())
}

// MarshalYAML does as MarshalJSON.
func (m instant) MarshalYAML() (any, error) {
	if m == 0 {
		return nil, nil
	}
	return m.String(), nil
}

// instantNamed reads what --at takes: a time, or how long ago it was.
func instantNamed(text string, now time.Time) (instant, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return instant(t.UnixMilli()), nil
	}
	ago, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 {
		return 0, failure{exitUsage, fmt.Errorf("--at %q: write a time such as 2026-03-01T15:04:05Z, or how long ago it was, such as 2h or 7d", text)}
	}
	return instant(now.Add(-ago).UnixMilli()), nil
}

// word is the instant as commands take it.
func (m instant) word() string { return strconv.FormatInt(int64(m), 10) }
