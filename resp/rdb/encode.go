package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Encode writes a payload. It compresses nothing, and takes the oldest kind and version that can
// tell the value: every Redis with RESTORE reads it, or from 7.4 on if fields of it expire. What
// expires later than Redis can note does so in the year 10889.
func (v Value) Encode() string {
	kind, version := byte(kindString), uint16(versionFirst)
	first := firstExpiry(v.Hash)
	switch {
	case first > 0:
		kind, version = kindExpiring, versionExpiring
	case v.Hash != nil:
		kind = kindHash
	}
	b := []byte{kind}
	switch kind {
	case kindString:
		b = appendString(b, v.Text)
	case kindHash:
		b = appendLength(b, uint64(len(v.Hash)))
		for _, f := range v.Hash {
			b = appendString(appendString(b, f.Name), f.Value)
		}
	case kindExpiring:
		b = binary.LittleEndian.AppendUint64(b, uint64(first))
		b = appendLength(b, uint64(len(v.Hash)))
		for _, f := range v.Hash {
			b = appendLength(b, f.after(first))
			b = appendString(appendString(b, f.Name), f.Value)
		}
	}
	b = binary.LittleEndian.AppendUint16(b, version)
	return string(binary.LittleEndian.AppendUint64(b, checksum(string(b))))
}

// firstExpiry returns when the first of some fields expires, or zero if none does.
func firstExpiry(fields []Field) (first int64) {
	for _, f := range fields {
		if f.Expires > 0 && (first == 0 || f.Expires < first) {
			first = min(f.Expires, latest)
		}
	}
	return first
}

// after tells when a field expires as the format does: see expiring.
func (f Field) after(first int64) uint64 {
	if f.Expires <= 0 {
		return 0
	}
	return uint64(min(f.Expires, latest)-first) + 1
}

func appendLength(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, length14|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, length32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, length64), n)
}

// appendString writes a string, or the integer that it stands for.
func appendString(b []byte, s string) []byte {
	n, err := strconv.ParseInt(s[:min(len(s), 12)], 10, 32) // none has 12 characters
	if err != nil || strconv.FormatInt(n, 10) != s {
		return append(appendLength(b, uint64(len(s))), s...)
	}
	switch {
	case n >= math.MinInt8 && n <= math.MaxInt8:
		return append(b, special, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return binary.LittleEndian.AppendUint16(append(b, special|1), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, special|encodedInt32), uint32(n))
}
