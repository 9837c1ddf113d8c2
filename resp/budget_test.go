package resp

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits gets what there is in the order of coming.
func TestBudget(t *testing.T) { synctest.Test(t, testBudget) }

func testBudget(t *testing.T) {
	b := newBudget(100)
	if taken, enough := b.more(0, 60, 0); taken != 60 || !enough {
		t.Fatalf("%d, %v", taken, enough)
	}
	if taken, enough := b.more(60, 500, time.Second); taken != 40 || !enough {
		t.Errorf("what is larger than all there is: %d, %v", taken, enough)
	}
	if taken, enough := b.more(100, 500, 0); taken != 0 || !enough {
		t.Errorf("more of it: %d, %v", taken, enough)
	}
	if _, enough := b.more(0, 1, time.Millisecond); enough {
		t.Error("more than there is")
	}
	came := make(chan int, 2)
	var all sync.WaitGroup
	all.Go(func() {
		if b.take(80, time.Minute) {
			came <- 80
		}
	})
	synctest.Wait() // it waits for its turn
	all.Go(func() {
		if b.take(10, time.Minute) {
			came <- 10
		}
	})
	synctest.Wait()
	if n := b.waiting.Len(); n != 2 {
		t.Errorf("%d wait: the small one has overtaken the large one", n)
	}
	b.give(50)
	b.give(50)
	all.Wait()
	if first := <-came; first+<-came != 90 || b.left != 10 {
		t.Errorf("%d is left", b.left)
	}
}

// A command for which there is no room is dropped, wherever its bytes are cut, and those in front of
// it and behind it go through.
func TestACommandThatIsDropped(t *testing.T) {
	large := strings.Repeat("v", 3*allowance)
	var sent []byte
	for _, words := range [][]string{{"SET", "a", "1"}, {"MSET", "b", large, "c", "", "d", large}, {"GET", "a"}, {"SET", "e", large}, {"PING"}} {
		sent = appendReply(sent, bulks(words), 2)
	}
	for _, size := range []byte{0, 6, 49, 255} {
		full := newBudget(1 << 20)
		full.take(1<<20-allowance, 0)
		g := &guard{Conn: &pieces{data: bytes.Clone(sent), sizes: []byte{size}}, frames: frames{trusted: true}, budget: full}
		commands, fault := all(g)
		if got, want := fmt.Sprintf("%q %s", commands, fault), fmt.Sprintf("%q ", [][]string{{"SET", "a", "1"}, {dropped}, {"GET", "a"}, {dropped}, {"PING"}}); got != want {
			t.Errorf("in pieces of %d:\n%.200s, want\n%s", size+1, got, want)
		}
		if full.left != allowance || cap(g.buf) > 4*allowance {
			t.Errorf("in pieces of %d: %d is left, want %d; the guard holds %d", size+1, full.left, allowance, cap(g.buf))
		}
		full.give(1<<20 - allowance)
		g = &guard{Conn: &pieces{data: bytes.Clone(sent), sizes: []byte{size}}, frames: frames{trusted: true}, budget: full}
		if commands, _ := all(g); len(commands) != 5 || len(commands[1]) != 7 || commands[1][6] != large {
			t.Errorf("with room, in pieces of %d: %.200q", size+1, commands)
		}
		if full.left != 1<<20 {
			t.Errorf("with room, in pieces of %d: %d is left", size+1, full.left)
		}
	}
}
