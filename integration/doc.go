// Package integration attacks confman's promises from outside: it starts the built
// binary and talks to it as its users do.
package integration
