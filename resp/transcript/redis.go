package transcript

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"confman/resp"
)

// Redis starts a real redis-server for the test. Where there is none it skips the test, or
// fails it if CONFMAN_REQUIRE_REDIS is 1.
func Redis(t *testing.T) (addr string) {
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
	cmd.Stdout = io.Discard // a pipe: Wait waits for who holds it, too, such as a child that saves into the folder
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
