package load

import "sync"

// A gate lets clients in until it is closed. Its zero value is open.
type gate struct {
	door   sync.Mutex
	closed bool
	within sync.WaitGroup
}

// enter lets somebody in, or reports false. Whoever was let in leaves.
func (g *gate) enter() bool {
	g.door.Lock()
	defer g.door.Unlock()
	if !g.closed {
		g.within.Add(1)
	}
	return !g.closed
}

func (g *gate) leave() { g.within.Done() }

// close lets nobody in any more, and waits until all have left.
func (g *gate) close() {
	g.door.Lock()
	g.closed = true
	g.door.Unlock()
	g.within.Wait()
}
