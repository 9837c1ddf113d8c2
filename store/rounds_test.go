package store

import "testing"

// every is 1, or 10 with -short, which means a tenth of the rounds, and the same checks: who goes through all there is
// takes only each tenth of it then.
func every() int {
	if testing.Short() {
		return 10
	}
	return 1
}

// rounds is how often a test repeats what it does: n times, or a tenth of that with -short.
func rounds(n int) int { return n / every() }
