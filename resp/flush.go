package resp

// flushCommands delete everything.
var flushCommands = []Command{}
