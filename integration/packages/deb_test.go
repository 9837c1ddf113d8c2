package packages

import (
	"strings"
	"testing"
)

// A deb from its installation to its purge, on one machine, as its administrator goes along.
func TestDebOnAMachine(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "deb")
	m.boot()
	m.run("dpkg -i /root/v1.0.0.deb")
	m.serves()
	m.runsVersion("v1.0.0")
	m.isHarmless()
	m.says("systemctl is-enabled confman confman.socket", "enabled\ndisabled")

	m.keepsSettingsAndData("dpkg -i /root/v1.1.0.deb", "v1.1.0")
	m.goesOnWithMistakenSettings("dpkg -i /root/v1.0.0.deb", "v1.1.0", "v1.0.0")
	m.staysDisabled("dpkg -i /root/v1.1.0.deb")
	m.run("systemctl stop confman && dpkg -i /root/v1.0.0.deb") // somebody is at work here
	m.says("systemctl is-active confman", "inactive")
	m.run("systemctl start confman")
	m.serves()
	m.comesBack()

	m.run("redis-cli -p 6479 SET kept/over removal && dpkg -r confman")
	m.says("systemctl is-active confman; test -e /usr/bin/confman || echo gone; redis-cli -p 6479 PING 2>&1 | grep -c refused", "inactive\ngone\n1")
	m.run("dpkg -i /root/v1.1.0.deb")
	m.serves()
	m.reads("kept/over", "removal")
	m.says("redis-cli -p 6479 CONFIG GET maxclients | tail -n 1", "77")

	m.run("dpkg -P confman")
	m.says("ls -d /etc/confman /var/lib/confman /usr/bin/confman /run/confman /etc/systemd/system/*/confman* 2>/dev/null", "")
	if out := m.run("dpkg -l confman 2>/dev/null | grep confman || true"); strings.Contains(out, "ii") {
		t.Errorf("dpkg still knows it: %s", out)
	}
}

// Where settings with a mistake were left behind, a new installation says so, and dpkg is content.
func TestDebOverMistakenSettings(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "mistaken")
	m.write("etc/confman/confman.yaml", mistaken)
	m.boot()
	out := m.run("dpkg -i --force-confold /root/v1.0.0.deb")
	if !strings.Contains(out, "it was not started: mend what is said above") {
		t.Errorf("it says:\n%s", out)
	}
	m.says("dpkg-query -Wf '${Status}' confman; systemctl is-active confman", "install ok installedinactive")
	m.run("echo >/etc/confman/confman.yaml; systemctl start confman")
	m.serves()
}

// Images are made in chroots: nothing runs there, and all is prepared for when it does.
func TestDebInAChroot(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "chroot")
	m.run("dpkg -i /root/v1.0.0.deb")
	m.says("stat -c '%U:%G %a' /etc/confman /etc/confman/confman.yaml", "root:confman 750\nroot:confman 640")
	m.run("test -L /etc/systemd/system/multi-user.target.wants/confman.service")
	m.run("dpkg -i /root/v1.1.0.deb && confman config check")
	m.boot()
	m.serves()
	m.runsVersion("v1.1.0")
	m.cut()
	m.run("dpkg -P confman")
	m.says("ls -d /etc/confman /var/lib/confman 2>/dev/null", "")
}

// In a container there may be no systemd at all.
func TestDebWithoutSystemd(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "bare")
	m.run("dpkg -P --force-depends --force-remove-essential systemd-sysv systemd dbus dbus-system-bus-common dbus-session-bus-common 2>&1; rm -f /bin/systemctl /usr/bin/systemd-*")
	m.run("! command -v systemctl && ! command -v systemd-run")
	m.run("dpkg -i /root/v1.0.0.deb && dpkg -i /root/v1.1.0.deb && confman version")
	m.run("dpkg -r confman && dpkg -i /root/v1.0.0.deb && dpkg -P confman")
}
