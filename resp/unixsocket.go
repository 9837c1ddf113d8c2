package resp

import "net"

// A socketClient is one that has come through a UNIX socket. It has no address of its own: as in Redis it is
// called by the socket's path, with 0 for a port.
type socketClient struct{ *net.UnixConn }

func (c socketClient) RemoteAddr() net.Addr { return c.LocalAddr() }

func (c socketClient) LocalAddr() net.Addr {
	return &net.UnixAddr{Net: "unix", Name: c.UnixConn.LocalAddr().String() + ":0"}
}

// addressed gives a client an address to be called by.
func addressed(nc net.Conn) net.Conn {
	if socket, isSocket := nc.(*net.UnixConn); isSocket {
		return socketClient{socket}
	}
	return nc
}
