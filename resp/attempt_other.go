//go:build !unix

package resp

// write writes nothing here: there is no writing without waiting.
func (a *attempt) write(uintptr) {}
