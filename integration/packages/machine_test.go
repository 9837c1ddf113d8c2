package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/integration/ground"

	"golang.org/x/sys/unix"
)

// scratch is where everything of this run is; main removes it.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "confman-packages-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		return ground.Main(m)
	}())
}

var debian struct {
	once sync.Once
	root string // what all machines share, and none changes
	err  error
}

// needMachines skips the test where no machine can be booted, or fails it where that is required.
func needMachines(t *testing.T) {
	t.Helper()
	why := ""
	if os.Geteuid() != 0 {
		why = "machines are booted by root alone"
	}
	for _, tool := range []string{"mmdebstrap", "systemd-nspawn", "nsenter", "make"} {
		if _, err := exec.LookPath(tool); err != nil {
			why = tool + " is not installed"
		}
	}
	if why == "" && exec.Command("unshare", "--mount", "--pid", "--uts", "--fork", "true").Run() != nil {
		why = "no namespaces can be made here"
	}
	if why == "" && cgroups() == "" {
		why = "there are no control groups here that systemd could have"
	}
	switch {
	case why == "":
	case os.Getenv("CONFMAN_REQUIRE_SYSTEMD") == "1":
		t.Fatal(why + ", and CONFMAN_REQUIRE_SYSTEMD=1 requires it")
	default:
		t.Skip(why)
	}
}

// cgroups is the directory of the control groups that a systemd takes for itself.
func cgroups() string {
	for _, dir := range []string{"/sys/fs/cgroup/systemd", "/sys/fs/cgroup"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err != nil {
			continue
		}
		if probe, err := os.MkdirTemp(dir, "confman-probe-"); err == nil {
			_ = os.Remove(probe) // it is empty
			return dir
		}
	}
	return ""
}

// bootstrap makes a small Debian once for all tests. CONFMAN_ROOTFS may name a tar of one, from a run before.
func bootstrap(t *testing.T) string {
	t.Helper()
	debian.once.Do(func() {
		debian.root = filepath.Join(scratch, "debian")
		tar := os.Getenv("CONFMAN_ROOTFS")
		cmd := exec.Command("mmdebstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,redis-tools,rpm,procps,iproute2", "bookworm", debian.root)
		if tar != "" {
			if debian.err = os.Mkdir(debian.root, 0o755); debian.err != nil {
				return
			}
			cmd = exec.Command("tar", "-C", debian.root, "-xf", tar)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			debian.err = fmt.Errorf("%v\n%s", err, out)
		}
	})
	if debian.err != nil {
		t.Fatal(debian.err)
	}
	return debian.root
}

// A machine is a Debian of its own, which runs or not.
type machine struct {
	t       *testing.T
	name    string
	root    string
	nspawn  *exec.Cmd
	console bytes.Buffer
	init    string // the process that is its first
	shares  bool   // the network of this machine
}

// newMachine makes a machine with the packages of both releases in its /root. It does not run.
func newMachine(t *testing.T, name string) *machine {
	t.Helper()
	needMachines(t)
	old, new := bothReleases(t)
	base, dir := bootstrap(t), t.TempDir()
	m := &machine{t: t, name: name, root: filepath.Join(dir, "root")}
	for _, d := range []string{m.root, filepath.Join(dir, "upper"), filepath.Join(dir, "work")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", base, dir, dir)
	if err := unix.Mount("overlay", m.root, "overlay", 0, layers); err != nil {
		t.Fatalf("mount an overlay: %v", err)
	}
	t.Cleanup(func() {
		m.cut()
		if err := unix.Unmount(m.root, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	for _, r := range []release{old, new} {
		m.copyIn(r.deb, "root/"+r.version+".deb")
		m.copyIn(r.rpm, "root/"+r.version+".rpm")
	}
	return m
}

func (m *machine) copyIn(from, to string) {
	m.t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(to, string(content))
}

func (m *machine) write(path, content string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// boot starts the machine, in a control group of its own, and waits until it has booted.
func (m *machine) boot() {
	m.t.Helper()
	group := filepath.Join(cgroups(), fmt.Sprintf("confman-%s-%d", m.name, os.Getpid()))
	if err := os.MkdirAll(group, 0o755); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { removeGroup(group) })
	m.nspawn = exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs"; exec "$@"`, group,
		"systemd-nspawn", "--quiet", "--boot", "--directory="+m.root, "--machine="+m.name, "--register=no", "--keep-unit",
		"--link-journal=no", "--console=pipe")
	if !m.shares {
		m.nspawn.Args = append(m.nspawn.Args, "--private-network")
	}
	m.nspawn.Stdout, m.nspawn.Stderr = &m.console, &m.console
	m.nspawn.WaitDelay = 5 * time.Second
	if err := m.nspawn.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.until("the machine has booted", func() bool {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", m.nspawn.Process.Pid, m.nspawn.Process.Pid))
		if m.init = strings.TrimSpace(string(children)); err != nil || m.init == "" || strings.Contains(m.init, " ") {
			return false
		}
		out, _ := m.try("systemctl is-system-running --wait")
		return strings.Contains(out, "running") || strings.Contains(out, "degraded")
	})
}

// removeGroup removes a control group and those in it, which must be empty by then.
func removeGroup(dir string) {
	below, _ := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs"))
	for _, procs := range below {
		removeGroup(filepath.Dir(procs))
	}
	_ = os.Remove(dir) // what does not go was not made here, and takes no room
}

// cut takes the machine's power.
func (m *machine) cut() {
	m.t.Helper()
	if m.nspawn == nil {
		return
	}
	if m.init != "" {
		_ = exec.Command("kill", "-9", m.init).Run() // and with it everything in the machine
	} else {
		_ = m.nspawn.Process.Kill()
	}
	_ = m.nspawn.Wait() // it says that it was killed
	m.nspawn, m.init = nil, ""
	if m.t.Failed() {
		m.t.Logf("the machine's console:\n%s", m.console.String())
	}
}

// try runs a command on the machine: where it runs, as one of its processes, else in a chroot. It returns what was printed.
func (m *machine) try(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := []string{"chroot", m.root}
	if m.init != "" {
		args = []string{"nsenter", "--all", "--target", m.init}
	}
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], "sh", "-c", command)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "PAGER=cat"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run runs a command that must succeed.
func (m *machine) run(command string) string {
	m.t.Helper()
	out, err := m.try(command)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s\n%s", command, err, out, m.journal())
	}
	return out
}

// says checks what a command prints, whether it succeeds or not.
func (m *machine) says(command, want string) {
	m.t.Helper()
	if out, err := m.try(command); out != want {
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			m.t.Fatal(err)
		}
		m.t.Fatalf("%s\nsays   %q\nwanted %q\n%s", command, out, want, m.journal())
	}
}

func (m *machine) journal() string {
	if m.init == "" {
		return ""
	}
	out, _ := m.try("journalctl --no-pager -o cat -u confman -n 15")
	return out
}

// until waits for what has to come.
func (m *machine) until(what string, come func() bool) {
	m.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(40 * time.Second)
	for !come() {
		select {
		case <-tick.C:
		case <-deadline:
			m.t.Fatalf("waited in vain: %s\n%s\n%s", what, m.journal(), m.console.String())
		}
	}
}
