// Package differential sends the same random commands to confman and to a real
// redis-server, and wants the same bytes of both.
//
// A [Catalog] is what the two servers say of the commands that both have: a new row of
// confman's table takes part without being listed here. A [Generator] makes calls of them, of
// which some are mistakes, over a few names. A [Stream] plays them on both servers and
// compares the replies: byte for byte, but for what has no order, depends on the time or is
// drawn by chance.
//
// Where confman means to answer something else, a rule with the ID of a
// [transcript.Deviation] leaves the call out or expects the difference. Rules go by what the
// names may hold, which a stream keeps track of, and asks Redis about when it matters.
//
// Commands come in episodes that begin with no data. When an episode ends in a difference,
// [Stream.Shrink] plays parts of it until nothing more can be left out.
package differential
