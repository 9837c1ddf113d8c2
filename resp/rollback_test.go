package resp_test

import (
	"fmt"
	"strings"
	"testing"

	"confman/resp"
)

// What FLUSHALL has deleted by mistake is there again, however much it was.
func TestAFlushIsUndone(t *testing.T) {
	addr := serve(t, &resp.Server{AllowFlush: true})
	c := dial(t, addr)
	for i := range 50 {
		words := []string{"HSET", fmt.Sprintf("site/%d", i)}
		for j := range 60 {
			words = append(words, fmt.Sprintf("k%d", j), strings.Repeat("v", 2000))
		}
		ask(t, c, words...)
	}
	ask(t, c, "SET", "root", "1")
	before := ask(t, c, "DBSIZE")
	revision := fmt.Sprint(field(ask(t, c, "CONF", "META", "root"), "revision"))
	ask(t, c, "FLUSHALL")
	if got := ask(t, c, "DBSIZE"); got != int64(0) {
		t.Fatalf("after FLUSHALL there are %v", got)
	}
	const large = "ERR that is more than one transaction may write, which is 4 MiB: roll back in parts, with COUNT 1000, and again with AFTER what it returns until that is empty"
	if got := fmt.Sprint(ask(t, c, "CONF", "ROLLBACK", "/", "REVISION", revision, "RECURSIVE")); got != large {
		t.Errorf("%s, want %s", got, large)
	}
	parts, after := 0, ""
	for more := true; more; parts++ {
		words := []string{"CONF", "ROLLBACK", "/", "REVISION", revision, "RECURSIVE", "COUNT", "1000"}
		if after != "" {
			words = append(words, "AFTER", after)
		}
		reply, fine := ask(t, c, words...).([]resp.Reply)
		if !fine {
			t.Fatalf("%v", reply)
		}
		after = reply[0].(string)
		more = after != ""
	}
	if got := ask(t, c, "DBSIZE"); got != before || parts < 4 {
		t.Errorf("there are %v again, in %d parts, want %v", got, parts, before)
	}
	if got := ask(t, c, "GET", "site/7/k7"); got != strings.Repeat("v", 2000) {
		t.Errorf("site/7/k7 is %.20v", got)
	}
}

// A name that was a namespace and is a config now, or the other way round, goes back too.
func TestANameGoesBackToWhatItWas(t *testing.T) {
	c := dial(t, serve(t, &resp.Server{}))
	ask(t, c, "SET", "a/b", "1")
	revision := fmt.Sprint(field(ask(t, c, "CONF", "META", "a/b"), "revision"))
	ask(t, c, "DEL", "a/b")
	ask(t, c, "SET", "a", "2")
	if got := ask(t, c, "CONF", "ROLLBACK", "a", "REVISION", revision); got != int64(2) {
		t.Errorf("%v", got)
	}
	if got := fmt.Sprint(ask(t, c, "GET", "a/b"), " ", ask(t, c, "TYPE", "a")); got != "1 hash" {
		t.Errorf("%s", got)
	}
	ask(t, c, "DEL", "a/b")
	ask(t, c, "SET", "a", "2")
	if got := ask(t, c, "CONF", "ROLLBACK", "a/b", "VERSION", "1"); got != resp.Error(`WRONGTYPE "a/b" cannot be set: "a" is a config, so it cannot be a namespace too`) {
		t.Errorf("%v", got)
	}
}

// ask sends a command and returns its reply.
func ask(t testing.TB, c *resp.Client, words ...string) resp.Reply {
	t.Helper()
	reply, err := c.Do(t.Context(), words...)
	if err != nil {
		t.Fatalf("%.100q: %v", words, err)
	}
	return reply
}
