package resp

// compareCommands change a config if it still is what the client has seen.
var compareCommands = []Command{}
