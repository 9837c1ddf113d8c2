package resp_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

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

// redis starts a real redis-server for the test. Where there is none it skips the test, or
// fails it if CONFMAN_REQUIRE_REDIS is 1.
func redis(t *testing.T) (addr string) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CONFMAN_REQUIRE_REDIS") == "1" {
			t.Fatal("redis-server is not installed, and CONFMAN_REQUIRE_REDIS=1 requires it")
		}
		t.Skip("redis-server is not installed: nothing to compare with")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	port := fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
	_ = ln.Close()
	cmd := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		c, err := resp.Dial(context.Background(), addr)
		if err == nil {
			_ = c.Close()
			return addr
		}
		<-tick.C
	}
	t.Fatal("redis-server does not answer")
	return ""
}
