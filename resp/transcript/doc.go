// Package transcript runs sessions written as redis-cli shows them, as tests: what a
// command must answer stands below it.
//
//	# A config and a field of its namespace are the same thing.
//	> SET prod/api/timeout 30s
//	OK
//	> HGET prod/api timeout
//	"30s"
//
// Lines that begin with # are for the reader. The word before the > names a connection, as
// in "a> MULTI"; without one it is the connection named "". Words are quoted as in
// redis-cli. An answer that is never the same is written as a line "~ regexp". What a named group of it
// matches, as in "~ \(integer\) (?<revision>\d+)", later commands have for the word $revision.
//
// A transcript runs on confman and on Redis. Where Redis answers something else, its answer
// stands below confman's in lines that begin with "! ", and a comment above the command names
// one of the [Deviations] and says why: "# [order] Listings are sorted." A file that begins
// with "# confman only: reason" does not run on Redis.
package transcript
