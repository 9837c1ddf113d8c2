package replication

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/google/uuid"
)

// wireFormat is the version of everything that is said on the raft port.
const wireFormat = 1

// maxHello bounds the line that opens a connection, in bytes.
const maxHello = 4 << 10

// The kinds of connections on the raft port.
const (
	kindRaft     = "raft"     // frames of message batches, one way
	kindSnapshot = "snapshot" // frames of snapshot chunks, each answered by one byte
	kindJoin     = "join"     // one line that asks, one line that answers
	kindReturn   = "return"   // asks whether the host may take part again; one line answers
	kindKey      = "key"      // asks for the key of the cluster's authority; one line answers
	kindTell     = "tell"     // frames of messages that are kept nowhere, one way
	kindReach    = "reach"    // one line asks how far the other side has come, one line answers
	kindAsk      = "ask"      // one line asks what only the other side knows, one line answers
	kindLead     = "lead"     // one line asks the leader to have a node lead, one line answers
)

// clusterID names a cluster; it is written in hexadecimal.
type clusterID uint64

func (c clusterID) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// MarshalText writes the id as 16 hexadecimal digits.
func (c clusterID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *clusterID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 16, 64)
	if err != nil {
		return fmt.Errorf("cluster id %q: want up to 16 hexadecimal digits", b)
	}
	*c = clusterID(n)
	return nil
}

// hello is the line that opens each connection. Fields that a node does not know are left
// alone, so that newer nodes can say more.
type hello struct {
	Confman int       `json:"confman"`           // wireFormat
	Kind    string    `json:"kind"`              // one of the kinds above
	Cluster clusterID `json:"cluster,omitempty"` // what both belong to; none to join
	Host    string    `json:"host,omitempty"`    // NodeHostID of the one who dials
	Addr    string    `json:"addr,omitempty"`    // raft address of the one who dials
	To      string    `json:"to,omitempty"`      // NodeHostID of the one meant to be reached
	Boots   uint64    `json:"boots,omitempty"`   // how often the one who dials has started
	Life    string    `json:"life,omitempty"`    // names this start, and no other one
}

// line is the hello as it is sent.
func (h hello) line() ([]byte, error) {
	h.Confman = wireFormat
	b, err := json.Marshal(h)
	return append(b, '\n'), err
}

// parseHello reads the line and refuses what no version of confman can mean.
func parseHello(line []byte) (hello, error) {
	var h hello
	if err := json.Unmarshal(line, &h); err != nil {
		return hello{}, errForeign
	}
	if h.Confman == 0 {
		return hello{}, errForeign
	}
	if h.Confman != wireFormat {
		return hello{}, fmt.Errorf("format %d of the raft port is spoken here, not %d", wireFormat, h.Confman)
	}
	switch h.Kind {
	case kindJoin:
		return h, nil
	case kindRaft, kindSnapshot, kindReturn, kindKey, kindReach, kindTell, kindAsk, kindLead:
	default:
		return hello{}, fmt.Errorf("unknown kind of connection %q", h.Kind)
	}
	if !isHostID(h.Host) {
		return hello{}, fmt.Errorf("host %q is no host id", h.Host)
	}
	return h, validAddr(h.Addr)
}

// isHostID says whether s is a dragonboat NodeHostID as confman writes them.
func isHostID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

// validAddr refuses what is no address that can be connected to: HOST:PORT.
func validAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host == "" || port == "0" {
		return fmt.Errorf("raft address %q: want HOST:PORT", addr)
	}
	return nil
}

// loopback refuses addresses beyond this machine, for a raft port that speaks plain text, in which
// anybody who reaches it can say anything. An address is IP:PORT.
func loopback(addr string) error {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("raft address %q: want IP:PORT", addr)
	}
	if !a.Addr().IsLoopback() {
		return fmt.Errorf("raft address %s: without certificates the raft port takes loopback addresses only, such as 127.0.0.1:%d; confman cert makes some", addr, a.Port())
	}
	return nil
}

var (
	errForeign = errors.New("this is confman's raft port, for its nodes among themselves; clients use the RESP or HTTP port")
	errTooLong = errors.New("line too long")
	// errRefused wraps what the other side gave as its reason.
	errRefused = errors.New("refused")
	// errFinal wraps a reason that no further attempt will change: the node that is refused
	// must not go on.
	errFinal = errors.New("for good")
)

// readLine reads a line of JSON without its end. It gives up at the first byte of anything else.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	first, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] != '{' {
		return nil, errForeign
	}
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return nil, errTooLong
		}
		line = append(line, part...)
		if err == nil {
			return bytes.TrimRight(line, "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// welcome is the line with which a node lets a host return. The host may have missed that others
// have moved.
type welcome struct {
	Addresses map[string]string `json:"addresses,omitempty"` // by host, as they named them themselves
}

// refusal is the line with which a node declines.
type refusal struct {
	Error string `json:"error"`
	Final bool   `json:"final,omitempty"` // whoever is refused must stop
}

// refuse tells the other side why it is not served. It may not be listening any more.
func refuse(conn net.Conn, reason error) {
	line, err := json.Marshal(refusal{reason.Error(), errors.Is(reason, errFinal)})
	if err == nil {
		_, _ = conn.Write(append(line, '\n'))
	}
}

// refused returns the reason that a line gives, or nil if it is no refusal.
func refused(line []byte) error {
	var r refusal
	if json.Unmarshal(line, &r) != nil || r.Error == "" {
		return nil
	}
	if r.Final {
		return finally{fmt.Errorf("%w: %s", errRefused, r.Error)}
	}
	return fmt.Errorf("%w: %s", errRefused, r.Error)
}

// finally makes an error final, and keeps its text.
type finally struct{ error }

func (f finally) Unwrap() []error { return []error{errFinal, f.error} }
