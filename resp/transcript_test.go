package resp_test

import (
	"path/filepath"
	"testing"

	"confman/resp"
	"confman/resp/transcript"
)

// transcripts calls run for each transcript, as a test of its own.
func transcripts(t *testing.T, run func(t *testing.T, file string)) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { run(t, file) })
	}
}

func TestTranscriptsOnOneStore(t *testing.T) {
	transcripts(t, func(t *testing.T, file string) {
		transcript.Run(t, file, transcript.Dialing(t, serve(t, &resp.Server{Version: "0.0-test", AllowFlush: true})))
	})
}

func TestTranscriptsOnRedis(t *testing.T) {
	addr := redis(t)
	transcripts(t, func(t *testing.T, file string) {
		do(t, dial(t, addr), "FLUSHALL")
		transcript.RunRedis(t, file, transcript.Dialing(t, addr))
	})
}

func TestTranscriptsToTheByte(t *testing.T) {
	for _, protocol := range []string{"2", "3"} {
		t.Run("RESP"+protocol, func(t *testing.T) {
			addr := redis(t) // of its own: CONFIG SET stays
			transcripts(t, func(t *testing.T, file string) {
				do(t, dial(t, addr), "FLUSHALL")
				transcript.Compare(t, file, protocol, serve(t, &resp.Server{AllowFlush: true}), addr)
			})
		})
	}
}

// redis starts a real redis-server for the test.
func redis(t *testing.T) (addr string) {
	t.Helper()
	return transcript.Redis(t)
}
