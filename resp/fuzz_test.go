package resp_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"confman/resp"
	"confman/resp/transcript"
)

// Whatever a client sends, the server answers without an internal error, hangs up when the
// client does, and goes on serving others.
func FuzzSession(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		steps, _, err := transcript.Parse(string(text))
		if err != nil {
			f.Fatal(err)
		}
		for _, step := range steps {
			f.Add([]byte(strings.Join(step.Words, " ") + "\r\n"))
			f.Add([]byte("MULTI\r\n" + strings.Join(step.Words, " ") + "\r\nEXEC\r\nHELLO 3\r\nGET a\r\n"))
		}
	}
	f.Add([]byte("BACKUP START\r\nBACKUP READ\r\nBACKUP READ\r\nBACKUP START\r\nRESET\r\nBACKUP READ\r\n"))
	socket := filepath.Join(f.TempDir(), "resp")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		f.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	local := transcript.NewLocal()
	go func() { ended <- (&resp.Server{Node: local, Snapshot: local.Store.Snapshot}).Serve(ctx, ln) }()
	f.Cleanup(func() {
		stop()
		<-ended
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = c.Write(data) // the server may have hung up
			_ = c.(*net.UnixConn).CloseWrite()
		}()
		answer, err := io.ReadAll(c)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatalf("%q: %v", data, err)
		}
		if strings.Contains(string(answer), "internal error") {
			t.Errorf("%q: %q", data, answer)
		}
	})
}
