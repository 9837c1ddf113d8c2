package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// misfortunes are what happens before each section of docs/operations.md, by its heading.
var misfortunes = map[string]func(*site){
	"Start a cluster":                    func(*site) {},
	"Is the cluster healthy":             (*site).cluster,
	"Back up":                            (*site).cluster,
	"Restore a backup":                   clusterGone,
	"A machine lost its disk":            diskLost,
	"The store's file is gone or old":    storeLost,
	"The raft log is gone or short":      logLost,
	"A disk was cloned or put back":      diskPutBack,
	"A node crashed over and over":       crashedOver,
	"A disk is nearly full":              diskNearlyFull,
	"A disk is full":                     diskFull,
	"A majority is lost for good":        majorityLost,
	"A restore was interrupted":          restoreInterrupted,
	"A machine has a new address":        (*site).cluster,
	"The data is of a newer version":     newerData,
	"Add a node":                         (*site).cluster,
	"Add a site without a vote":          (*site).cluster,
	"Give a node a vote, or take it":     siteWithoutVote,
	"Remove a node":                      (*site).cluster,
	"Replace a node":                     machineLost,
	"Change the timing":                  (*site).cluster,
	"Hand leadership over":               (*site).cluster,
	"Restart all nodes":                  (*site).supervised,
	"Restart nodes by hand":              (*site).cluster,
	"Is the machine fit":                 (*site).cluster,
	"What reads promise":                 (*site).cluster,
	"Follow what changes":                (*site).cluster,
	"Somebody changed the wrong thing":   (*site).cluster,
	"A change that might cut you off":    (*site).cluster,
	"Fence a namespace":                  (*site).cluster,
	"Is anybody still using this":        (*site).cluster,
	"Who did what":                       (*site).cluster,
	"Certificates":                       (*site).cluster,
	"Exchange the authority":             (*site).cluster,
	"Certificates of your own authority": ownAuthority,
	"A cluster of an earlier version":    earlierVersion,
	"Look into a file":                   (*site).cluster,
	"What is in the data directory":      (*site).cluster,
}

// must reports an error of the test's own.
func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// wipe empties a machine's data directory.
func (m *machine) wipe() {
	m.site.must(os.RemoveAll(m.dir))
	m.site.must(os.Mkdir(m.dir, 0o700))
}

// copyTo copies a directory as it is.
func (m *machine) copyTo(from, to string) {
	out, err := exec.Command("cp", "-a", from, to).CombinedOutput()
	if err != nil {
		m.site.t.Fatalf("%v: %s", err, out)
	}
}

func clusterGone(s *site) {
	s.cluster()
	s.machine("n1").types("confman backup /srv/backup/monday.db") // which prints what it is of
	s.types("n1", "confman set prod/api/timeout tuesday")
	for _, m := range s.all() {
		m.kill()
		m.wipe()
	}
}

func diskLost(s *site) {
	s.cluster()
	s.machine("n3").kill()
	s.machine("n3").wipe()
}

// storeLost founds the cluster from a backup first, because the store's file is all that n1 has of
// what was in that.
func storeLost(s *site) {
	clusterGone(s)
	s.machine("n1").types("confman restore /srv/backup/monday.db") // which prints what it is of
	s.cluster()
	m := s.machine("n1")
	m.stop()
	s.must(os.Remove(filepath.Join(m.dir, "confman.db")))
}

func logLost(s *site) {
	s.cluster()
	s.machine("n3").kill()
	s.must(os.RemoveAll(filepath.Join(s.machine("n3").dir, "raft")))
}

func diskPutBack(s *site) {
	s.cluster()
	m := s.machine("n3")
	m.stop()
	image := filepath.Join(m.root, "image")
	m.copyTo(m.dir, image)
	m.serve()
	s.types("n1", "confman set prod/api/timeout 60s")
	s.same()
	m.kill()
	s.must(os.RemoveAll(m.dir))
	m.copyTo(image, m.dir)
}

func crashedOver(s *site) {
	s.cluster()
	s.machine("n3").crashes(3)
}

// diskNearlyFull has n3's disk be one of 200 MiB, and lets something else than confman take most
// of it.
func diskNearlyFull(s *site) {
	m := s.machine("n3")
	mountSmall(s.t, m.path("/var/lib"), 200<<20)
	s.t.Cleanup(m.kill) // or the disk would be in use
	s.must(os.MkdirAll(m.dir, 0o700))
	s.must(os.MkdirAll(m.path(cores), 0o700))
	s.cluster()
	m.fill(cores+"/core.4711", 150<<20)
	m.eventually("it notices", func() bool { return m.info()["health"] == "yellow" })
}

// diskFull goes on until the ballast is gone, and there is no room left for the node.
func diskFull(s *site) {
	diskNearlyFull(s)
	m := s.machine("n3")
	m.fill(cores+"/core.4712", 25<<20)
	m.eventually("it lets go of its ballast", func() bool {
		_, err := os.Stat(filepath.Join(m.dir, "ballast"))
		return os.IsNotExist(err)
	})
	m.fill(cores+"/core.4713", 16<<20)
	m.eventually("it only reads", func() bool { return m.info()["health"] == "red" })
	s.types("n1", "until confman set prod/api/timeout 45s; do sleep 1; done")
}

// majorityLost leaves n1 alone. n2 is lost, and n3 comes back too late.
func majorityLost(s *site) {
	s.cluster()
	s.machine("n3").kill()
	s.machine("n2").kill()
	s.machine("n2").wipe()
	n1 := s.machine("n1")
	n1.eventually("it knows that it is alone", func() bool { return n1.info()["raft_leader"] == "0" })
}

// restoreInterrupted leaves what a restore leaves that loses its power before all is ready.
func restoreInterrupted(s *site) {
	clusterGone(s)
	s.must(os.Mkdir(filepath.Join(s.machine("n1").dir, "next"), 0o700))
}

func newerData(s *site) {
	s.cluster()
	m := s.machine("n3")
	m.stop()
	path := filepath.Join(m.dir, "identity.json")
	content, err := os.ReadFile(path)
	s.must(err)
	s.must(os.WriteFile(path, []byte(strings.Replace(string(content), `"format":1`, `"format":2`, 1)), 0o600))
}

func siteWithoutVote(s *site) {
	s.cluster()
	m := s.machine("n4")
	m.serve("--join", strings.TrimSpace(s.machine("n1").types("confman token --non-voter")))
	m.eventually("it has copied everything", func() bool { return m.info()["loading"] == "0" })
}

func machineLost(s *site) {
	s.cluster()
	s.machine("n3").kill()
}

// ownAuthority makes an authority as anybody has one, in whom all nodes believe.
func ownAuthority(s *site) {
	need(s.t, "openssl", "CONFMAN_REQUIRE_OPENSSL")
	s.cluster()
	s.types("n1", "mkdir /srv/backup/own && cd /srv/backup/own && "+
		"openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=an authority' -days 3650 -keyout ca.key -out ca.crt 2> /dev/null")
	for _, m := range s.all() {
		s.types(m.name, "cat /srv/backup/own/ca.crt >> /var/lib/confman/tls/ca.crt")
	}
}

// earlierVersion makes a cluster whose nodes speak plain text.
func earlierVersion(s *site) {
	for i, m := range s.all() {
		m.env = append(m.env, "CONFMAN_RAFT_TLS=off")
		if i > 0 {
			m.serve("--join", s.network+"1:6481")
		} else {
			m.serve()
		}
	}
	s.filled()
	for _, m := range s.all() {
		m.env = nil
	}
}

// mountSmall makes a directory a file system of its own, of so many bytes, until the test ends.
func mountSmall(t *testing.T, dir string, size int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.Itoa(size)); err != nil {
		t.Skipf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

// fill makes a file of so many bytes. Space that was let go of a moment ago may not be free yet.
func (m *machine) fill(path string, size int64) {
	m.site.t.Helper()
	f, err := os.Create(m.path(path))
	m.site.must(err)
	defer f.Close()
	m.eventually("there is room for "+path, func() bool { return syscall.Fallocate(int(f.Fd()), 0, 0, size) == nil })
}
