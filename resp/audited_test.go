package resp

import (
	"slices"
	"strings"
	"testing"
)

// Every command of operators is noted for the audit, or it is said why not.
func TestEveryCommandOfOperatorsIsNoted(t *testing.T) {
	byName := newTable().byName
	for name, c := range byName {
		if c.Flags&Admin != 0 && c.Do != nil && c.acts() == (unaudited[name] != "") {
			t.Errorf("%s: noted %v, and a reason why not %q", name, c.acts(), unaudited[name])
		}
	}
	for name := range unaudited {
		if c := byName[name]; c == nil || c.Flags&Admin == 0 {
			t.Errorf("%s is no command of operators", name)
		}
	}
	for _, name := range []string{"config|set", "client|kill", "shutdown", "member|lead", "member|remove", "member|restart", "backup|start", "monitor"} {
		if !byName[name].acts() {
			t.Errorf("%s is not noted", name)
		}
	}
}

// What is shown of an operator's call holds no values.
func TestDeeds(t *testing.T) {
	s := &session{server: &Server{}}
	s.server.init()
	for line, want := range map[string]string{
		"CONFIG SET requirepass hunter2":               "CONFIG SET requirepass",
		"config set maxclients 7 requirepass two here": "CONFIG SET maxclients requirepass (redacted)",
		"CLIENT KILL ID 7":                             "CLIENT KILL ID 7",
		"MEMBER REMOVE 3 FORCE":                        "MEMBER REMOVE 3 FORCE",
		"CLIENT KILL x y z":                            "CLIENT KILL (1 bytes) (1 bytes) (1 bytes)",
		"MEMBER PROFILE " + strings.Repeat("x", 1000):  "MEMBER PROFILE " + strings.Repeat("x", maxAct-18) + "...",
	} {
		words := strings.Fields(line)
		cmd, err := s.server.table.find(words)
		if err != nil {
			t.Fatal(err)
		}
		c := &Call{Command: cmd, Args: words[cmd.depth():], words: words, session: s}
		if got := c.deed(); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
		if slices.Compare(c.words, words) != 0 {
			t.Errorf("%s was changed", line)
		}
	}
}
