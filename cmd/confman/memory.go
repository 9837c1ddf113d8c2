package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// memoryEvery is how often a node looks whether it holds memory that it does not need.
	memoryEvery = 30 * time.Second
	// spareMemory is how many bytes of that, beside an eighth of what is in use, are not worth a collection.
	spareMemory = 16 << 20
)

// giveMemoryBack has the system get back, every while, what a burst of writes or a file that was read has left behind. By itself
// Go keeps as much memory for what is to come as is in use, which a node with a million configs never needs again. stop
// ends that.
func giveMemoryBack(every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			giveSpareBack()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func giveSpareBack() {
	if held, used := memory(); held-used > used/8+spareMemory {
		debug.FreeOSMemory()
	}
}

// memory returns how many bytes of the heap the process holds, and how many of them were in use when the collector looked last.
func memory() (held, used int64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples)
	for _, s := range samples[:3] {
		held += int64(s.Value.Uint64())
	}
	return held, int64(samples[3].Value.Uint64())
}
