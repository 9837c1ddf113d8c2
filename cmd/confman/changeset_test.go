package main

import (
	"strings"
	"testing"
	"time"

	"confman/resp"
)

// say sends one line over a connection and returns the answer as redis-cli shows it.
func say(t *testing.T, c *resp.Client, line string) string {
	t.Helper()
	reply, err := c.Do(t.Context(), strings.Fields(line)...)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return resp.Format(reply)
}

func dialMember(t *testing.T, m *member) *resp.Client {
	t.Helper()
	c, err := resp.Dial(t.Context(), m.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Somebody changes what the machines are reached by, and cuts themselves off: nobody confirms, and after two
// seconds all nodes have what was there before, and tell who followed them. The second try is confirmed on another
// node than the one on which it was made.
func TestARolloutThatNobodyConfirms(t *testing.T) {
	nodes := threeMembers(t)
	a, b, c := dialMember(t, nodes[0]), dialMember(t, nodes[1]), dialMember(t, nodes[2])
	say(t, a, "HSET net/uplink gateway 10.0.0.1 mtu 1500")
	rollOut := func(seconds string) (revision string) {
		for _, line := range []string{"MULTI", "HSET net/uplink gateway 10.0.0.99 vlan 7", "HDEL net/uplink mtu", "CONF CONFIRM " + seconds} {
			say(t, b, line)
		}
		answer := say(t, b, "EXEC")
		_, revision, _ = strings.Cut(answer, "3) (integer) ")
		if revision == "" || say(t, b, "CONF REVISION") != "(integer) "+revision {
			t.Fatalf("EXEC answers %s", answer)
		}
		return revision
	}
	is := func(want string) func() bool {
		return func() bool {
			for _, client := range []*resp.Client{a, b, c} {
				if strings.ReplaceAll(say(t, client, "HMGET net/uplink gateway mtu vlan"), "\n", " ") != want {
					return false
				}
			}
			return true
		}
	}
	const before, after = `1) "10.0.0.1" 2) "1500" 3) (nil)`, `1) "10.0.0.99" 2) (nil) 3) "7"`

	began := time.Now()
	bad := rollOut("2")
	eventually(t, "it is rolled out", is(after))
	eventually(t, "it is taken back", is(before))
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("it was taken back after %v", took)
	}
	if told := say(t, c, "XREVRANGE confman/changes/net/uplink + - COUNT 3"); strings.Count(told, `"system"`) != 3 {
		t.Errorf("of its way back it is told:\n%s", told)
	}
	if got := say(t, c, "CONF CONFIRMED "+bad); !strings.HasPrefix(got, "(error) NOCONFIRM ") {
		t.Errorf("confirmed too late: %s", got)
	}

	good := rollOut("3600")
	eventually(t, "the others know of it", func() bool { return strings.Contains(say(t, a, "CONF PENDING"), "(integer) "+good) })
	if got := say(t, a, "CONF CONFIRMED "+good); got != "OK" {
		t.Error(got)
	}
	settled(t, nodes)
	if !is(after)() || say(t, c, "CONF PENDING") != "(empty array)" {
		t.Error("what was confirmed is not there")
	}
}
