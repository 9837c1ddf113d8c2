package main

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
)

// watching runs confman watch until the test ends or stop is called, which returns its exit code.
func watching(t *testing.T, line string) (shown *lockedBuffer, said *lockedBuffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	shown, said = &lockedBuffer{}, &lockedBuffer{}
	go func() { ended <- run(ctx, strings.Fields(line), nil, strings.NewReader(""), shown, said) }()
	code := -1
	stop = func() int {
		if cancel(); code < 0 {
			code = <-ended
		}
		return code
	}
	t.Cleanup(func() { stop() })
	return shown, said, stop
}

// servedAt serves a store at an address until stop is called.
func servedAt(t *testing.T, addr string, local *transcript.Local) (stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &resp.Server{Node: local}
	local.Watch(s)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// Changes are shown as they come, from now on or behind a revision; those of another namespace are not.
func TestWatch(t *testing.T) {
	local := memberStore(t) // revision 1
	addr := freeAddr(t)
	defer servedAt(t, addr, local)()
	at := " -a " + addr
	confman(t, nil, "", "set web/a 1"+at) // 2
	confman(t, nil, "", "set web/a 2"+at) // 3
	confman(t, nil, "", "set db/b 1"+at)  // 4
	all, said, stopAll := watching(t, "watch --since 1"+at)
	web, _, stopWeb := watching(t, "watch web/ --since 2 --output json"+at)
	eventually(t, "what was is shown", func() bool { return strings.Count(all.String(), "\n") == 3 && strings.Count(web.String(), "\n") == 1 })
	now, _, stopNow := watching(t, "watch --output yaml"+at)
	eventually(t, "it watches", func() bool { // nothing tells when it has begun
		confman(t, nil, "", "set db/b 2"+at)
		return strings.Contains(now.String(), "name: db/b\n")
	})
	confman(t, nil, "", "del web/a"+at)
	eventually(t, "the deletion is shown", func() bool {
		return strings.Contains(all.String(), "web/a  del\n") && strings.Contains(web.String(), `"what":"del"`) && strings.Contains(now.String(), "what: del\n")
	})
	for _, stop := range []func() int{stopAll, stopWeb, stopNow} {
		if code := stop(); code != 0 {
			t.Errorf("it ends with %d", code)
		}
	}
	first := times.ReplaceAllString(strings.Join(strings.SplitAfter(all.String(), "\n")[:3], ""), "TIME")
	if want := "2         TIME  default  web/a  set to version 1\n3         TIME  default  web/a  set to version 2\n4         TIME  default  db/b  set to version 1\n"; first != want {
		t.Errorf("%s\nwant\n%s", first, want)
	}
	lines := strings.Split(strings.TrimSpace(web.String()), "\n")
	var change struct {
		Revision, Version uint64
		Name              string
	}
	if err := json.Unmarshal([]byte(lines[0]), &change); err != nil || change.Revision != 3 || change.Version != 2 || change.Name != "web/a" {
		t.Errorf("%+v, %v", change, err)
	}
	if len(lines) != 2 || strings.Contains(now.String(), "version: 1\n") || said.String() != "" {
		t.Errorf("%q\n%s\n%s", lines, now.String(), said.String())
	}
}

// Nothing is lost when the node goes and comes back, and nothing is shown twice.
func TestWatchSurvivesARestart(t *testing.T) {
	local := memberStore(t)
	addr := freeAddr(t)
	stop := servedAt(t, addr, local)
	at := " -a " + addr
	shown, said, stopWatch := watching(t, "watch --since 1"+at)
	confman(t, nil, "", "set a 1"+at)
	eventually(t, "it is shown", func() bool { return strings.Contains(shown.String(), "a  set to version 1\n") })
	for _, value := range []string{"2", "3"} {
		stop()
		eventually(t, "it says that the node is gone", func() bool { return strings.Count(said.String(), "waiting for the node\n") > 0 })
		stop = servedAt(t, addr, local)
		confman(t, nil, "", "set a "+value+at)
		confman(t, nil, "", "set b "+value+at)
		eventually(t, "it goes on", func() bool { return strings.HasSuffix(shown.String(), "b  set to version "+string(value[0]-1)+"\n") })
	}
	defer stop()
	if code := stopWatch(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	var names []string
	for line := range strings.Lines(shown.String()) {
		names = append(names, strings.Fields(line)[3]+strings.Fields(line)[7])
	}
	if want := []string{"a1", "a2", "b1", "a3", "b2"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v\n%s", names, want, said.String())
	}
}

// What is wrong from the beginning is said, and so is that there is a gap.
func TestWatchRefused(t *testing.T) {
	addr := serveStore(t, &resp.Server{}, replication.Status{Leader: 2})
	for _, c := range []struct{ line, want string }{
		{"watch -a 127.0.0.1:1", "nobody answers at 127.0.0.1:1"},
		{"watch a//b -a " + addr, "ERR name"},
		{"watch a b -a " + addr, "usage: confman watch [NAMESPACE]"},
		{"watch --since x -a " + addr, "invalid value"},
	} {
		if got := confman(t, nil, "", c.line); !strings.Contains(got, c.want) || !strings.Contains(got, "[exit ") {
			t.Errorf("%s: %s", c.line, got)
		}
	}
}

// Whatever XREAD is answered, it is read or refused.
func TestChangesIn(t *testing.T) {
	fields := []resp.Reply{"name", "a", "op", "set", "version", "2", "by", "x", "digest", ""}
	stream := func(e ...resp.Reply) resp.Reply {
		return []resp.Reply{[]resp.Reply{"confman/changes", e}}
	}
	changes, last, err := changesIn(stream([]resp.Reply{"7-0", fields}, []resp.Reply{"7-1", fields}))
	if err != nil || last != "7-1" || len(changes) != 2 || changes[0] != (watched{Revision: 7, By: "x", Name: "a", What: "set", Version: 2}) {
		t.Errorf("%+v, %q, %v", changes, last, err)
	}
	for _, nothing := range []resp.Reply{nil, resp.NullArray{}} {
		if changes, _, err := changesIn(nothing); err != nil || len(changes) != 0 {
			t.Errorf("%v: %v, %v", nothing, changes, err)
		}
	}
	for _, wrong := range []resp.Reply{
		"x", []resp.Reply{}, stream("x"), stream([]resp.Reply{"x", fields}), stream([]resp.Reply{"7-0", "x"}), stream([]resp.Reply{"7-0", []resp.Reply{"version", "x"}}),
	} {
		if changes, _, err := changesIn(wrong); err == nil {
			t.Errorf("%v: %v", wrong, changes)
		}
	}
}
