package replication

import (
	"errors"
	"testing"
	"time"
)

// lives are two starts of one host that both know where another host is.
func lives(t *testing.T, silence time.Duration) (other, first, second *wire, barred chan error) {
	var a table
	barred = make(chan error, 10)
	other = startWire(t, &a, &transport{host: hostB, limits: limits{silence: silence}})
	first = startWire(t, &a, &transport{host: hostA, life: "first"})
	second = startWire(t, &a, &transport{host: hostA, life: "second", barred: func(err error) { barred <- err }})
	return other, first, second, barred
}

// Of two machines with one data directory the one that is there and speaks stays. The other one is
// told that it must not go on.
func TestALifeThatSpeaksStays(t *testing.T) {
	other, first, second, barred := lives(t, 100*time.Millisecond)
	l := first.link(t, hostB)
	delivered(t, first, l, other)
	late := second.link(t, hostB)
	if err := late.SendMessageBatch(second.batch(1000)); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for term := uint64(1); ; term++ {
		if err := l.SendMessageBatch(first.batch(term)); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, other.got).Requests[0].Term; got == 1000 {
			t.Fatal("the copy was heard")
		}
		select {
		case err := <-barred:
			if !errors.Is(err, errFinal) {
				t.Error(err)
			}
			delivered(t, first, l, other)
			return
		case <-tick.C:
		}
	}
}

// A host that died without a word, as when its power is cut, gives way to its next start; and what
// it may still have to say is not heard.
func TestALifeThatIsSilentGivesWay(t *testing.T) {
	other, first, second, _ := lives(t, 50*time.Millisecond)
	l := first.link(t, hostB)
	delivered(t, first, l, other)
	late := second.link(t, hostB)
	if err := late.SendMessageBatch(second.batch(7)); err != nil {
		t.Fatal(err)
	}
	for receive(t, other.got).Requests[0].Term != 7 {
	}
	other.peers.mu.Lock()
	name := other.peers.byHost[hostA].life.name
	other.peers.mu.Unlock()
	if name != "second" {
		t.Errorf("the other host listens to the %s life", name)
	}
}

// A host that comes back at once, its old connections closed, does not have to wait.
func TestALifeThatHasEndedDoesNotHoldUpTheNext(t *testing.T) {
	other, first, second, _ := lives(t, time.Hour)
	l := first.link(t, hostB)
	delivered(t, first, l, other)
	late := second.link(t, hostB)
	if err := late.SendMessageBatch(second.batch(7)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	for receive(t, other.got).Requests[0].Term != 7 {
	}
}
