// Package integration attacks confman's promises from outside: it starts the built
// binary and talks to it as its users do.
//
// Its packages say how. ground is where nodes run, and the faults that come over them; load is clients that work on
// them and know what they must be told, and the lies by which these are tested; story is the language in which
// it is written what happens; promises has a test for each kind of thing that went wrong elsewhere, upgrade
// goes from one version to the next, soak lets everything happen at once, and bench measures confman beside what
// people would pick instead.
package integration
