package packages

import "testing"

// What systemd and confman agree about: a UNIX socket, systemd's own listening, and settings that no other start would mend.
func TestServiceAndSystemd(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "service")
	m.boot()
	m.run("dpkg -i /root/v1.0.0.deb")
	m.serves()
	m.says("redis-cli -s /run/confman/confman.sock PING", "PONG")
	m.says("setpriv --reuid=nobody --regid=nogroup --clear-groups redis-cli -s /run/confman/confman.sock PING 2>&1 | grep -c denied", "1")

	m.run("systemctl stop confman && systemctl start confman.socket confman")
	m.serves()
	m.run("systemctl restart confman")
	m.says("redis-cli -p 6479 SET waits for", "OK") // whoever comes while it restarts

	before := m.run("systemctl show -P MainPID confman.service")
	m.says("confman restart --rolling 2>/dev/null", "1 of 1 nodes were restarted")
	m.serves()
	if after := m.run("systemctl show -P MainPID confman.service"); after == before {
		t.Error("it is the same process as before")
	}
	m.says("systemctl show -P ExecMainStatus confman.service; journalctl -u confman -o cat | grep -c 'with result .exit-code'", "0\n0")

	m.write("root/append", mistaken)
	m.run("cat /root/append >>/etc/confman/confman.yaml; ! systemctl restart confman")
	m.until("the service has given up", func() bool {
		out, _ := m.try("systemctl is-active confman.service")
		return out == "failed"
	})
	m.says("systemctl show -P ExecMainStatus confman.service; systemctl show -P NRestarts confman.service", "78\n0")
}
