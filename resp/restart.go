package resp

import (
	"context"

	"confman/store"
	"confman/validate"
)

// restartCommands restart the nodes of a cluster one at a time: whoever restarts one has the turn, which
// only one can have.
var restartCommands = []Command{
	{
		Name: "member|restart", Flags: Admin | NoMulti, Group: "server", Do: restart,
		Summary: "Ends this node as SHUTDOWN does, with an exit code that has its supervisor start it again. It is refused where none would.",
	},
	{
		Name: "member|turn", Synopsis: "[holder seconds]", Flags: Writes | Admin | NoMulti, Group: "server", Run: turn,
		Summary: "Takes the turn to restart nodes for that many seconds, or keeps it longer, or with 0 gives it back. " +
			"It is refused while another holder has it. Without arguments it answers who has it, and for how many seconds, or nothing.",
	},
}

// turnName is the config in which the one who has the turn stands, until it expires.
var turnName = store.Join(validate.System+"/restart", "turn")

const (
	maxTurn   = 600 // seconds: who has died keeps the others waiting for no longer
	maxHolder = 200 // bytes
)

const (
	errHolder    = Error("ERR a holder is a word of at most 200 printable characters that nobody else uses")
	errTurnTime  = Error("ERR seconds must be between 1 and 600, or 0 to give the turn back")
	errNoRestart = Error("ERR this server does not restart by a command: restart its process")
)

// turn takes, keeps or gives back the turn. What it has read it depends on, so that of two who take it at
// once one is refused.
func turn(tx *store.Tx, c *Call) Reply {
	has, taken := tx.Get(turnName)
	left := int64(has.Expires-tx.Now()+999) / 1000
	switch {
	case len(c.Args) == 0 && !taken:
		return nil
	case len(c.Args) == 0:
		return []Reply{has.Value, left}
	case len(c.Args) != 2:
		return errArity(c.Command)
	}
	holder := c.Args[0]
	seconds, err := parseInt(c.Args[1])
	switch {
	case !isHolder(holder):
		return errHolder
	case err != nil || seconds < 0 || seconds > maxTurn:
		return errTurnTime
	case taken && has.Value != holder:
		return errorf("TURN %s restarts nodes, and has the turn for %d s yet unless it takes it longer: nothing was changed; wait, or stop that one", has.Value, left)
	case seconds == 0:
		tx.Delete(turnName)
		return ok
	}
	if err := tx.Set(turnName, holder, tx.Now()+store.Millis(1000*seconds)); err != nil {
		return fromSet(err)
	}
	if !taken {
		tx.Note(store.Note{Act: "MEMBER TURN " + holder})
	}
	return ok
}

func isHolder(word string) bool {
	for _, r := range word {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return word != "" && len(word) <= maxHolder
}

// restart has the node end, and start again.
func restart(_ context.Context, c *Call) Reply {
	s := c.session
	if s.server.Restart == nil {
		return errNoRestart
	}
	if err := s.server.Restart(); err != nil {
		return errorf("ERR nothing was done: %v", err)
	}
	s.server.Log.Warn("a client restarts this node", "user", defaultUser, "client", s.conn.guard.RemoteAddr(), "name", s.name)
	s.quit = true
	return ok
}
