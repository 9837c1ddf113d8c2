package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
)

// handed are sockets at which the service manager listens for this process, by the names that it gives them
// (FileDescriptorName). The node uses them in place of its own, and leaves them open when it starts again by itself.
type handed map[string]*os.File

// The names that handed sockets may have.
const (
	handedRESP   = "resp"
	handedHTTP   = "http"
	handedSocket = "resp-socket"
)

// takeHanded takes the sockets over. One that nobody here would serve is refused.
func takeHanded() (handed, error) {
	all, names := handed{}, []string{handedRESP, handedHTTP, handedSocket}
	for _, f := range activation.Files(true) {
		name := f.Name()
		switch {
		case !slices.Contains(names, name):
			return nil, failure{exitConfig, fmt.Errorf("the service manager hands over a socket named %q, which confman has no use for: give FileDescriptorName= in the socket unit one of %s",
				name, strings.Join(names, ", "))}
		case all[name] != nil:
			return nil, failure{exitConfig, fmt.Errorf("the service manager hands over two sockets named %q: leave one ListenStream= in its socket unit", name)}
		}
		all[name] = f
	}
	return all, nil
}

// listener returns what listens at a handed socket for one life of the node; nil if there is none of that name.
func (h handed) listener(name, network string) (net.Listener, error) {
	f := h[name]
	if f == nil {
		return nil, nil
	}
	ln, err := net.FileListener(f) // a copy: the socket stays open behind it
	if err == nil && ln.Addr().Network() != network {
		_ = ln.Close()
		err = fmt.Errorf("it is a %s socket", ln.Addr().Network())
	}
	if err != nil {
		return nil, failure{exitConfig, fmt.Errorf("the service manager's socket %q cannot be used: %w; it has to be a %s one that listens (ListenStream=)", name, err, network)}
	}
	return ln, nil
}
