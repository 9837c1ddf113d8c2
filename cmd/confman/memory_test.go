package main

import (
	"runtime"
	"testing"
)

// A process that has held much gives it back.
func TestSpareMemoryIsGivenBack(t *testing.T) {
	block := make([]byte, 256<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	runtime.KeepAlive(block)
	runtime.GC()
	if held, used := memory(); held-used < 200<<20 {
		t.Fatalf("of %d bytes %d are in use: there is nothing to give back", held, used)
	}
	giveSpareBack()
	if held, used := memory(); held-used > 50<<20 {
		t.Errorf("%d bytes are held, of which %d are in use", held, used)
	}
}
