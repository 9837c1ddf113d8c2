package resp

// objectCommands tell what a config takes.
var objectCommands = []Command{}
