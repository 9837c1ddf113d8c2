package resp

// hashExpireCommands are about when the configs of a namespace will be gone.
var hashExpireCommands = []Command{}
