package resp_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"confman/resp"
	"confman/resp/transcript"
)

// refusedOnly are the commands that transcripts have answered with errors only, and why.
var refusedOnly = map[string]string{
	"shutdown":        "it would end the server",
	"member|restart":  "it would end the server",
	"latency|graph":   "it has no samples unless a command took long",
	"config|rewrite":  "the servers of transcripts have no settings file",
	"client|tracking": "REDIRECT takes the number of another client, which transcripts do not know",
}

// Every command and every option of it is answered in a transcript, and not only with an error.
func TestTranscriptsHaveEveryOption(t *testing.T) {
	missing := options(t)
	transcripts(t, func(t *testing.T, file string) {
		steps, _, err := transcript.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			name := strings.ToLower(step.Words[0])
			if missing[name] == nil && len(step.Words) > 1 {
				name += "|" + strings.ToLower(step.Words[1])
			}
			o := missing[name]
			if refused := strings.HasPrefix(step.Want[0], "(error) ") && refusedOnly[name] == ""; o == nil || refused {
				continue // o is nil for confman's own
			}
			o.seen = true
			for _, w := range step.Words[1:] {
				delete(o.tokens, strings.ToUpper(w))
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		switch o := missing[name]; {
		case !o.seen:
			t.Errorf("%s stands in no transcript", name)
		case len(o.tokens) > 0:
			t.Errorf("%s stands in no transcript with %q", name, slices.Sorted(maps.Keys(o.tokens)))
		}
	}
}

// unseen are the options of a command that no transcript has had yet.
type unseen struct {
	tokens map[string]bool
	seen   bool // the command itself
}

// options returns the options of all commands that Redis has too, by the names of commands.
func options(t *testing.T) map[string]*unseen {
	t.Helper()
	reply, err := dial(t, serve(t, &resp.Server{})).Do(context.Background(), "COMMAND", "DOCS")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*unseen{}
	var add func(docs resp.Reply)
	add = func(docs resp.Reply) {
		pairs, _ := docs.([]resp.Reply)
		for i := 0; i+1 < len(pairs); i += 2 {
			name := pairs[i].(string)
			if subs := field(pairs[i+1], "subcommands"); subs != nil {
				add(subs)
			} else if !ownName(name) {
				all[name] = &unseen{tokens: map[string]bool{}}
				addTokens(all[name].tokens, field(pairs[i+1], "arguments"))
			}
		}
	}
	add(reply)
	return all
}

func addTokens(tokens map[string]bool, args resp.Reply) {
	all, _ := args.([]resp.Reply)
	for _, a := range all {
		if token, given := field(a, "token").(string); given {
			tokens[token] = true
		}
		addTokens(tokens, field(a, "arguments"))
	}
}
