package resp_test

import (
	"strings"
	"testing"

	"confman/resp"
)

// Monitors see which names clients use, and neither values nor passwords.
func TestMonitorsSeeNoSecrets(t *testing.T) {
	addr := serve(t, &resp.Server{Password: "hunter2"})
	m, c := talk(t, addr), talk(t, addr)
	m.say(t, "AUTH hunter2")
	m.say(t, "MONITOR")
	for _, line := range []string{
		"AUTH hunter2", "AUTH default hunter2", "AUTH hunter2x", "HELLO 3 AUTH default hunter2", "SET prod/key hunter2", "HSET prod a hunter2 b hunter2", "MSET prod/x hunter2",
		"PUBLISH news hunter2", "GETSET prod/key hunter2", "CONFIG SET requirepass hunter2", "CONFIG SET requirepass hunter2 nosuch hunter2", "ECHO hunter2",
		"MULTI\r\nSET prod/key hunter2\r\nEXEC", "SET prod/key 1 IFEQ hunter2",
	} {
		c.until(t, line)
	}
	seen := m.say(t, "")
	if strings.Contains(seen, "hunter2") {
		t.Errorf("it sees %s", seen)
	}
	for _, want := range []string{`"AUTH" "(redacted)"`, `"SET" "prod/key" "(7 bytes)"`, `"HSET" "prod" "a" "(7 bytes)" "b" "(7 bytes)"`, `"PUBLISH" "news" "(7 bytes)"`, `"EXEC"`} {
		if !strings.Contains(seen, want) {
			t.Errorf("it does not see %s in %s", want, seen)
		}
	}
}

// A monitor that does not read is cut off, and holds up nobody.
func TestAMonitorThatDoesNotRead(t *testing.T) {
	addr := serve(t, &resp.Server{})
	deaf, c, look := talk(t, addr), talk(t, addr), dial(t, addr)
	deaf.until(t, "MONITOR")
	call := "EXISTS" + strings.Repeat(" "+strings.Repeat("n", 1000), 60)
	for range 2000 { // 120 MB
		c.until(t, call)
		if strings.Contains(do(t, look, "INFO stats"), `client_output_buffer_limit_disconnections:1\r\n`) {
			eventually(t, func() bool { return !strings.Contains(do(t, look, "CLIENT LIST"), "flags=O") })
			return
		}
	}
	t.Error("it is still there")
}
