package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const clientsFile = "../docs/clients.md"

const clientsHead = `# Clients, as they were tried

Written by ` + "`make clients`" + `, which runs each client against three nodes of confman. It shows what it can do while the leader is killed
and comes back, and then the node that it is connected to is killed too. No client saw an error that it did not provoke, and
every increment counted once; where a connection broke before the answer came, once or not at all.

`

// what each ability stands for, for people.
const clientsFoot = `
- **connect**: it greets the node, and gives its connection a name.
- **strings**: values of any bytes are set and read, one and several; and counting goes on without an error and without a gap
  while the leader is killed.
- **hashes**: a namespace is a hash, whose fields are configs.
- **pipelines**: a hundred commands at once, of which one fails.
- **transactions**: MULTI and EXEC, and an EXEC that does nothing because a watched config has changed.
- **scan**: its iterators meet each name and each field once.
- **pubsub**: channels and patterns.
- **expiry**: a config that is gone after a while, and one that is to stay after all.
- **caching**: what was read is answered from the client's memory until somebody writes it. A client without it has a dash.
- **reconnect**: its node is killed while it counts, and it goes on at another.

Clients were told not to send again what may have been carried out (go-redis: ` + "`MaxRetries: -1`" + `, redis-rb: ` + "`reconnect_attempts: 0`" + `,
phpredis: ` + "`OPT_MAX_RETRIES` 0" + `). A client that does so after its node has died counts twice, as it would with Redis.

## Which addresses a client is given

Any node's: all of them take reads and writes. A client that is to go on when its node is away is given a name or a balancer that leads
to all of them, or tries one address after the other when it connects: go-redis, rueidis and redigo with a dialer of the
application's (` + "`Dialer`, `DialCtxFn`, `DialContextFunc`" + `), the others by connecting anew.

confman is neither Redis Cluster nor Sentinel, and clients of those are told so at once: ` + "`ERR unknown command 'CLUSTER'`" + ` and ` + "`'SENTINEL'`" + `.
go-redis's ` + "`NewUniversalClient` and rueidis's `NewClient`" + ` take several addresses for those of a cluster.
`

// A clientsPage is what was found out, as rows of tables.
type clientsPage struct {
	clients, modes, bursts []string
}

func (p *clientsPage) addClient(c contestant, version string) {
	cells := []string{c.name, version}
	for _, a := range abilities {
		if _, lacks := c.lacks[a]; lacks {
			cells = append(cells, "–")
		} else {
			cells = append(cells, "yes")
		}
	}
	p.clients = append(p.clients, "| "+strings.Join(cells, " | ")+" |")
}

func (p *clientsPage) addMode(m mode) {
	words := strings.Join(strings.Fields(m.tool+" "+strings.NewReplacer("SHOWN", "app", "ADDRESS", "HOST:PORT").Replace(m.args)), " ")
	p.modes = append(p.modes, fmt.Sprintf("| `%s` | %s |", words, m.tells))
}

func (p *clientsPage) addBurst(client string, commands int) {
	p.bursts = append(p.bursts, fmt.Sprintf("| %s | %d |", client, commands))
}

func (p *clientsPage) String() string {
	table := func(rows []string, columns ...string) string {
		return "| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n" + strings.Join(rows, "\n") + "\n"
	}
	return clientsHead + table(p.clients, append([]string{"client", "version"}, abilities...)...) + clientsFoot +
		"\n## Modes of redis-cli and redis-benchmark\n\nWhat is refused is refused in words.\n\n" + table(p.modes, "command", "what it does here") +
		"\n## Clients whose words were recorded\n\nWhat they send at once when they connect is replayed: each command gets the kind of reply that the client needs.\n\n" +
		table(p.bursts, "client", "commands")
}

// compare writes the page where it is to be written, and otherwise has it say what was found out. Clients'
// versions may be others there, and a machine may lack some of the clients.
func (p *clientsPage) compare(t *testing.T) {
	if os.Getenv("CONFMAN_CLIENTS_PAGE") == "1" {
		if err := os.WriteFile(clientsFile, []byte(p.String()), 0o644); err != nil {
			t.Error(err)
		}
		return
	}
	content, err := os.ReadFile(clientsFile)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		written[withoutVersion(strings.TrimSuffix(line, "\n"))] = true
	}
	for line := range strings.Lines(p.String()) {
		if line = withoutVersion(strings.TrimSuffix(line, "\n")); !written[line] {
			t.Errorf("docs/clients.md does not say (make clients writes it): %s", line)
		}
	}
}

// withoutVersion takes the second cell out of a client's row.
func withoutVersion(line string) string {
	if cells := strings.Split(line, "|"); len(cells) == len(abilities)+4 {
		cells[2] = ""
		return strings.Join(cells, "|")
	}
	return line
}
