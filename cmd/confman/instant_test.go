package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// Times are shown as the clock on the wall has them, which differs from machine to machine, and so
// would the columns of the stories. For tests that need a process of its own, this program is confman.
func TestMain(m *testing.M) {
	if os.Getenv(beConfman) != "" {
		main()
	}
	time.Local = time.UTC
	os.Exit(m.Run())
}

func TestInstantNamed(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-02-01T10:00:00Z":           "2026-02-01T10:00:00.000Z",
		"2026-02-01T10:00:00.123+02:00":  "2026-02-01T08:00:00.123Z",
		"2h":                             "2026-03-01T10:00:00.000Z",
		"1h30m":                          "2026-03-01T10:30:00.000Z",
		"0s":                             "2026-03-01T12:00:00.000Z",
		"7d":                             "2026-02-22T12:00:00.000Z",
		"-2h":                            "",
		"-1d":                            "",
		"d":                              "",
		"2":                              "",
		"":                               "",
		"yesterday":                      "",
		"2026-02-01":                     "",
		"99999999999999999999d":          "",
		"2026-02-01T10:00:00.123456789Z": "2026-02-01T10:00:00.123Z",
	} {
		got, err := instantNamed(text, now)
		if (err != nil) != (want == "") || got.String() != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
		if again, err := instantNamed(got.String(), now); got != 0 && (err != nil || again != got) {
			t.Errorf("%q is shown as %s, which is %s, %v", text, got, again, err)
		}
	}
}

func TestInstantsInJSON(t *testing.T) {
	got, err := json.Marshal([]instant{0, 1_790_000_000_001})
	if want := `[null,"2026-09-21T14:13:20.001Z"]`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
