package promises

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/integration/ground"
)

// An entry is a line of a log, by what makes it the same as another: all but its time, and numbers.
type entry struct {
	at   time.Time
	same string
}

var (
	stamped = regexp.MustCompile(`^time=(\S+) (.*)$`)
	digits  = regexp.MustCompile(`\d+(\.\d+)?`)
	port    = regexp.MustCompile(`:\d{4,5}\b`)
	address = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`)
)

// entriesOf reads what a node has logged. What has no time is said once at the start, or at the end.
func entriesOf(log string) (all []entry) {
	for line := range strings.Lines(log) {
		m := stamped.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		at, err := time.Parse(time.RFC3339, m[1])
		if err != nil {
			continue
		}
		peers := address.FindAllString(m[2], -1) // who it is about counts
		same := digits.ReplaceAllString(port.ReplaceAllString(address.ReplaceAllString(m[2], "ADDRESS"), ""), "N")
		all = append(all, entry{at, same + " " + strings.Join(peers, " ")})
	}
	return all
}

// noise returns the lines that a log has twice within a minute, from some time on.
func noise(log string, from time.Time) (wrong []string) {
	last := map[string]time.Time{}
	for _, e := range entriesOf(log) {
		if e.at.Before(from) {
			continue
		}
		before, again := last[e.same]
		last[e.same] = e.at
		if again && e.at.Sub(before) < 59*time.Second {
			wrong = append(wrong, fmt.Sprintf("%v behind the one before: %s", e.at.Sub(before), e.same))
		}
	}
	return wrong
}

// A trouble is a fault that lasts, on a cluster of its own, and what clients do meanwhile.
type trouble struct {
	what  string
	nodes int
	disk  int64
	fault string // that the ground must have; empty for none
	begin func(hosts []*ground.Host)
	// client does something again and again, a few times a second.
	client func(hosts []*ground.Host, n int)
}

// writesAt has a client write and read at each node, and something expire.
func writesAt(hosts []*ground.Host, n int) {
	for _, h := range hosts {
		if h.Running() {
			_, _ = asks(h, []any{"SET", fmt.Sprint("calm/", h.Name), n, "PX", 1000}, []any{"GET", "calm/" + h.Name}) // it may be alone
		}
	}
}

func troubles(g *ground.Ground) []trouble {
	return []trouble{
		{what: "a node is down", nodes: 3, begin: func(n []*ground.Host) { n[2].Kill() }, client: writesAt},
		{what: "two nodes of three are down", nodes: 3, begin: func(n []*ground.Host) { n[2].Kill(); n[1].Kill() }, client: writesAt},
		{what: "a node hangs", nodes: 3, begin: func(n []*ground.Host) { n[2].Pause() }, client: func(n []*ground.Host, i int) { writesAt(n[:2], i) }},
		{what: "a node is cut off", nodes: 3, fault: ground.Cut, begin: func(n []*ground.Host) { g.Isolate(n[2]) }, client: writesAt},
		{what: "a disk is full", nodes: 2, disk: 96 << 20, fault: ground.Full, begin: func([]*ground.Host) {}, client: func(n []*ground.Host, i int) {
			if left := []int64{12 << 20, 6 << 20, 2 << 20, 1 << 20}; i%8 == 0 && i/8 < len(left) { // slowly, as disks do
				n[1].FillDisk(left[i/8])
			}
			writesAt(n, i)
		}},
		{what: "a disk is slow", nodes: 3, fault: ground.Slow, begin: func(n []*ground.Host) { n[2].SlowDisk(500 * time.Millisecond) }, client: writesAt},
		{what: "clients misbehave", nodes: 1, begin: func([]*ground.Host) {}, client: misbehave},
	}
}

// misbehave sends to each of a node's ports what does not belong there.
func misbehave(hosts []*ground.Host, n int) {
	all := []string{
		"GET /index.html HTTP/1.1\r\nHost: here\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on",
		"*1000000\r\n", "*2\r\n$-5\r\n", "\x00\x01\x02\x03\r\n\r\n", "*1\r\n$4\r\nAUTH\r\n", "*3\r\n$4\r\nAUTH\r\n$1\r\nx\r\n$1\r\ny\r\n",
		"*2\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n", "*1\r\n$6\r\nNOSUCH\r\n", "",
	}
	for _, addr := range []string{hosts[0].Addr, hosts[0].Raft} {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		_, _ = conn.Write([]byte(all[n%len(all)])) // it may hang up
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = conn.Read(make([]byte, 100))
		_ = conn.Close()
	}
}

// endure has the trouble, which has begun, last for a while, and returns what its nodes have logged too often.
func (tr trouble) endure(t *testing.T, hosts []*ground.Host, lasting time.Duration) (wrong []string) {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for n := 0; time.Since(began) < lasting; n++ {
		tr.client(hosts, n)
		<-tick.C
	}
	for _, h := range hosts {
		for _, v := range noise(h.Log(), began) {
			wrong = append(wrong, tr.what+": "+h.Name+": "+v)
		}
		t.Logf("%s: %s has logged %d lines", tr.what, h.Name, len(entriesOf(h.Log())))
	}
	return wrong
}

// While a fault lasts no node logs the same more than once a minute: who looks for what has happened finds it, and
// no log fills a disk.
func TestTheLogIsQuiet(t *testing.T) {
	t.Parallel()
	lasting := 70 * time.Second
	if os.Getenv("CONFMAN_SOAK") != "" {
		lasting = 10 * time.Minute
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var wrong []string
	for i := range troubles(nil) {
		g := newGround(t)
		tr := troubles(g)[i]
		if tr.fault != "" && g.Can(tr.fault) != nil {
			t.Logf("%s: %v", tr.what, g.Can(tr.fault))
			continue
		}
		g.Disk = tr.disk
		hosts := g.Found(tr.nodes)
		tr.begin(hosts)
		all.Go(func() {
			found := tr.endure(t, hosts, lasting)
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, found...)
		})
	}
	all.Wait()
	holds(t, wrong)

	const line = `time=2026-01-02T03:04:%02d.678Z level=WARN msg="no answer" from=10.0.0.%d:%d error="after 2.%ds"` + "\n"
	noticed(t, "a line comes every twenty seconds", noise(fmt.Sprintf(line, 5, 1, 40001, 1)+fmt.Sprintf(line, 25, 1, 40002, 7), time.Time{}))
	if two := noise(fmt.Sprintf(line, 5, 1, 40001, 1)+fmt.Sprintf(line, 25, 2, 40002, 7), time.Time{}); len(two) > 0 {
		t.Errorf("what two nodes do is not one thing: %q", two)
	}
}
