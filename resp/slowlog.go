package resp

// slowlogCommands tell which commands took long.
var slowlogCommands = []Command{}
