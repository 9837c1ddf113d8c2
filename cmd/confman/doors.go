package main

import (
	"errors"
	"log/slog"
	"net"
)

// doors are where clients come in.
type doors struct {
	port   net.Listener
	socket net.Listener // nil if there is none
}

// open opens those that the settings name, unless the service manager has handed them over.
func (h handed) open(s Settings, log *slog.Logger) (d doors, err error) {
	if d.port, err = h.listener(handedRESP, "tcp"); err == nil && d.port == nil {
		d.port, err = listen(s.RESPAddr, "resp-addr")
	}
	if err != nil {
		return d, err
	}
	if d.socket, err = h.listener(handedSocket, "unix"); err == nil && d.socket == nil && s.RESPSocket != "" {
		d.socket, err = listenSocket(s.RESPSocket)
	}
	if err != nil {
		return d, errors.Join(err, d.port.Close())
	}
	if h[handedHTTP] != nil {
		log.Warn("the service manager hands over a socket for HTTP, which this version does not serve: nobody answers there")
	}
	return d, nil
}

// more are those beside the port.
func (d doors) more() []net.Listener {
	if d.socket == nil {
		return nil
	}
	return []net.Listener{d.socket}
}

// close closes them, if they are not closed yet.
func (d doors) close() {
	_ = d.port.Close()
	for _, ln := range d.more() {
		_ = ln.Close()
	}
}
