package integration

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A site is three machines n1, n2 and n3, with the loopback addresses 127.0.0.1 to 127.0.0.3, and others
// when they are named. In truth they are directories, and addresses of 127.0.0.0/8 that nobody else uses: what is typed and
// what is printed is translated.
type site struct {
	t        *testing.T
	dir      string
	network  string // "127.64.1."
	machines map[string]*machine
	token    string // that was printed last, for who copies it to another machine
}

// A machine is one of a site's, with the node that is its service.
type machine struct {
	*node
	site       *site
	name, root string
}

const (
	shared = "/srv/backup"               // a directory that all machines have
	cores  = "/var/lib/systemd/coredump" // what fills disks
)

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), network: freeNetwork(t), machines: map[string]*machine{}}
	s.write("bin/sleep", "#!/bin/sh\nexec /bin/sleep 0.05\n") // who waits here is not a person
	s.write("bin/journalctl", "#!/bin/sh\nfor last; do :; done\ncase $last in cat) last=+1;; esac\nexec tail -n $last \"$JOURNAL\"\n")
	if err := os.Symlink(binary, filepath.Join(s.dir, "bin/confman")); err != nil {
		t.Fatal(err)
	}
	s.write("backup/.keep", "")
	for _, name := range []string{"n1", "n2", "n3"} {
		s.machines[name] = s.newMachine(name)
	}
	return s
}

// freeNetwork returns three numbers of four with which addresses begin that nobody listens at.
func freeNetwork(t *testing.T) string {
	t.Helper()
	for i := range 64 {
		network := fmt.Sprintf("127.%d.%d.", 64+i, os.Getpid()%256)
		ln, err := net.Listen("tcp", network+"1:6479")
		if err == nil {
			_ = ln.Close() // the next one opens it
			return network
		}
	}
	t.Fatal("there is no free address")
	return ""
}

func (s *site) newMachine(name string) *machine {
	m := &machine{site: s, name: name, root: filepath.Join(s.dir, name)}
	m.node = &node{t: s.t, dir: m.path("/var/lib/confman"), log: &output{}}
	addr := "127.0.0." + strings.TrimPrefix(name, "n")
	m.write("/etc/confman/environment", m.really(fmt.Sprintf(
		"CONFMAN_DATA_DIR=/var/lib/confman\nCONFMAN_RESP_ADDR=%s:6479\nCONFMAN_RAFT_ADDR=%s:6481\nCONFMAN_PROFILE=lan\n", addr, addr)))
	m.write("/var/log/confman", "")
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		m.kill()
		if journal, err := os.ReadFile(m.path("/var/log/confman")); s.t.Failed() && err == nil {
			s.t.Logf("what %s printed:\n%s", name, journal)
		}
	})
	return m
}

// write writes a program of the site.
func (s *site) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// machine returns a machine by its name. One that is named for the first time is new.
func (s *site) machine(name string) *machine {
	s.t.Helper()
	if s.machines[name] == nil {
		s.machines[name] = s.newMachine(name)
	}
	return s.machines[name]
}

// all returns the three machines that are there from the beginning.
func (s *site) all() []*machine {
	return []*machine{s.machines["n1"], s.machines["n2"], s.machines["n3"]}
}

// cluster starts a node on each machine, and has them hold something.
func (s *site) cluster() {
	s.t.Helper()
	for i, m := range s.all() {
		if i > 0 {
			m.serve("--join", strings.TrimSpace(s.machines["n1"].types("confman token")))
		} else {
			m.serve()
		}
	}
	s.filled()
}

// filled waits until all three nodes vote, and has them hold something.
func (s *site) filled() {
	s.t.Helper()
	for _, m := range s.all() {
		m.eventually("it knows three voters", func() bool { return m.info()["raft_voters"] == "3" })
	}
	s.types("n1", "confman set prod/api/timeout 30s && confman set prod/api/retries 3")
	s.same()
}

// same waits until all nodes that run stand at one revision.
func (s *site) same() {
	s.t.Helper()
	var up []*node
	for _, m := range s.all() {
		if m.cmd != nil {
			up = append(up, m.node)
		}
	}
	settled(s.t, up)
}

// types types a line that must print nothing.
func (s *site) types(name, line string) {
	s.t.Helper()
	if printed := s.machine(name).types(line); printed != "" {
		s.t.Fatalf("%s$ %s\nprints\n%s", name, line, printed)
	}
}

// path is where a file of the machine really is.
func (m *machine) path(path string) string { return filepath.Join(m.root, path) }

// write writes a file of the machine.
func (m *machine) write(path, content string) {
	m.site.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(path)), 0o700); err != nil {
		m.site.t.Fatal(err)
	}
	if err := os.WriteFile(m.path(path), []byte(content), 0o600); err != nil {
		m.site.t.Fatal(err)
	}
}

// folders are where the machines' files are that a session names.
func (m *machine) folders() []string {
	return []string{
		"/var/lib/confman", m.dir, cores, m.path(cores), "/etc/confman", m.path("/etc/confman"),
		shared, filepath.Join(m.site.dir, "backup"), "127.0.0.", m.site.network,
	}
}

// really translates what is typed, and shown what is printed.
func (m *machine) really(text string) string {
	return strings.NewReplacer(m.folders()...).Replace(text)
}

func (m *machine) shown(text string) string {
	pairs := m.folders()
	for i := 0; i < len(pairs); i += 2 {
		pairs[i], pairs[i+1] = pairs[i+1], pairs[i]
	}
	return strings.NewReplacer(pairs...).Replace(strings.ReplaceAll(text, "\r", ""))
}

// environ is the environment of the machine's service and its shells.
func (m *machine) environ() []string {
	content, err := os.ReadFile(m.path("/etc/confman/environment"))
	if err != nil {
		m.site.t.Fatal(err)
	}
	own := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "CONFMAN_") })
	all := append(own, "CONFMAN_HTTP_ADDR=0", "CONFMAN_WRITE_HOLD=3s",
		"JOURNAL="+m.path("/var/log/confman"), "PATH="+filepath.Join(m.site.dir, "bin")+":"+os.Getenv("PATH"))
	return append(append(all, strings.Fields(string(content))...), m.env...)
}

// aToken is how the document writes a token, which nobody could read: the one that was printed last.
const aToken = "confman1.eyJ..."

var printedToken = regexp.MustCompile(`confman1\.[\w-]+`)

// types types a line and returns what is printed.
func (m *machine) types(line string) string {
	m.site.t.Helper()
	line = strings.ReplaceAll(line, aToken, m.site.token)
	if words := strings.Fields(line); words[0] == "systemctl" {
		return m.systemctl(words[1:])
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", m.really(line))
	cmd.Env, cmd.Dir = m.environ(), m.root
	cmd.WaitDelay = time.Second
	out, _ := cmd.CombinedOutput() // what went wrong is printed
	if ctx.Err() != nil {
		m.site.t.Errorf("%s$ %s: takes over a minute", m.name, line)
	}
	printed := m.shown(string(out))
	if token := printedToken.FindString(printed); token != "" {
		m.site.token = token
	}
	if printed != "" && !strings.HasSuffix(printed, "\n") {
		printed += "\n" // get adds one for a terminal alone
	}
	return printed
}

// systemctl does to the machine's node what systemd would.
func (m *machine) systemctl(words []string) string {
	m.site.t.Helper()
	switch strings.Join(words, " ") {
	case "start confman":
		m.serve()
	case "stop confman":
		m.stop()
	case "restart confman":
		m.stop()
		m.serve()
	case "show confman -p ExecMainStatus":
		m.eventually("its end", m.ended)
		return fmt.Sprintf("ExecMainStatus=%d\n", m.cmd.ProcessState.ExitCode())
	default:
		m.site.t.Fatalf("systemctl %q is not known here", words)
	}
	return ""
}

// serve starts the machine's node, and waits until it answers or has ended.
func (m *machine) serve(flags ...string) {
	m.site.t.Helper()
	if m.cmd != nil && !m.ended() {
		m.site.t.Fatalf("%s runs already", m.name)
	}
	journal, err := os.OpenFile(m.path("/var/log/confman"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		m.site.t.Fatal(err)
	}
	defer journal.Close()
	m.cmd = exec.Command(binary, append([]string{"serve"}, flags...)...)
	m.cmd.Env, m.cmd.Stdout, m.cmd.Stderr = m.environ(), journal, journal
	for _, pair := range m.cmd.Env {
		if addr, found := strings.CutPrefix(pair, "CONFMAN_RESP_ADDR="); found {
			m.resp = addr
		}
	}
	if err := m.cmd.Start(); err != nil {
		m.site.t.Fatal(err)
	}
	m.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // how it ended the test asks the process
		close(exited)
	}(m.cmd, m.exited)
	m.eventually("it answers, or ends", func() bool { return m.ended() || m.info()["node_id"] != "" })
}

func (m *machine) ended() bool {
	select {
	case <-m.exited:
		return true
	default:
		return false
	}
}

// crashes has the node die as of a mistake in its memory, and be started again, n times.
func (m *machine) crashes(n int) {
	m.site.t.Helper()
	for range n {
		m.end(syscall.SIGSEGV)
		m.serve()
	}
}
