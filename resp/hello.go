package resp

import (
	"context"
	"strings"
)

// redisVersion is the version of Redis that clients are told: below it some do without
// caching or newer options.
const redisVersion = "7.4.0"

// An introduction is what a client says of itself in HELLO.
type introduction struct {
	protocol       int
	authenticates  bool
	user, password string
	named          bool
	name           string
}

// hello agrees on the protocol. Nothing changes unless all of it is right.
func hello(_ context.Context, c *Call) Reply {
	s := c.session
	intro, err := introduce(c.Args, s.protocol)
	if err != nil {
		return err
	}
	if intro.authenticates {
		if r := s.auth(intro.user, intro.password); r != ok {
			return r
		}
	}
	if !s.trusted() {
		return errHelloNoAuth
	}
	s.tell(func() {
		if s.protocol = intro.protocol; intro.named {
			s.name = intro.name
		}
	})
	return Map{
		"server", "redis",
		"version", redisVersion,
		"proto", int64(s.protocol),
		"id", s.id,
		"mode", "standalone",
		"role", "master",
		"modules",
		[]Reply{},
	}
}

// introduce reads HELLO's words.
func introduce(words []string, protocol int) (introduction, error) {
	in := introduction{protocol: protocol}
	if len(words) == 0 {
		return in, nil
	}
	n, err := parseInt(words[0])
	switch {
	case err != nil:
		return in, errProtover
	case n != 2 && n != 3:
		return in, errNoProto
	}
	in.protocol, words = int(n), words[1:]
	for len(words) > 0 {
		switch option := strings.ToUpper(words[0]); {
		case option == "AUTH" && len(words) > 2:
			in.authenticates, in.user, in.password = true, words[1], words[2]
			words = words[3:]
		case option == "SETNAME" && len(words) > 1:
			if in.named, in.name = true, words[1]; !plain(in.name) {
				return in, errClientName
			}
			words = words[2:]
		default:
			return in, errorf("ERR Syntax error in HELLO option '%s'", words[0])
		}
	}
	return in, nil
}

// plain reports whether a name can stand in CLIENT INFO.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}
