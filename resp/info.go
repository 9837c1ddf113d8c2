package resp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"confman/store"
)

// A section is one of INFO's. There is no transaction while the node is loading.
type section struct {
	name  string
	asked bool // it is shown only to who asks for it by name, or for all
	facts func(*session, *store.Tx) []Fact
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
	{"Modules", false, func(*session, *store.Tx) []Fact { return nil }},
	{"Commandstats", true, commandFacts},
	{"Errorstats", false, errorFacts},
	{"Latencystats", true, latencyFacts},
	{"Cluster", false, func(*session, *store.Tx) []Fact { return []Fact{{"cluster_enabled", "0"}} }},
	{"Keyspace", false, keyspaceFacts},
}

// info writes the sections asked for. The node is asked about itself outside of the View: it
// may look at its data for the answer.
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
	var texts []string
	describe := func(tx *store.Tx) error {
		texts = nil
		for _, one := range sections {
			if wants(one) {
				texts = append(texts, sectionText(one.name, one.facts(s, tx)))
			}
		}
		return nil
	}
	err := s.server.Node.View(ctx, describe)
	if errors.Is(err, store.ErrLoading) {
		err = describe(nil)
	}
	if err != nil {
		return fromNode(err, s.server.Log)
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
