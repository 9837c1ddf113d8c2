// Package rdb is the payload of Redis's DUMP and RESTORE for strings and hashes: one value in
// the format of an RDB file, then the format's version and a checksum. It reads what any
// version of Redis wrote, whoever sends it, and writes what the oldest ones read.
package rdb

import (
	"encoding/binary"
	"errors"
	"hash/crc64"
)

// A Value is a string, or a hash if it has fields. Redis knows no hash without any.
type Value struct {
	Text string
	Hash []Field
}

// A Field is one of a hash.
type Field struct {
	Name, Value string
	Expires     int64 // when it is gone, in unix milliseconds; zero if never
}

// What Decode ends with.
var (
	// ErrFooter says that a payload is cut, damaged, or of a version that is not known.
	ErrFooter = errors.New("version or checksum are wrong")
	// ErrFormat says that a payload is neither a string nor a hash, or breaks the format.
	ErrFormat = errors.New("bad data format")
	// ErrTooLarge says that a payload holds more than the limit.
	ErrTooLarge = errors.New("payload holds too much")
)

// Kinds of values, each with its encoding. A number once given is never given again, so newer
// versions of the format change nothing about older values.
const (
	kindString        = 0
	kindHash          = 4  // names and values
	kindZipmap        = 9  // Redis up to 2.4
	kindZiplist       = 13 // Redis 2.6 to 6.2
	kindListpack      = 16 // Redis 7.0
	kindExpiringRC    = 22 // release candidates of Redis 7.4
	kindListpackExpRC = 23
	kindExpiring      = 24 // expiries, names and values: Redis 7.4
	kindListpackExp   = 25
)

// Versions of the format, as the footer tells.
const (
	versionFirst    = 6  // of Redis 2.6, the first that has DUMP
	versionExpiring = 12 // of Redis 7.4, the first whose fields expire
	versionNewest   = 15 // of Redis 8.10; from 80 on they are Valkey's, whose numbers for kinds differ
)

const footerSize = 2 + 8

// Decode reads a payload. limit bounds the bytes of the value, or of a hash's names and values;
// what is compressed counts as what it unfolds to. The value may share the payload's memory.
func Decode(payload string, limit int) (Value, error) {
	body := len(payload) - footerSize
	if body < 0 {
		return Value{}, ErrFooter
	}
	footer := []byte(payload[body:])
	if binary.LittleEndian.Uint16(footer) > versionNewest || binary.LittleEndian.Uint64(footer[2:]) != checksum(payload[:body+2]) {
		return Value{}, ErrFooter
	}
	r := &reader{rest: payload[:body], limit: limit}
	var v Value
	if kind := r.byte(); kind == kindString {
		if v.Text = r.string(); len(v.Text) > limit {
			r.fail(ErrTooLarge)
		}
	} else {
		v.Hash = r.hash(kind)
	}
	if r.rest != "" {
		r.fail(ErrFormat)
	}
	if r.err != nil {
		return Value{}, r.err
	}
	return v, nil
}

// jones is the polynomial of Redis's checksum, reflected.
var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// checksum is Redis's CRC-64. It turns no bits around at the beginning and the end, as Go's does.
func checksum(s string) uint64 { return ^crc64.Update(^uint64(0), jones, []byte(s)) }
