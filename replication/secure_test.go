package replication

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"confman/replication/certs"

	pb "github.com/lni/dragonboat/v4/raftpb"
)

// newAuthority makes an authority.
func newAuthority(t *testing.T) certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// keysOf are the certificates that an authority issues for a host of a cluster.
func keysOf(t *testing.T, a certs.Authority, c clusterID, host string) *certs.Keyring {
	t.Helper()
	folder, id := certs.Folder(filepath.Join(t.TempDir(), "tls")), certs.Identity{Cluster: c.String(), Host: host}
	if err := folder.Certify(a, id, time.Now()); err != nil {
		t.Fatal(err)
	}
	keys, err := certs.Open(folder, id, time.Now, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// tapped is a connection of which somebody reads along.
type tapped struct {
	net.Conn
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (c tapped) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.b.Write(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// What nodes say to each other nobody on the way can read, batches and snapshots alike, and its bytes
// are counted.
func TestWhatNodesSayIsSecret(t *testing.T) {
	var a table
	ca := newAuthority(t)
	var mu sync.Mutex
	var wiretap bytes.Buffer
	tap := func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := dialTCP(ctx, addr)
		return tapped{conn, &mu, &wiretap}, err
	}
	one := startWire(t, &a, &transport{host: hostA, keys: keysOf(t, ca, testCluster, hostA), dial: tap})
	two := startWire(t, &a, &transport{host: hostB, keys: keysOf(t, ca, testCluster, hostB)})
	secret := []byte("the launch code is 0000")
	batch := one.batch(1)
	batch.Requests[0].Entries = []pb.Entry{{Cmd: bytes.Repeat(secret, 1<<16)}}
	if err := one.link(t, hostB).SendMessageBatch(batch); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, two.got).Requests[0].Entries[0].Cmd; !bytes.Contains(got, secret) {
		t.Error("it did not arrive")
	}
	snapshot, err := one.GetSnapshotConnection(t.Context(), hostB)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	two.take <- true
	if err := snapshot.SendChunk(pb.Chunk{ShardID: 1, ReplicaID: 2, From: 1, ChunkCount: 2, Data: secret}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if bytes.Contains(wiretap.Bytes(), secret) || bytes.Contains(wiretap.Bytes(), []byte(`"confman"`)) || wiretap.Len() < 1<<20 {
		t.Errorf("%d bytes on the wire, and they can be read", wiretap.Len())
	}
	sent, received := one.peers.traffic(hostB).sent.Load(), two.peers.traffic(hostA).received.Load()
	if sent != int64(wiretap.Len()) || received < sent-16 {
		t.Errorf("%d bytes on the wire, counted as %d sent and %d received", wiretap.Len(), sent, received)
	}
}

// Nobody is believed to be a host that he has not proved to be.
func TestOnlyWhatIsProvedIsBelieved(t *testing.T) {
	var a table
	ca := newAuthority(t)
	one := startWire(t, &a, &transport{host: hostA, keys: keysOf(t, ca, testCluster, hostA)})
	two := startWire(t, &a, &transport{host: hostB, keys: keysOf(t, ca, testCluster, hostB)})
	asHost := func(h string) hello {
		return hello{Kind: kindRaft, Cluster: testCluster, Host: h, Addr: "10.0.0.7:6481"}
	}
	for name, c := range map[string]struct {
		keys *certs.Keyring
		says hello
		want string
	}{
		"in another's name":    {keysOf(t, ca, testCluster, hostC), asHost(hostA), "its certificate is of host " + hostC},
		"of another cluster":   {keysOf(t, ca, 1, hostC), asHost(hostC), "its certificate is of host " + hostC + " of cluster 0000000000000001"},
		"of another authority": {keysOf(t, newAuthority(t), testCluster, hostC), asHost(hostC), "tls: "},
		"nobody":               {nil, asHost(hostC), "has shown no certificate"},
		"nobody, for a key":    {nil, hello{Kind: kindKey, Cluster: testCluster, Host: hostC, Addr: "10.0.0.7:6481"}, "has shown no certificate"},
		"nobody, to return":    {nil, hello{Kind: kindReturn, Cluster: testCluster, Host: hostC, Addr: "10.0.0.7:6481"}, "has shown no certificate"},
		"nobody, to join":      {nil, hello{Kind: kindJoin}, "admits nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			how := certs.Joining(testCluster.String(), certs.Fingerprint(ca.Cert), time.Now)
			if c.keys != nil {
				how.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					return &c.keys.Anybody().Certificates[0], nil
				}
			}
			conn, err := tls.Dial("tcp", two.addr, how)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			line, err := c.says.line()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Write(line) // it may be closed by now
			answer, err := io.ReadAll(conn)
			if got := string(answer) + errText(err); !strings.Contains(got, c.want) {
				t.Errorf("answered %q, want %q", got, c.want)
			}
		})
	}
	for _, words := range []string{"GET / HTTP/1.1\r\n\r\n", "*1\r\n$4\r\nPING\r\n"} {
		if got := say(t, two.addr, []byte(words)); !strings.Contains(got, "clients use the RESP or HTTP port") {
			t.Errorf("%q is answered with %q", words, got)
		}
	}
	if line, err := (hello{Kind: kindJoin}).line(); err != nil || !strings.Contains(say(t, two.addr, line), "needs a token") {
		t.Error("who asks in plain text to join is not told how")
	}
	if len(two.got) > 0 {
		t.Error("something reached dragonboat")
	}
	delivered(t, one, one.link(t, hostB), two)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A node does not send to who is not the host it means, and a host that is reached as somebody else gets
// nothing.
func TestTheWrongHostGetsNothing(t *testing.T) {
	var a table
	ca := newAuthority(t)
	one := startWire(t, &a, &transport{host: hostA, keys: keysOf(t, ca, testCluster, hostA)})
	two := startWire(t, &a, &transport{host: hostB, keys: keysOf(t, ca, testCluster, hostB)})
	three := startWire(t, &a, &transport{host: hostC, keys: keysOf(t, ca, testCluster, hostC)})
	one.book.learn(hostB, three.addr)
	delivered(t, one, one.link(t, hostB), two) // the members know its address
	if len(three.got) > 0 {
		t.Error("the wrong host got the message")
	}
}

// Handshakes go on side by side: who says nothing holds up nobody.
func TestSilentConnectionsHoldUpNobody(t *testing.T) {
	var a table
	ca := newAuthority(t)
	one := startWire(t, &a, &transport{host: hostA, keys: keysOf(t, ca, testCluster, hostA)})
	two := startWire(t, &a, &transport{host: hostB, keys: keysOf(t, ca, testCluster, hostB)})
	for range 50 {
		conn, err := net.Dial("tcp", two.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte{recordHandshake}); err != nil {
			t.Fatal(err)
		}
	}
	if took := delivered(t, one, one.link(t, hostB), two); took > two.helloTime/2 {
		t.Errorf("a node got through after %v", took)
	}
}

// Who has no certificates speaks only to his own machine.
func TestPlainTextIsForLoopback(t *testing.T) {
	var a table
	one := startWire(t, &a, &transport{host: hostA})
	line, err := (hello{Kind: kindRaft, Cluster: testCluster, Host: hostC, Addr: "10.0.0.7:6481"}).line()
	if err != nil {
		t.Fatal(err)
	}
	if got := say(t, one.addr, line); !strings.Contains(got, "takes loopback addresses only") {
		t.Errorf("answered %q", got)
	}
	keys := keysOf(t, newAuthority(t), testCluster, hostB)
	two := startWire(t, &a, &transport{host: hostB, keys: keys})
	if _, err := two.connect(t.Context(), kindRaft, hostA, one.addr); err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("TLS to plain text: %v", err)
	}
}

// Snapshots are sent no faster than they may be.
func TestSnapshotsArePaced(t *testing.T) {
	var a table
	const perSecond = 1 << 20
	one := startWire(t, &a, &transport{host: hostA, limits: limits{snapshotRate: perSecond}})
	two := startWire(t, &a, &transport{host: hostB})
	conn, err := one.GetSnapshotConnection(t.Context(), hostB)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	two.take <- true
	if err := conn.SendChunk(pb.Chunk{ShardID: 1, ReplicaID: 2, From: 1, ChunkCount: 2, Data: make([]byte, perSecond/2)}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 350*time.Millisecond { // a tenth of a second's worth may go at once
		t.Errorf("half a second's worth took %v", took)
	}
}

// Who asks to join a node that never answers gives up in time, also behind the handshake.
func TestAskingEndsInTime(t *testing.T) {
	ca := newAuthority(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", keysOf(t, ca, testCluster, hostA).Server())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, giveUp := context.WithTimeout(t.Context(), time.Second)
	defer giveUp()
	asked := make(chan int64, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			asked <- 0
			return
		}
		defer conn.Close()
		n, _ := io.Copy(io.Discard, conn) // until whoever asks hangs up
		asked <- n
	}()
	how := certs.Joining(testCluster.String(), certs.Fingerprint(ca.Cert), time.Now)
	if _, err := ask(ctx, ln.Addr().String(), how, []byte("{}")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("asking ends with %v", err)
	}
	if n := <-asked; n == 0 {
		t.Error("it gave up before it had asked")
	}
}
