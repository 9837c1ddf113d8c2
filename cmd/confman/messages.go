package main

import (
	"encoding/binary"
	"errors"
	"log/slog"

	"confman/resp"
)

// What is published on one node goes to the others as: a format byte, 1 for a shard's channel or 0,
// the length of the channel's name as a varint, the name, and the message.

const messageFormat = 1

var errMessage = errors.New("a message of another node that this version cannot read")

func encodeMessage(channel, message string, sharded bool) []byte {
	b := make([]byte, 0, len(channel)+len(message)+2+binary.MaxVarintLen64)
	b = append(b, messageFormat, 0)
	if sharded {
		b[1] = 1
	}
	b = binary.AppendUvarint(b, uint64(len(channel)))
	return append(append(b, channel...), message...)
}

func decodeMessage(b []byte) (channel, message string, sharded bool, err error) {
	if len(b) < 2 || b[0] != messageFormat || b[1] > 1 {
		return "", "", false, errMessage
	}
	size, n := binary.Uvarint(b[2:])
	if n <= 0 || size > uint64(len(b)-2-n) {
		return "", "", false, errMessage
	}
	rest := string(b[2+n:])
	return rest[:size], rest[size:], b[1] == 1, nil
}

// told hands what was published on other nodes to the clients of this one.
func told(server *resp.Server, log *slog.Logger) func([]byte) {
	return func(b []byte) {
		channel, message, sharded, err := decodeMessage(b)
		if err != nil {
			log.Debug("a message was dropped", "error", err)
			return
		}
		server.Published(channel, message, sharded)
	}
}
