package store

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/golang/snappy"
)

// A Version is one state that a config was in, from when it was written until it was written over,
// deleted, or expired.
type Version struct {
	Record
	End End
}

// An End says how a version ended. It is zero for the one that stands.
type End struct {
	Revision uint64 // of the entry that ended it; 0 for one that has expired and was not removed yet
	At       Millis
	By       string
	How      How
}

// How a version ended.
type How byte

// The ways in which a version ends.
const (
	Current  How = iota // it has not
	Replaced            // by the next one
	Deleted
	Expired
	Flushed // with all configs
)

func (h How) String() string {
	return [...]string{"current", "replaced", "deleted", "expired", "flushed"}[h]
}

// Keys sort by namespace, key and number, so the versions of a config stand side by side, the oldest
// first.

func versionKey(config string, number uint64) string {
	return string(appendVersionKey(make([]byte, 0, onStack), config, number))
}

func appendVersionKey(b []byte, config string, number uint64) []byte {
	var digits [8]byte
	binary.BigEndian.PutUint64(digits[:], number)
	b = append(append(append(b, versions...), config[1:]...), 0)
	return hex.AppendEncode(b, digits[:])
}

// splitVersion undoes versionKey.
func splitVersion(key string) (config string, number uint64, err error) {
	i := strings.LastIndexByte(key, 0)
	if i < 1 || strings.Count(key, "\x00") != 2 {
		return "", 0, errMalformed
	}
	number, err = strconv.ParseUint(key[i+1:], 16, 64)
	if err != nil || len(key)-i-1 != 16 {
		return "", 0, errMalformed
	}
	return configs + key[1:i], number, nil
}

// versionSuffix is how much longer a version's key is than its config's.
const versionSuffix = 17

// squeezed is from how many bytes on a value is compressed.
const squeezed = 128

// encode returns the version's bytes: what is known of it, and its value behind that, compressed if it
// is long. It says of the value how long it is, and its digest.
func (v Version) encode() string {
	b := make([]byte, 0, onStack)
	b = append(b, recordFormat, byte(v.End.How))
	b = binary.AppendUvarint(b, v.End.Revision)
	b = binary.AppendUvarint(b, uint64(v.End.At))
	b = appendString(b, v.End.By)
	b = binary.AppendUvarint(b, v.Version)
	b = binary.AppendUvarint(b, v.Revision)
	b = binary.AppendUvarint(b, uint64(v.Created))
	b = binary.AppendUvarint(b, uint64(v.Updated))
	b = binary.AppendUvarint(b, uint64(v.Expires))
	b = appendString(b, v.By)
	b = binary.AppendUvarint(b, uint64(len(v.Value)))
	b = binary.BigEndian.AppendUint64(b, Digest(v.Value))
	if len(v.Value) < squeezed {
		return joined(b, v.Value)
	}
	return squeeze(b, v.Value)
}

// squeeze returns a string of what comes before a value and the value, compressed. All that it needs for those of most configs is on
// the stack.
func squeeze(head []byte, value string) string {
	var from, to [4 * onStack]byte
	compressed := snappy.Encode(to[:], append(from[:0], value...))
	var b strings.Builder
	b.Grow(len(head) + len(compressed))
	b.Write(head)
	b.Write(compressed)
	return b.String()
}

// A head is all of an encoded version but its value.
type head struct {
	Version
	size   int
	digest uint64
	length int    // of the head itself, in bytes
	rest   string // the value, as it is encoded
}

// weight is what a version, whose key is so many bytes long, counts of the bytes that are kept, which is about what it takes of memory if its
// value is not compressed: no compressor decides about what is dropped.
func (h head) weight(key int) int { return key + h.length + h.size + bookkeeping }

// bookkeeping is about what a version takes of memory beside its key and what it holds, in bytes.
const bookkeeping = 150

func decodeHead(s string) (h head, err error) {
	d, err := opened(s, recordFormat)
	if err != nil {
		return head{}, err
	}
	how := d.uint()
	h.End = End{Revision: d.uint(), At: d.millis(), By: d.string(), How: How(how)}
	h.Record = Record{
		Version: d.uint(), Revision: d.uint(), Created: d.millis(), Updated: d.millis(), Expires: d.millis(), By: d.string(),
	}
	size := d.uint()
	h.digest = d.fixed()
	switch {
	case d.err != nil:
		return head{}, d.err
	case how == uint64(Current), how > uint64(Flushed), size > maxVersion:
		return head{}, errMalformed
	}
	h.size, h.rest, h.length = int(size), d.s, len(s)-len(d.s)
	return h, nil
}

// maxVersion bounds the value of a version, in bytes; no transaction can write a larger one.
const maxVersion = MaxTxn

// decodeVersion reads a whole version.
func decodeVersion(s string) (Version, error) {
	h, err := decodeHead(s)
	if err != nil {
		return Version{}, err
	}
	if h.Value = h.rest; h.size >= squeezed {
		n, err := snappy.DecodedLen([]byte(h.rest))
		if err != nil || n != h.size {
			return Version{}, errMalformed
		}
		value, err := snappy.Decode(nil, []byte(h.rest))
		if err != nil {
			return Version{}, errMalformed
		}
		h.Value = string(value)
	}
	if len(h.Value) != h.size || Digest(h.Value) != h.digest {
		return Version{}, errMalformed
	}
	return h.Version, nil
}

// mustHead and mustVersion read what stands in the database as [mustRecord] does.
func mustHead(key, value string) head {
	h, err := decodeHead(value)
	if err != nil {
		panic(damaged(key, err))
	}
	return h
}

func mustVersion(key, value string) Version {
	v, err := decodeVersion(value)
	if err != nil {
		panic(damaged(key, err))
	}
	return v
}
