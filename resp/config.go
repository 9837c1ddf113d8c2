package resp

// configCommands show and change the settings of this node.
var configCommands = []Command{}
