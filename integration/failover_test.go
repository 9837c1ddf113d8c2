package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// whole reports whether the figures are to be measured and written down. Otherwise a few rounds show
// that nothing is lost, and that it is crash detection that ends the wait: on a machine that other
// tests share, single figures say little.
func whole() bool { return os.Getenv("CONFMAN_FAILOVER") == "1" }

// often is n where the figures are measured, and few elsewhere.
func often(n, few int) int {
	if whole() {
		return n
	}
	return few
}

// A figure is what was measured in one scenario, and what is promised of it.
type figure struct {
	name, unit       string // what happens, and what is measured
	took             []time.Duration
	median, p95, max time.Duration // promised; 0 for nothing
}

// Clients of the nodes that survive do not notice that the leader has gone, but for a pause: none
// of them sees an error, and whatever was acknowledged happened once.
func TestFailoverUnderLoad(t *testing.T) {
	nodes := []*node{newNode(t), newNode(t), newNode(t)}
	for _, n := range nodes {
		n.hold = "1500ms" // what it is for people
	}
	together(nodes)
	f := &failover{t: t, nodes: nodes}
	stalled := watchStalls(t)
	t.Run("kill -9", func(t *testing.T) {
		f.rounds(t, figure{name: "the leader is killed (`kill -9`)", median: 50 * time.Millisecond, p95: 150 * time.Millisecond}, often(30, 5), killed{})
	})
	t.Run("SIGSTOP", func(t *testing.T) {
		f.rounds(t, figure{name: "the leader hangs (`SIGSTOP`)", median: 300 * time.Millisecond, max: 600 * time.Millisecond}, often(30, 3), hung{})
	})
	t.Run("cut", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can cut a network")
		}
		need(t, "iptables-restore", "CONFMAN_FAILOVER")
		need(t, "ss", "CONFMAN_FAILOVER")
		f.rounds(t, figure{name: "the leader's network is cut", median: 300 * time.Millisecond, max: 600 * time.Millisecond}, often(30, 3), &cut{})
	})
	t.Run("rolling restart", f.rolling)
	f.write(stalled())
}

// failover is a cluster and what was measured on it.
type failover struct {
	t       *testing.T
	nodes   []*node
	figures []figure
	harmed  bool // a client saw an error
}

// A blow is what happens to a leader, and how it ends.
type blow interface {
	hit(t *testing.T, n *node) (at time.Time)
	heal(t *testing.T, n *node)
}

type killed struct{}

func (killed) hit(_ *testing.T, n *node) time.Time {
	at := time.Now()
	n.kill()
	return at
}

func (killed) heal(_ *testing.T, n *node) { n.start() }

type hung struct{}

func (hung) hit(t *testing.T, n *node) time.Time {
	at := time.Now()
	if err := n.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	return at
}

func (hung) heal(t *testing.T, n *node) {
	if err := n.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
}

// rounds strikes leader after leader while clients of the others write.
func (f *failover) rounds(t *testing.T, fig figure, n int, b blow) {
	for range n {
		fig.took = append(fig.took, f.round(t, b))
		t.Log(fig.took[len(fig.took)-1])
		if t.Failed() {
			f.harmed = true
			return
		}
	}
	f.add(t, fig)
}

func (f *failover) round(t *testing.T, b blow) time.Duration {
	at := leader(t, f.nodes)
	var others []*node
	for i, n := range f.nodes {
		if i != at {
			others = append(others, n)
		}
	}
	l := newWriting(t, func(i int) *redis.Client { return others[i%2].client() })
	defer l.close()
	l.resume()
	l.start()
	hit := b.hit(t, f.nodes[at])
	l.goesOn()
	acks := l.stop()
	b.heal(t, f.nodes[at])
	f.whole(t)
	return outage(acks, hit)
}

// whole waits until all nodes take part and hold one state.
func (f *failover) whole(t *testing.T) {
	for _, n := range f.nodes {
		n.eventually("it takes part", n.takesPart)
	}
	settled(t, f.nodes)
}

// resume takes note of what the writers' configs stand at.
func (l *writing) resume() {
	for _, w := range l.writers {
		total, err := w.client.Get(context.Background(), w.name).Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			l.t.Fatal(err)
		}
		w.total = total
	}
}

// add takes a figure and compares it with what is promised.
func (f *failover) add(t *testing.T, fig figure) {
	t.Logf("%s: %v", fig.name, fig.row())
	f.figures = append(f.figures, fig)
	median, p95, most := fig.median, fig.p95, fig.max
	if !whole() && median != 0 { // other tests share the machine: half a second is what none of them takes
		median, p95, most = median+500*time.Millisecond, 0, 0
	}
	for _, c := range []struct {
		what       string
		got, bound time.Duration
	}{{"median", fig.quantile(0.5), median}, {"95th percentile", fig.quantile(0.95), p95}, {"maximum", fig.quantile(1), most}} {
		if c.bound != 0 && c.got > c.bound {
			t.Errorf("%s: the %s is %v, want at most %v", fig.name, c.what, c.got, c.bound)
		}
	}
}

// A rolling restart of all nodes under load costs no client an error. Clients know all nodes, and go
// to the next one when theirs closes the connection, as an idle one: what was answered is never sent again.
func (f *failover) rolling(t *testing.T) {
	fig := figure{name: "all nodes are restarted in turn (`SIGTERM`)", unit: "slowest write of a run", median: 100 * time.Millisecond, max: 300 * time.Millisecond}
	quiet := figure{name: "nothing, for as long a time after each of these runs", unit: "slowest write of a run"}
	for range often(5, 1) {
		var took time.Duration
		slow := f.during(t, func(l *writing) {
			start := time.Now()
			for _, n := range f.nodes {
				n.end(syscall.SIGTERM)
				n.start()
				f.allTakePart(t)
				l.goesOn()
			}
			took = time.Since(start)
		})
		fig.took = append(fig.took, slow)
		if t.Failed() {
			f.harmed = true
			return
		}
		quiet.took = append(quiet.took, f.during(t, func(*writing) { <-time.After(took) }))
		t.Logf("slowest write: %v; without restarts: %v", slow, quiet.took[len(quiet.took)-1])
	}
	f.add(t, fig)
	f.add(t, quiet)
}

// during returns how long the slowest write took while something was done.
func (f *failover) during(t *testing.T, do func(*writing)) time.Duration {
	l := newWriting(t, f.anyNode)
	defer l.close()
	l.resume()
	l.start()
	do(l)
	slow := slowest(l.stop())
	f.whole(t)
	return slow
}

// allTakePart waits until all nodes take part.
func (f *failover) allTakePart(t *testing.T) {
	for _, n := range f.nodes {
		n.eventually("it takes part", n.takesPart)
	}
}

// anyNode returns a client that connects to a node of its own, or to the next that is there.
func (f *failover) anyNode(i int) *redis.Client {
	return redis.NewClient(&redis.Options{
		PoolSize: 1, ReadTimeout: 30 * time.Second,
		Dialer: func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
			for k := range f.nodes {
				var d net.Dialer
				if conn, err = d.DialContext(ctx, "tcp", f.nodes[(i+k)%len(f.nodes)].resp); err == nil {
					return conn, nil
				}
			}
			return nil, err
		},
	})
}

// A cut drops all that a node and the others send each other.
type cut struct{ rules []string }

func (c *cut) hit(t *testing.T, n *node) time.Time {
	_, port, _ := net.SplitHostPort(n.raft)
	c.rules = []string{"OUTPUT -o lo -p tcp --sport " + port + " -j DROP", "OUTPUT -o lo -p tcp --dport " + port + " -j DROP"}
	for _, conn := range connectionsOf(t, n) {
		here, there := conn[0], conn[1]
		c.rules = append(c.rules, "OUTPUT -o lo -p tcp --sport "+here+" --dport "+there+" -j DROP", "OUTPUT -o lo -p tcp --sport "+there+" --dport "+here+" -j DROP")
	}
	at := time.Now() // before the rules are there, to the disadvantage of the figure
	c.restore(t, "-I ")
	t.Cleanup(func() { c.heal(t, n) })
	return at
}

func (c *cut) heal(t *testing.T, _ *node) {
	c.restore(t, "-D ")
	c.rules = nil
}

// restore adds or removes the rules, all at once.
func (c *cut) restore(t *testing.T, verb string) {
	if len(c.rules) == 0 {
		return
	}
	cmd := exec.Command("iptables-restore", "--noflush", "--wait")
	cmd.Stdin = strings.NewReader("*filter\n" + verb + strings.Join(c.rules, "\n"+verb) + "\nCOMMIT\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("iptables-restore: %v: %s", err, out)
	}
}

// connectionsOf returns the ports of the connections that a node has made to others, its own first: the system gives one local port to
// connections of several processes, if they lead to different ones.
func connectionsOf(t *testing.T, n *node) (ports [][2]string) {
	out, err := exec.Command("ss", "-tnpH", "state", "established").Output()
	if err != nil {
		t.Fatal("ss: ", err)
	}
	_, resp, _ := net.SplitHostPort(n.resp)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.Contains(line, fmt.Sprintf("pid=%d,", n.cmd.Process.Pid)) {
			continue
		}
		_, here, _ := net.SplitHostPort(fields[2])
		if _, there, _ := net.SplitHostPort(fields[3]); here != resp {
			ports = append(ports, [2]string{here, there})
		}
	}
	return ports
}
