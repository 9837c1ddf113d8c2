package resp

// latencyCommands tell how long commands take.
var latencyCommands = []Command{}
