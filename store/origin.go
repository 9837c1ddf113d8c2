package store

import "encoding/binary"

// An Origin says where a transaction comes from, for the audit. It decides nothing.
type Origin struct {
	Addr     string // of the client: host:port
	Protocol string // that it speaks: "resp"
	Client   string // the name that it has given itself, or ""
	Reason   string // that it gives for what it does, or ""
}

func (o Origin) size() int {
	return len(o.Addr) + len(o.Protocol) + len(o.Client) + len(o.Reason) + 4
}

func (o Origin) append(b []byte) []byte {
	b = appendString(appendString(b, o.Addr), o.Protocol)
	return appendString(appendString(b, o.Client), o.Reason)
}

func (d *decoder) origin() Origin {
	return Origin{Addr: d.string(), Protocol: d.string(), Client: d.string(), Reason: d.string()}
}

// A Note is something that somebody did that changes no config, or was refused, for the audit.
type Note struct {
	At      Millis // when it happened first
	By      string
	Origin  Origin
	Act     string   // what, as it is called: "CONFIG SET requirepass". It holds no values and no secrets
	Names   []string // of the configs and namespaces that it is about
	Refused string   // why it was not done, or "" if it was
	Times   uint64   // how often it happened
}

func (n Note) size() int {
	size := len(n.By) + n.Origin.size() + len(n.Act) + len(n.Refused) + 24
	for _, name := range n.Names {
		size += len(name) + 2
	}
	return size
}

func (n Note) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(n.At))
	b = n.Origin.append(appendString(b, n.By))
	b = binary.AppendUvarint(appendString(b, n.Act), uint64(len(n.Names)))
	for _, name := range n.Names {
		b = appendString(b, name)
	}
	return binary.AppendUvarint(appendString(b, n.Refused), n.Times)
}

func (d *decoder) note() Note {
	n := Note{At: d.millis(), By: d.string(), Origin: d.origin(), Act: d.string()}
	for left := d.count(); left > 0 && d.err == nil; left-- {
		n.Names = append(n.Names, d.string())
	}
	n.Refused, n.Times = d.string(), d.uint()
	return n
}
