package resp

import (
	"fmt"
	"strings"

	"confman/store"
)

// lolwut draws a tree of namespaces with configs on it. Whatever VERSION asks for, there is one.
func lolwut(_ *store.Tx, c *Call) Reply {
	if len(c.Args) > 1 && strings.EqualFold(c.Args[0], "version") {
		if _, err := parseInt(c.Args[1]); err != nil {
			return err
		}
	}
	return Text(fmt.Sprintf(`
             /
      _______|_______
     |       |       |
   prod/   test/   dev/
    _|_      |     _|_
   |   |     *    |   |
   *   *          *   *

A tree of configs, from its root down. confman %s. Redis ver. %s
`, c.session.server.Version, redisVersion))
}
