//go:build !unix

package main

import "io"

// isJournal is false: there is no journal.
func isJournal(io.Writer, string) bool { return false }
