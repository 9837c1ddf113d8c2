package resp

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a client takes late is all there, in order and once, whoever has begun to send it: more than its connection takes,
// and messages that are too large for a courier.
func TestMessagesToAClientThatIsSlow(t *testing.T) {
	client, c := listeningTCP(t)
	if err := client.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	var want []byte
	long := strings.Repeat("y", 2*courierLoad)
	for i := range softMail / 2 / 1000 {
		message := Push{"message", "news", strconv.Itoa(i) + strings.Repeat("x", 1000)}
		if i%100 == 0 {
			message[2] = long
		}
		want = appendReply(want, message, 3)
		c.post(message)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes came than were sent")
	}
	c.server.couriers.workers.Wait()
	if err := client.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(got); err == nil {
		t.Errorf("%d bytes came twice", n)
	}
	if c.overrun.Load() || c.unsent.Load() != 0 {
		t.Errorf("overrun: %v, unsent: %d", c.overrun.Load(), c.unsent.Load())
	}
}

// Couriers send what is put into mailboxes while others, and replies, are being sent, and lose nothing.
func TestCouriersAndReplies(t *testing.T) {
	client, c := listeningTCP(t)
	if err := client.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	const each = 2000
	var all sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		all.Go(func() {
			for i := range each {
				c.post(Status(name + strconv.Itoa(i)))
			}
		})
	}
	all.Go(func() {
		for i := range each {
			c.turn.Lock()
			c.reply(Status("r"+strconv.Itoa(i)), 3)
			c.forward()
			_ = c.flush()
			c.turn.Unlock()
		}
	})
	next := map[byte]int{}
	lines := bufio.NewReader(client)
	for range 3 * each {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v behind %v", err, next)
		}
		if got, want := strings.TrimSpace(line[2:]), strconv.Itoa(next[line[1]]); got != want {
			t.Fatalf("%q, want number %s", line, want)
		}
		next[line[1]]++
	}
	all.Wait()
}

// A courier waits for no client, whatever is done for that one: it comes to the next at once, and what it has left is sent
// afterwards.
func TestACourierWaitsForNobody(t *testing.T) {
	for name, lock := range map[string]func(c *conn) sync.Locker{
		"it is being answered":  func(c *conn) sync.Locker { return &c.turn },
		"a reply is being sent": func(c *conn) sync.Locker { return &c.mu },
	} {
		t.Run(name, func(t *testing.T) {
			busy, c := listeningTCP(t)
			idle, other := listeningTCP(t)
			other.server = c.server
			lock(c).Lock()
			c.post(Status("later"))
			other.post(Status("now"))
			c.server.couriers.workers.Wait()
			for _, client := range []net.Conn{idle, busy} {
				line, err := bufio.NewReader(client).ReadString('\n')
				if want := map[net.Conn]string{idle: "+now\r\n", busy: "+later\r\n"}[client]; err != nil || line != want {
					t.Fatalf("%q, %v; want %q", line, err, want)
				}
				if client == idle {
					lock(c).Unlock()
				}
			}
		})
	}
}

// audience subscribes as many clients of one server to a channel, and returns how to wait until each was sent so many bytes
// more.
func audience(t testing.TB, n int) (s *Server, wait func(bytes int)) {
	first, c := listeningTCP(t)
	s = c.server
	ends := []net.Conn{first}
	s.hub.add(channels, "news", c)
	for range n - 1 {
		client, other := listeningTCP(t)
		other.server = s
		s.hub.add(channels, "news", other)
		ends = append(ends, client)
	}
	return s, func(bytes int) {
		for _, end := range ends {
			if _, err := io.CopyN(io.Discard, end, int64(bytes)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What a message costs does not grow with those who get it.
func TestAllocationsOfAMessage(t *testing.T) {
	const n = 100
	s, wait := audience(t, n)
	size := len(appendReply(nil, Push{"message", "news", "hello"}, 3))
	allocs := testing.AllocsPerRun(10, func() {
		s.hub.publish("news", "hello")
		s.couriers.workers.Wait()
	})
	wait(11 * size)
	if allocs > n/2 {
		t.Errorf("%v allocations for %d subscribers", allocs, n)
	}
}

// BenchmarkPublish measures a message to a thousand subscribers, until it is sent to the last.
func BenchmarkPublish(b *testing.B) {
	s, wait := audience(b, 1000)
	message := strings.Repeat("x", 100)
	size := len(appendReply(nil, Push{"message", "news", message}, 3))
	b.ReportAllocs()
	for b.Loop() {
		s.hub.publish("news", message)
		s.couriers.workers.Wait()
		b.StopTimer()
		wait(size)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/subscriber")
}
