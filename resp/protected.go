package resp

import (
	"net"
	"net/netip"
)

// A server without a password serves in protected mode: only clients of its own machine, and tells all
// others, in Redis's words, what may be done.

// passwordSetting is the setting that holds the password.
const passwordSetting = "password"

// open reports whether clients need no password.
func (s *Server) open() bool { return *s.password.Load() == "" }

// requirepass is the password as Redis calls it. It is not shown.
func (s *Server) requirepass() parameter {
	p := parameter{name: "requirepass", setting: passwordSetting, secret: true}
	if !s.open() {
		p.value = "(set)"
	}
	return p
}

// protects reports whether protected mode keeps a client out.
func (s *Server) protects(client net.Addr) bool {
	return s.live.protectedMode.Load() == 1 && s.open() && !isLocal(client)
}

// isLocal reports whether an address is of loopback, or of a UNIX socket. One that cannot be read is not.
func isLocal(addr net.Addr) bool {
	if _, socket := addr.(*net.UnixAddr); socket {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// errProtected is Redis's, to the letter: programs and people know it.
const errProtected = Error("DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. " +
	"If you want to connect from external computers to Redis you may adopt one of the following solutions: " +
	"1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface " +
	"by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible " +
	"from internet if you do so. Use CONFIG REWRITE to make this change permanent. " +
	"2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', " +
	"and then restarting the server. " +
	"3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
	"4) Setup a an authentication password for the default user. " +
	"NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.")
