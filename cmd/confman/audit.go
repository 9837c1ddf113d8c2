package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"confman/resp"
	"confman/store"

	"github.com/urfave/cli/v2"
)

func (p *program) auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", ArgsUsage: "[NAMESPACE]", Usage: "show who changed what, from where and why, what operators did, and what was denied",
		Flags: p.clientFlags(
			&cli.Uint64Flag{Name: "since", Usage: "from this revision on, instead of the newest"},
			&cli.IntFlag{Name: "count", Value: 100, Usage: "how much to show, 1 to 1000"},
			&cli.StringFlag{Name: "by", Usage: "what this user did"},
		),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 1); err != nil {
				return err
			}
			return p.ask(c, func(n *node) error { return p.audit(n, c) })
		},
		Subcommands: []*cli.Command{p.auditVerifyCommand(), p.auditExportCommand()},
	}
}

// A deed is a line of the audit as CONF AUDIT tells it.
type deed struct {
	Revision int64         `json:"revision" yaml:"revision"`
	Time     string        `json:"time" yaml:"time"`
	By       string        `json:"by" yaml:"by"`
	Addr     string        `json:"addr" yaml:"addr"`
	Protocol string        `json:"protocol" yaml:"protocol"`
	Client   string        `json:"client" yaml:"client"`
	Reason   string        `json:"reason" yaml:"reason"`
	Act      string        `json:"act" yaml:"act"`
	Names    []string      `json:"names" yaml:"names"`
	Refused  string        `json:"refused" yaml:"refused"`
	Times    int64         `json:"times" yaml:"times"`
	Changes  []auditChange `json:"changes" yaml:"changes"`
}

type auditChange struct {
	Name   string `json:"name" yaml:"name"`
	Events string `json:"events" yaml:"events"`
	From   int64  `json:"from" yaml:"from"`
	To     int64  `json:"to" yaml:"to"`
	Old    string `json:"old" yaml:"old"`
	New    string `json:"new" yaml:"new"`
}

// fieldsOf are the fields of a map as it is answered.
type fieldsOf map[string]resp.Reply

func newFields(r resp.Reply) fieldsOf {
	pairs, _ := r.([]resp.Reply)
	f := fieldsOf{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		f[name] = pairs[i+1]
	}
	return f
}

func (f fieldsOf) text(name string) string {
	s, _ := f[name].(string)
	return s
}

func (f fieldsOf) number(name string) int64 {
	n, _ := f[name].(int64)
	return n
}

func (f fieldsOf) list(name string) []resp.Reply {
	all, _ := f[name].([]resp.Reply)
	return all
}

func newDeed(r resp.Reply) deed {
	f := newFields(r)
	d := deed{
		Revision: f.number("revision"), Time: moment(store.Millis(f.number("time"))), By: f.text("by"), Addr: f.text("addr"),
		Protocol: f.text("protocol"), Client: f.text("client"), Reason: f.text("reason"), Act: f.text("act"),
		Names: []string{}, Refused: f.text("refused"), Times: f.number("times"), Changes: []auditChange{},
	}
	for _, name := range f.list("names") {
		text, _ := name.(string)
		d.Names = append(d.Names, text)
	}
	for _, change := range f.list("changes") {
		c := newFields(change)
		d.Changes = append(d.Changes, auditChange{c.text("name"), c.text("events"), c.number("from"), c.number("to"), c.text("old"), c.text("new")})
	}
	return d
}

func (p *program) audit(n *node, c *cli.Context) error {
	words := []string{"CONF", "AUDIT"}
	if ns := c.Args().First(); ns != "" {
		words = append(words, strings.TrimSuffix(ns, "/")+"/") // a slash makes it no option
	}
	if c.IsSet("since") {
		words = append(words, "SINCE", number(c.Uint64("since")))
	}
	if c.IsSet("by") {
		words = append(words, "BY", c.String("by"))
	}
	reply, err := n.do(append(words, "COUNT", strconv.Itoa(c.Int("count")))...)
	if err != nil {
		return err
	}
	lines, fine := reply.([]resp.Reply)
	if !fine {
		return fmt.Errorf("CONF AUDIT answers %s", resp.Format(reply))
	}
	all := []deed{}
	for _, line := range lines {
		all = append(all, newDeed(line))
	}
	return p.show(all, func(w io.Writer) error { return auditTable(w, all) })
}

// auditTable shows a row for each change, and for whatever else was done or denied.
func auditTable(w io.Writer, all []deed) error {
	rows := [][]string{{"REVISION", "TIME", "BY", "ADDR", "CLIENT", "REASON", "WHAT"}}
	for _, d := range all {
		row := func(what string) {
			rows = append(rows, []string{strconv.FormatInt(d.Revision, 10), d.Time, orDash(d.By), orDash(d.Addr), orDash(d.Client), orDash(d.Reason), what})
		}
		for _, c := range d.Changes {
			row(c.String())
		}
		if d.Act != "" {
			row(d.String())
		}
	}
	return columns(w, rows)
}

func (c auditChange) String() string {
	switch {
	case c.Name == "":
		return c.Events + " of every config"
	case c.To == 0:
		return fmt.Sprintf("%s %s, was version %d", c.Events, c.Name, c.From)
	case c.From == 0:
		return fmt.Sprintf("%s %s, version %d", c.Events, c.Name, c.To)
	}
	return fmt.Sprintf("%s %s, version %d to %d", c.Events, c.Name, c.From, c.To)
}

func (d deed) String() string {
	what := strings.Join(append([]string{d.Act}, d.Names...), " ")
	if d.Refused != "" {
		what += ", refused: " + d.Refused
	}
	if d.Times > 1 {
		what += fmt.Sprintf(", %d times", d.Times)
	}
	return what
}

// A chainPage is an answer of CONF CHAIN.
type chainPage struct {
	floor, last  uint64
	before, head store.Chain
	records      []store.RawPast
}

// chain asks for the records from a revision on, or from the first.
func (n *node) chain(since uint64) (page chainPage, err error) {
	words := []string{"CONF", "CHAIN", "COUNT", "1000"}
	if since > 0 {
		words = append(words, "SINCE", number(since))
	}
	reply, err := n.do(words...)
	if err != nil {
		return page, err
	}
	f := newFields(reply)
	page.floor, page.last = uint64(f.number("floor")), uint64(f.number("last"))
	var bad error
	page.before, err = chainFrom(f.text("before"))
	page.head, bad = chainFrom(f.text("head"))
	if err = errors.Join(err, bad); err != nil {
		return page, fmt.Errorf("CONF CHAIN answers what it should not: %w", err)
	}
	for _, r := range f.list("records") {
		pair, _ := r.([]resp.Reply)
		if len(pair) != 2 {
			return page, fmt.Errorf("CONF CHAIN answers a record %s", resp.Format(r))
		}
		revision, _ := pair[0].(int64)
		record, _ := pair[1].(string)
		page.records = append(page.records, store.RawPast{Revision: uint64(revision), Record: record})
	}
	return page, nil
}

// eachRecord visits all records from a revision on, or from the first. begin is told the chain's value in front of each page, and end
// what it is behind the last one.
func (n *node) eachRecord(since uint64, begin func(chainPage) error, visit func(store.RawPast) error, end func(chainPage) error) error {
	for {
		page, err := n.chain(since)
		if err == nil {
			err = begin(page)
		}
		for _, r := range page.records {
			if err == nil {
				err = visit(r)
			}
			since = r.Revision + 1
		}
		if err != nil {
			return err
		}
		if len(page.records) == 0 || since > page.last {
			return end(page)
		}
	}
}
