package resp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// chapters are the groups of commands in the order of the reference page.
var chapters = []struct{ group, title string }{
	{"string", "Configs, by full name"},
	{"hash", "Configs, by namespace and key"},
	{"generic", "Names"},
	{"namespace", "Namespaces and their rules"},
	{"transactions", "Transactions"},
	{"history", "What was, and who did it"},
	{"stream", "Changes, as streams"},
	{"pubsub", "Messages"},
	{"connection", "Connections"},
	{"server", "The server"},
}

// Markdown returns the reference page of all commands, docs/commands.md.
func Markdown() string {
	t := newTable()
	all := make([]*Command, 0, len(t.byName))
	for _, c := range t.byName {
		if c.Run != nil || c.Do != nil {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *Command) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.WriteString(pageHead)
	for _, chapter := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n| command | what it does |\n|---|---|\n", chapter.title)
		for _, c := range all {
			if c.Group == chapter.group {
				fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.call(), "|", `\|`), c.Summary)
			}
		}
	}
	return b.String()
}

const pageHead = `# Commands

<!-- Written by make docs from the table of commands in package resp. -->

What Redis clients can send to any node. Commands answer as Redis's do, but for what [compatibility.md](compatibility.md)
lists; most of that follows from names being paths:

- A config's last slash splits its name: ` + "`GET prod/api/timeout` is `HGET prod/api timeout`" + `. A name without a slash
  is in the root namespace, which hash commands write ` + "`/`" + `.
- A name is a config or a namespace, never both: ` + "`SET a/b 1`" + ` after ` + "`SET a 1`" + ` is WRONGTYPE, and so is SET on a
  namespace. MSET and HSET set all of their configs or none.
- Commands about names (DEL, EXPIRE, TTL and so on) act on a namespace as Redis's do on a hash: on the configs
  directly in it, never on those below. A namespace's TTL is that of its last config to go.
- RENAME and COPY take a config, or all configs directly in a namespace, and their expiry, to a name that is not
  there, or, if they may, in the place of what is. The root namespace is neither renamed nor replaced.
- KEYS, SCAN and DBSIZE show configs, by their full names, or, with the setting scan_view=namespaces, the root's configs
  and each other namespace once, as a hash. A cursor
  belongs to the node that gave it, and to the last 16,384 that the node has given.
- A field's expiry is its config's. HSET, like SET, takes the expiry from the configs that it sets, and EXPIRE on a namespace
  is for the configs that it has then: one that is set later stays.
- What has changed is told by streams, the same on every node, and all of one revision together: confman/changes, confman/changes/prod/api
  for what lies below that namespace, and confman/values with the value of each change that no later one has overtaken. An id is a revision
  and a place in it; to XREAD a revision alone means that all of it was seen. As much is kept as audit-bytes says (CONFIG SET).
- A pattern may have 1 KiB, a value 1 MiB unless max_value says otherwise.
- Reads answer with what this node has, which may be behind the others. CONF CONSISTENCY asks for more, for all that
  this connection reads from then on, WATCH included: behind a barrier (LINEARIZABLE), or not older than a time (BOUNDED).
  Writes need none of it: they compare what they have read before they are committed. A backup is always what the node has.
- There is one database, 0, and one user, default.

Errors with a code of confman's own, or with a meaning that clients act on:

| code | meaning |
|---|---|
| ` + "`CLUSTERDOWN`" + ` | a write found no leader in time and was not proposed, or a read under CONF CONSISTENCY LINEARIZABLE no majority; clients may send it again |
| ` + "`TRYAGAIN`" + ` | this node has too much to do, and did nothing of what was asked; clients may send it again |
| ` + "`INDOUBT`" + ` | the write was proposed and its outcome is not known: read before you write again |
| ` + "`MASTERDOWN`" + ` | a read under CONF CONSISTENCY BOUNDED: this node's data may be older than allowed; another node may answer it |
| ` + "`LOADING`" + ` | this node has just joined and has not copied everything yet; clients may send it again |
| ` + "`GONE`" + ` | what a stream was asked for is not kept any more: read the configs anew, then go on from the revision that the error names |
| ` + "`MISCONF`" + ` | this node takes no writes: its disk is full, or it only reads; other nodes take them |
`
