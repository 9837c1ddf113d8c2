package packages

import "testing"

// Debian's rpm wants to be told that it is meant, and knows nothing of what dpkg has installed.
const (
	rpmInstall = "rpm --force-debian --nodeps --nosignature -i "
	rpmUpgrade = "rpm --force-debian --nodeps --nosignature -U --oldpackage "
	rpmErase   = "rpm --force-debian --nodeps -e confman"
)

// An rpm from its installation to its removal. The scripts see what they see on a machine of rpm: only the program that
// runs them is older than what most of these have.
func TestRPMOnAMachine(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "rpm")
	m.boot()
	m.run(rpmInstall + "/root/v1.0.0.rpm")
	m.serves()
	m.runsVersion("v1.0.0")
	m.isHarmless()
	m.says("systemctl is-enabled confman confman.socket", "enabled\ndisabled")

	m.keepsSettingsAndData(rpmUpgrade+"/root/v1.1.0.rpm", "v1.1.0")
	m.goesOnWithMistakenSettings(rpmUpgrade+"/root/v1.0.0.rpm", "v1.1.0", "v1.0.0")
	m.staysDisabled(rpmUpgrade + "/root/v1.1.0.rpm")
	m.comesBack()

	m.run("redis-cli -p 6479 SET kept/over removal")
	m.run(rpmErase)
	m.says("systemctl is-active confman; ls /usr/bin/confman /etc/confman 2>/dev/null", "inactive\n/etc/confman:\nconfman.yaml.rpmsave")
	m.run("mv /etc/confman/confman.yaml.rpmsave /etc/confman/confman.yaml")
	m.run(rpmInstall + "/root/v1.1.0.rpm")
	m.serves()
	m.reads("kept/over", "removal")
}

func TestRPMInAChroot(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "rpmchroot")
	m.run(rpmInstall + "/root/v1.0.0.rpm")
	m.says("stat -c '%U:%G %a' /etc/confman /etc/confman/confman.yaml", "root:confman 750\nroot:confman 640")
	m.run("test -L /etc/systemd/system/multi-user.target.wants/confman.service")
	m.run(rpmUpgrade + "/root/v1.1.0.rpm")
	m.boot()
	m.serves()
	m.runsVersion("v1.1.0")
	m.cut()
	m.run(rpmErase)
	m.says("find /etc/systemd/system/ -name 'confman.service'", "")
}
