package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const head = `# How fast confman is

Written by ` + "`make bench`" + `: confman beside what people would pick instead, in one run on one machine, in turns that swap who begins in
every round, with the same values, clients and connections. **Only the ratios count**, of the medians of all rounds, with the least and the
greatest ratio of a single round; figures of one side say how large things are here. Clients and servers share the machine.

%s

Servers run with their defaults, confman with the profile lan and ` + "`write_hold`" + ` of 7 s, which is as long as etcd waits for a slow disk; its nodes speak TLS with each other, and etcd's plain text. All
writes of confman and etcd are on the disks of a majority before they are answered. Where servers have one core, clients have the others. Clients are
connected to the leader unless a row says where. etcd's are its own for Go, which take more of the machine than those that speak Redis's
protocol. ` + "`make bench RUN='Reads, one server/GET'`" + ` measures again the rows whose topic and name,
with a slash between them, match that regular expression, and ` + "`make bench`" + ` all. docs/performance.json has every round.

![All ratios](performance.svg)
`

const tail = `
## What was not reached, and why

- **Writes of many clients.** Both cores are busy, so it counts what a SET takes of the processor on all three nodes: about 170 us with 50 clients, 65 us
  in a pipeline of 16. Half of what a follower takes is carrying it out: BuntDB's tree is searched for the config, what it was becomes a version,
  both are hashed into the state that nodes compare, and the audit gets its record. An eighth is the garbage collector's; the rest are system calls,
  TLS between nodes (etcd's speak plain text here), and raft. etcd checks one transaction of 16 or 100 puts as one; confman's 16 SETs are 16
  transactions with guards, authors and outcomes of their own, and a MULTI of 100 HSETs reads what it writes over. ` + "`GOGC=200`" + ` in the
  environment gives up to a tenth more writes, for up to half more memory while they come. Four times as many as etcd's would leave 30 us of both cores for a SET of a
  pipeline, clients included.
- **Writes of 1 KiB.** After 256 MiB the history is at its bound (` + "`CONFIG SET history-bytes`" + `): each further write drops a version, and
  the store's file, which holds it, is written anew more often. etcd's history grows until somebody compacts it.
- **SET of one client.** A write is on its way between a dozen threads of three processes and through two disks, as etcd's is. Nothing of that is confman's own
  but the last tenth.
- **GET with all cores.** The clients need a core, and the other one is all that a server has here: confman's loop, as redis-server's. On one core
  confman answers nine tenths of redis-server's GETs or more, so it is on a machine with more cores, which has more loops, that more can be had.
- **Reads beside etcd, and of followers.** A GET is little else than two system calls, one to read and one to write, where etcd's is mostly its own code. So the
  ratio falls where system calls take long, as on a virtual machine. A follower or a non-voter is slower than the leader by about as much as rounds differ.
- **Restart, and memory.** A config of 100 bytes is a record of 126 and a key of 24, which are in BuntDB's item and tree (80) and in the index (50); the runtime adds
  what its size classes and half-filled pages waste, a fifth. A restart has to touch all of that for the first time, which takes more of it than reading,
  checking and sorting: on a virtual machine a page of 4 KiB costs up to 10 us, and confman touches twice as many as redis-server. With a hash table of our
  own in the place of Go's map, and key and record in one piece,
  a config took 0.83 of that; but finding one that is in no cache took twice the time, and a restart 1.2 times the processor's, so it was taken back.
- **HGETALL of 100 of a million configs.** Answers are kept ready for 16 MiB (` + "`hgetall_ready_bytes`" + `), here 1,300 namespaces. Of 10,000 that are read at
  random most are put together anew.
`

// page is docs/performance.md.
func (r results) page(all []Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, head, r.setting())
	topic := ""
	for _, row := range all {
		if row.Topic != topic {
			topic = row.Topic
			fmt.Fprintf(&b, "\n## %s\n\n`make bench RUN='%s/'`\n\n", topic, topic)
			b.WriteString("| work | against | ratio (least to greatest) | to reach | | confman | the other |\n|---|---|---|---|---|---|---|\n")
		}
		b.WriteString(r.line(row))
	}
	b.WriteString("\n![Memory, files, restart and join against the number of configs](growth.svg)\n" + tail)
	return b.String()
}

// setting tells on what machine and with which programs the rows were measured.
func (r results) setting() string {
	if len(r.Rows) == 0 {
		return "Nothing has been measured yet."
	}
	m := r.Machine
	with := map[string]int{}
	for _, one := range r.Rows {
		with[fmt.Sprintf("%s, %d rounds of %s a side", one.With, len(one.Pairs), one.Time)]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Machine: %s, %d cores, %s, Linux %s.", m.CPU, m.Cores, m.Memory, m.Kernel)
	for _, programs := range slices.Sorted(maps.Keys(with)) {
		fmt.Fprintf(&b, "\n%d of the rows: %s.", with[programs], programs)
	}
	return b.String()
}

// line is a row of a table.
func (r results) line(row Row) string {
	m, found := r.Rows[row.Name]
	if !found {
		return fmt.Sprintf("| %s | %s | | %s | not measured | | |\n", row.Name, row.Against, row.goal())
	}
	v := m.judge(row)
	ratio, theirs := "", ""
	if v.ratio != 0 {
		ratio = fmt.Sprintf("%.2f (%.2f to %.2f)", v.ratio, v.least, v.most)
		theirs = row.figure(v.theirs)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", row.Name, row.Against, ratio, row.goal(), v.words(row), row.figure(v.ours), theirs)
}

// goal is what is to be reached, in words.
func (row Row) goal() string {
	if row.Reach == 0 {
		return ""
	}
	bound := "at least"
	if row.Less {
		bound = "at most"
	}
	if row.Absolute {
		return fmt.Sprintf("%s %s", bound, row.figure(row.Reach))
	}
	return fmt.Sprintf("%s %.2f", bound, row.Reach)
}

// words tell whether the goal is reached.
func (v verdict) words(row Row) string {
	switch {
	case row.Reach == 0:
		return ""
	case v.reached:
		return "reached"
	}
	return "**not reached**"
}

// figure is one with its unit, such as 12,345 /s.
func (row Row) figure(f float64) string {
	digits := 0
	if f < 100 {
		digits = 2
	}
	text := fmt.Sprintf("%.*f", digits, f)
	whole, rest, _ := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole + " " + row.Unit
}
