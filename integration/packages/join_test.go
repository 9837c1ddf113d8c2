package packages

import (
	"strings"
	"testing"
)

// A machine that has got the package becomes a member of a cluster with one command, which loses nothing that somebody has
// written there meanwhile.
func TestJoinOnAMachine(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "join")
	m.boot()
	m.run("dpkg -i /root/v1.0.0.deb")
	m.run("systemd-run --quiet --unit=founder confman serve --data-dir /root/founder --resp-addr 127.0.0.1:7479 --raft-addr 127.0.0.1:7481 --http-addr 127.0.0.1:7480")
	token := ""
	m.until("the founder's node gives a token", func() bool {
		out, err := m.try("confman token --addr 127.0.0.1:7479")
		token = out
		return err == nil
	})

	m.serves() // and somebody has written something
	m.says("confman join "+token+" >/root/said 2>&1; echo $?; grep -c 'configs of its own' /root/said", "4\n1")
	m.reads("prod/api/timeout", "30s")

	if out := m.run("confman join --discard-data " + token); !strings.Contains(out, "has everything, as a voter") {
		t.Errorf("it says %q", out)
	}
	m.run("redis-cli -p 7479 SET from/the founder")
	m.until("what is written there is here", func() bool {
		out, _ := m.try("redis-cli -p 6479 GET from/the")
		return out == "founder"
	})
	m.says("redis-cli -p 6479 EXISTS prod/api/timeout", "0")
	m.says("ls -d /var/lib/confman/before-joining-* | wc -l", "1")
	m.says("find /var/lib/confman ! -user confman; find /etc/confman /var/lib/confman -perm /o=rwx ! -type l", "")
	m.says("stat -c '%U:%G %a' /etc/confman/confman.yaml", "root:confman 640")
	m.run("systemctl restart confman")
	m.reads("from/the", "founder")
}
