package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// How a check ends. Only what fails makes confman doctor fail.
const (
	fine    = "ok"
	warning = "warn"
	failing = "fail"
)

// A checkup is one thing that confman doctor looks at. What it finds is in look's words; what to do about it, unless it
// is fine, stands here.
type checkup struct {
	name   string
	look   func(*patient) (state, found string)
	remedy string
}

// localCheckups are about this machine, and need no node that runs.
var localCheckups = []checkup{
	{"fsync", checkSyncs, "use a faster disk, or have the nodes be more patient: confman member profile NAME, with the name that is recommended"},
	{"disk", checkDisk, "free some space, or move the data to a larger disk: a file that is written anew, and a copy of another node's state, stand beside the old one for a while"},
	{"descriptors", checkDescriptors, "raise LimitNOFILE= of the service (systemctl edit confman), or lower max_clients"},
	{"ports", checkPorts, "stop what has the port, or choose another with resp_addr or raft_addr"},
	{"permissions", checkPermissions, "chmod and chown what is named, to the user of the service alone: the keys let anybody in who reads them"},
	{"certificates", checkCertificates, "confman cert node makes a new one, and cert ca begins the exchange of an authority: the operators' page has the steps"},
	{"clock", checkClock, "start a time service: timedatectl set-ntp true, or chrony; expiry and certificates go by the clock"},
	{"memory", checkMemory, "raise MemoryMax= of the service, or give the machine more memory: a node holds all configs in it"},
}

// clusterCheckups ask the node of this machine, and the others.
var clusterCheckups = []checkup{
	{"health", checkHealth, "confman status, and the journal of the node that is named (journalctl -u confman), say why"},
	{"members", checkMembers, "start the nodes that do not answer (systemctl start confman), or open their client port to this machine; confman node replace is for what is lost"},
	{"quorum", checkQuorum, "bring the nodes back that are away before another one goes; three voters can do without one: confman member add"},
	{"lag", checkLag, "see whether the disk or the network of the node that is named keeps up; it catches up by itself"},
	{"timing", checkTiming, "have the nodes be more patient: confman member profile NAME, with the name that is recommended"},
	{"clocks", checkClocks, "start a time service on the machines that are named: timedatectl set-ntp true, or chrony"},
	{"versions", checkVersions, "upgrade the others too: what a newer version brings waits until all nodes have it"},
	{"state", checkState, "confman backup from another node, and then confman node repair on the one that is named"},
}

// A diagnosis is how confman doctor shows a check.
type diagnosis struct {
	Check  string `json:"check" yaml:"check"`
	State  string `json:"state" yaml:"state"` // ok, warn or fail
	Found  string `json:"found" yaml:"found"`
	Remedy string `json:"remedy,omitempty" yaml:"remedy,omitempty"`
}

// A patient is what confman doctor looks at. It changes nothing of it.
type patient struct {
	*program
	ctx      context.Context
	settings Settings
	file     string            // of the settings, or ""
	pid      int               // of the process that uses the data directory, or 0
	fields   map[string]string // of the node of this machine; nil if it does not answer
	why      error             // it does not
	others   []examined        // the other members
	proc     string            // where Linux tells of processes
	cgroups  string            // and of their limits
	synced   func() (bool, error)
}

func (p *program) doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "check this machine, and the cluster if its node runs, and say what to do",
		Flags: append(settingFlags(), p.outputFlag()),
		Action: func(c *cli.Context) error {
			if err := needArgs(c, 0, 0); err != nil {
				return err
			}
			s, _, err := p.settings(c)
			if err != nil {
				return err
			}
			p.useSettings(s)
			file, _, err := p.sources(c).read()
			if err != nil {
				return err
			}
			return p.doctor(p.newPatient(c.Context, s, file))
		},
	}
}

// newPatient asks who is there.
func (p *program) newPatient(ctx context.Context, s Settings, file string) *patient {
	d := &patient{program: p, ctx: ctx, settings: s, file: file, proc: "/proc", cgroups: "/sys/fs/cgroup", synced: clockSynced}
	d.pid = d.holder(filepath.Join(s.DataDir, "lock"))
	d.examine()
	return d
}

// diagnose goes through the checks that can be done.
func (d *patient) diagnose() []diagnosis {
	checkups := localCheckups
	node := diagnosis{Check: "node", State: fine, Found: fmt.Sprintf("node %s answers at %s", d.fields["node_id"], ownAddr(d.settings))}
	if d.fields == nil {
		node = diagnosis{"node", warning, "only this machine is checked: " + strings.ReplaceAll(d.why.Error(), "--addr", "--resp-addr"), "start it, if it is to run (systemctl start confman); the journal says why it does not"}
	} else {
		checkups = slices.Concat(localCheckups, clusterCheckups)
	}
	all := []diagnosis{node}
	for _, c := range checkups {
		one := diagnosis{Check: c.name}
		if one.State, one.Found = c.look(d); one.State != fine {
			one.Remedy = c.remedy
		}
		all = append(all, one)
	}
	return all
}

// doctor prints what was found; it is an error if anything fails.
func (p *program) doctor(d *patient) error {
	all := d.diagnose()
	err := p.show(all, func(w io.Writer) error { return doctorTable(w, all) })
	var failed []string
	for _, one := range all {
		if one.State == failing {
			failed = append(failed, one.Check)
		}
	}
	if err == nil && len(failed) > 0 {
		err = failure{exitFailure, fmt.Errorf("%d of %d checks failed: %s", len(failed), len(all), strings.Join(failed, ", "))}
	}
	return err
}

// doctorTable has what was found, and below it what to do.
func doctorTable(w io.Writer, all []diagnosis) error {
	rows := [][]string{{"CHECK", "STATE", "FOUND"}}
	for _, one := range all {
		rows = append(rows, []string{one.Check, one.State, one.Found})
	}
	if err := columns(w, rows); err != nil {
		return err
	}
	for _, one := range all {
		if one.Remedy != "" {
			fmt.Fprintf(w, "%s: %s\n", one.Check, one.Remedy)
		}
	}
	return nil
}

// worst is the worse of two states.
func worst(a, b string) string {
	order := []string{fine, warning, failing}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// existing is a directory, or the nearest one above it that is there.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
