package resp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"confman/store"
)

// A section is one of INFO's.
type section struct {
	name  string
	asked bool // it is shown only to who asks for it by name, or for all
	facts func(*session, contents) []Fact
}

// contents are what INFO tells of the data.
type contents struct {
	loading           bool // there is no more to tell
	configs, expiring int
	left              store.Millis // on average, of those that expire
}

// sections are INFO's, in their order.
var sections = []section{
	{"Server", false, serverFacts},
	{"Clients", false, clientFacts},
	{"Memory", false, memoryFacts},
	{"Persistence", false, persistenceFacts},
	{"Stats", false, statFacts},
	{"Replication", false, replicationFacts},
	{"CPU", false, cpuFacts},
	{"Modules", false, func(*session, contents) []Fact { return nil }},
	{"Commandstats", true, commandFacts},
	{"Errorstats", false, errorFacts},
	{"Latencystats", true, latencyFacts},
	{"Cluster", false, func(*session, contents) []Fact { return []Fact{{"cluster_enabled", "0"}} }},
	{"Keyspace", false, keyspaceFacts},
}

// info writes the sections asked for. The node is asked about itself outside of the View: it
// may look at its data for the answer, and two Views in one wait for ever if a write comes in between.
func info(ctx context.Context, c *Call) Reply {
	s := c.session
	wanted := []string{"default"}
	if len(c.Args) > 0 {
		wanted = nil
	}
	for _, w := range c.Args {
		wanted = append(wanted, strings.ToLower(w))
	}
	wants := func(one section) bool {
		return slices.ContainsFunc(wanted, func(w string) bool {
			return w == strings.ToLower(one.name) || w == "all" || w == "everything" || w == "default" && !one.asked
		})
	}
	var of contents
	err := s.server.Node.View(ctx, func(tx *store.Tx) error {
		expiring, left := tx.Expiring()
		of = contents{configs: tx.Count(), expiring: expiring, left: left}
		return nil
	})
	if of.loading = errors.Is(err, store.ErrLoading); err != nil && !of.loading {
		return fromNode(err, s.server.Log)
	}
	var texts []string
	for _, one := range sections {
		if wants(one) {
			texts = append(texts, sectionText(one.name, one.facts(s, of)))
		}
	}
	if wants(section{name: "Confman"}) {
		facts := []Fact{{"confman_version", s.server.Version}}
		if s.server.Facts != nil {
			facts = append(facts, s.server.Facts()...)
		}
		texts = append(texts, sectionText("Confman", facts))
	}
	return Text(strings.Join(texts, "\r\n"))
}

func sectionText(name string, facts []Fact) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\r\n", name)
	for _, f := range facts {
		fmt.Fprintf(&b, "%s:%s\r\n", f.Name, f.Value)
	}
	return b.String()
}
