package resp

// persistenceCommands are about this node's disk, and about its end.
var persistenceCommands = []Command{}
