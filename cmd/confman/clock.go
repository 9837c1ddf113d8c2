package main

import "time"

// now is the time by this machine. It has a file of its own because there is one clock at the top of the program: what a
// node writes into its store of time, what it tells clients, and whether a certificate holds follows from this one, so that another clock
// can be built in here and nowhere else. How long something takes, and when a connection has to be given up, is
// the runtime's to measure.
func now() time.Time { return time.Now() }
