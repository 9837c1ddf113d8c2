package packages

import (
	"fmt"
	"strings"
)

// mistaken are settings that do not parse.
const mistaken = "max_clients: [many\n"

// serves waits until the node takes writes.
func (m *machine) serves() {
	m.t.Helper()
	m.until("the node takes writes", func() bool {
		out, _ := m.try("redis-cli -p 6479 SET prod/api/timeout 30s")
		return out == "OK"
	})
}

// reads waits until the node answers, and checks that it has what it had.
func (m *machine) reads(name, want string) {
	m.t.Helper()
	m.until("the node answers", func() bool {
		out, _ := m.try("redis-cli -p 6479 PING")
		return out == "PONG"
	})
	m.says("redis-cli -p 6479 GET "+name, want)
}

func (m *machine) pid() string {
	m.t.Helper()
	pid := m.run("systemctl show -P MainPID confman")
	if pid == "0" {
		m.t.Fatalf("the service does not run\n%s", m.journal())
	}
	return pid
}

// runsVersion waits until the node that answers is of a version.
func (m *machine) runsVersion(version string) {
	m.t.Helper()
	m.until("version "+version+" runs", func() bool {
		out, _ := m.try("redis-cli -p 6479 INFO confman")
		return strings.Contains(out, "confman_version:"+version+"\r")
	})
}

// isHarmless checks what a fresh installation must not do to a machine.
func (m *machine) isHarmless() {
	m.t.Helper()
	m.says("ps -o user= -p "+m.pid(), "confman")
	for line := range strings.Lines(m.run("ss -Hltnu")) {
		at := strings.Fields(line)[4]
		if !strings.HasPrefix(at, "127.0.0.1:") && !strings.HasPrefix(at, "[::1]:") {
			m.t.Errorf("something listens at %s", at)
		}
	}
	if out := m.run("ss -Hltn | wc -l"); out == "0" {
		m.t.Error("nothing listens, or ss does not tell")
	}
	m.says("find /etc/confman /var/lib/confman -perm /o=rwx ! -type l", "")
	m.says("stat -c '%U:%G %a' /etc/confman /etc/confman/confman.yaml /var/lib/confman", "root:confman 750\nroot:confman 640\nconfman:confman 700")
	m.says("setpriv --reuid=nobody --regid=nogroup --clear-groups cat /etc/confman/confman.yaml 2>&1 | grep -c denied", "1")
}

// keepsSettingsAndData checks an upgrade of a machine whose administrator has changed the settings.
func (m *machine) keepsSettingsAndData(upgrade, version string) {
	m.t.Helper()
	before := m.pid()
	m.run("echo 'max_clients: 77' >>/etc/confman/confman.yaml && redis-cli -p 6479 SET kept/over upgrade")
	m.run(upgrade)
	m.runsVersion(version)
	if m.pid() == before {
		m.t.Error("the old process still runs")
	}
	m.reads("kept/over", "upgrade")
	m.says("redis-cli -p 6479 CONFIG GET maxclients | tail -n 1", "77")
	m.says("stat -c '%U:%G %a' /etc/confman/confman.yaml", "root:confman 640")
}

// goesOnWithMistakenSettings checks an upgrade that must not restart: version is what runs, and goes on running.
func (m *machine) goesOnWithMistakenSettings(upgrade, version, next string) {
	m.t.Helper()
	before := m.pid()
	m.run("cp -p /etc/confman/confman.yaml /root/good.yaml")
	m.run(fmt.Sprintf("printf '%s' >>/etc/confman/confman.yaml", strings.ReplaceAll(mistaken, "\n", `\n`)))
	out := m.run(upgrade)
	for _, want := range []string{"it was not restarted, and goes on as before", "confman.yaml", "systemctl restart confman"} {
		if !strings.Contains(out, want) {
			m.t.Errorf("the upgrade does not say %q but:\n%s", want, out)
		}
	}
	if m.pid() != before {
		m.t.Error("the old process was stopped")
	}
	m.runsVersion(version)
	m.serves()
	m.run("cp -p /root/good.yaml /etc/confman/confman.yaml && systemctl restart confman")
	m.runsVersion(next)
}

// staysDisabled checks an upgrade of a service that the administrator does not want.
func (m *machine) staysDisabled(upgrade string) {
	m.t.Helper()
	m.run("systemctl disable --now confman")
	m.run(upgrade)
	m.says("systemctl is-enabled confman", "disabled")
	m.says("systemctl is-active confman", "inactive")
	m.run("systemctl enable --now confman")
	m.serves()
}

// comesBack checks that neither a crash nor a power cut needs anybody.
func (m *machine) comesBack() {
	m.t.Helper()
	before := m.pid()
	m.run("redis-cli -p 6479 SET kept/over crash")
	m.run("systemctl kill --kill-whom=main --signal=KILL confman")
	m.until("another process runs", func() bool {
		now, _ := m.try("systemctl show -P MainPID confman")
		return now != "0" && now != before
	})
	m.serves()
	m.reads("kept/over", "crash")

	m.run("redis-cli -p 6479 SET kept/over powercut")
	m.cut()
	m.boot()
	m.serves()
	m.reads("kept/over", "powercut")
}
