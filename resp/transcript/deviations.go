package transcript

// A Deviation is a way in which confman answers otherwise than Redis, and means to. Every
// difference that a test knows of names one by its ID.
type Deviation struct{ ID, Reason string }

// Deviations are all of them, in the order of docs/compatibility.md.
var Deviations = []Deviation{
	{"paths", "A name is a path, and a config or a namespace, never both: nothing but RENAME, COPY and RESTORE with REPLACE puts one in the other's place."},
	{"names", "Names are UTF-8 without control characters and empty segments, of at most 1 KiB; `confman/` is the system's."},
	{"expiry", "An expiry is a config's. A namespace has none of its own: its TTL is that of its last config to go, and a config set later stays."},
	{"watch", "WATCH compares what can be seen: a name that was not there, came and went again has not changed."},
	{"views", "Listings show configs by their full names, and namespaces as hashes where they are asked for. Notifications and invalidations tell of both names of a config, and of what a transaction leaves behind."},
	{"order", "Listings are sorted, and a cursor is the server's that gave it."},
	{"onedb", "There is one database, 0."},
	{"limits", "A value has at most 1 MiB, a pattern 1 KiB, a transaction 4 MiB, because all of it goes through the log."},
	{"computed", "Encodings, sizes and idle times are worked out from the value: nothing is stored for them."},
	{"server", "Commands about the server say and do what is true of a node of confman."},
	{"secrets", "What may be a secret is not shown: SLOWLOG and MONITOR have the lengths of values, and CONFIG GET tells of a password only that it is set."},
	{"later", "Redis 7.0, with which the tests compare, does not have it yet."},
	{"types", "There are strings and hashes: no lists, sets or sorted sets; the only streams are `confman/changes` and `confman/values`, which tell what has changed, in whole revisions."},
}
