package resp_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"confman/resp"
)

// However many browsers knock, nothing of what they send is done, they get no answer, and the log has a
// line a minute.
func TestBrowsersAreHungUpOn(t *testing.T) {
	var log bytes.Buffer
	node := newSpy()
	addr, stop := start(t, &resp.Server{Node: node, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 20 {
		for _, request := range []string{
			"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n",
			"GET /a HTTP/1.0\r\n\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			"host: x\r\nSET a 1\r\n",
		} {
			if got := raw(t, addr, request); got != "" {
				t.Errorf("%q: %q", request, got)
			}
		}
		if got := raw(t, addr, "*x\r\n"); got != "-ERR Protocol error: invalid multibulk length\r\n" {
			t.Errorf("a broken client: %q", got)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := node.took(); took != "" {
		t.Errorf("browsers' requests took %s", took)
	}
	if n := strings.Count(log.String(), "speaks HTTP"); n != 1 || strings.Count(log.String(), "\n") != 2 {
		t.Errorf("the log has %d lines about browsers:\n%s", n, log.String())
	}
}
