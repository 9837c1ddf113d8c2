package resp

// dumpCommands carry configs to other servers and back.
var dumpCommands = []Command{}
