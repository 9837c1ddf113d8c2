package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"confman/replication"
	"confman/resp"
)

// An examined is a member as this machine sees it.
type examined struct {
	id, addr string
	voter    bool
	fields   map[string]string // nil if it does not answer
	why      error
	ahead    time.Duration // of its clock before this machine's
	apart    time.Duration // how long asking took, which is how little ahead says
}

// examine asks the node of this machine about itself, and all others.
func (d *patient) examine() {
	addr := ownAddr(d.settings)
	if d.fields, d.why = d.infoOf(d.ctx, addr); d.why != nil {
		return
	}
	n, err := d.dial(d.ctx, addr)
	if err == nil {
		defer n.Close()
	}
	var members []map[string]string
	if err == nil {
		members, err = n.members()
	}
	if err != nil {
		d.fields, d.why = nil, err
		return
	}
	for _, m := range members {
		if m["id"] == d.fields["node_id"] {
			d.fields["voter"] = m["voter"]
			continue
		}
		one := examined{id: m["id"], addr: m["resp"], voter: m["voter"] == "1"}
		if one.fields, one.why = d.infoOf(d.ctx, one.addr); one.why == nil && one.fields["node_id"] != one.id {
			one.fields, one.why = nil, fmt.Errorf("node %s is there", one.fields["node_id"])
		}
		if one.fields != nil {
			one.ahead, one.apart = d.clockOf(one.addr)
		}
		d.others = append(d.others, one)
	}
}

// clockOf compares a node's clock with this machine's, by the quickest of some questions.
func (d *patient) clockOf(addr string) (ahead, apart time.Duration) {
	ctx, cancel := context.WithTimeout(d.ctx, time.Second)
	defer cancel()
	apart = time.Hour // nothing is known
	n, err := d.dial(ctx, addr)
	if err != nil {
		return 0, apart
	}
	defer n.Close()
	for range 5 {
		asked := now()
		reply, err := n.do("TIME")
		took := now().Sub(asked)
		if err != nil {
			break
		}
		if at, known := timeOf(reply); known && took >= 0 && took < apart {
			apart, ahead = took, at.Sub(asked.Add(took/2))
		}
	}
	return ahead, apart
}

// timeOf reads the reply of TIME.
func timeOf(reply resp.Reply) (at time.Time, known bool) {
	words, err := texts(reply)
	if err != nil || len(words) != 2 {
		return at, false
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	micros, bad := strconv.ParseInt(words[1], 10, 64)
	return time.Unix(seconds, micros*1000), err == nil && bad == nil
}

// answering are the nodes that answer, this machine's first, by number.
func (d *patient) answering() (all []map[string]string) {
	all = append(all, d.fields)
	for _, m := range d.others {
		if m.fields != nil {
			all = append(all, m.fields)
		}
	}
	return all
}

// checkHealth looks how the nodes feel themselves.
func checkHealth(d *patient) (state, found string) {
	state = fine
	var ill []string
	for _, f := range d.answering() {
		switch f["health"] {
		case "red":
			state = failing
			ill = append(ill, fmt.Sprintf("node %s only reads: %s", f["node_id"], f["degraded"]))
		case "yellow":
			state = worst(state, warning)
			ill = append(ill, fmt.Sprintf("node %s takes no writes: its disk is nearly full", f["node_id"]))
		}
	}
	if state == fine {
		return fine, "all nodes that answer are green"
	}
	return state, strings.Join(ill, "; ")
}

func checkMembers(d *patient) (state, found string) {
	var away []string
	for _, m := range d.others {
		if m.fields == nil {
			away = append(away, fmt.Sprintf("node %s at %s: %v", m.id, m.addr, m.why))
		}
	}
	if len(away) > 0 {
		return warning, strings.Join(away, "; ")
	}
	return fine, fmt.Sprintf("%d of %d nodes answer", len(d.others)+1, len(d.others)+1)
}

// checkQuorum asks whether there is a leader, and whether there would be one without one voter more.
func checkQuorum(d *patient) (state, found string) {
	voters, up := 0, 0
	led := d.fields["raft_leader"] != "0"
	if d.fields["voter"] == "1" {
		voters, up = 1, 1
	}
	for _, m := range d.others {
		if m.voter {
			voters++
		}
		if m.voter && m.fields != nil {
			up++
			led = led || m.fields["raft_leader"] != "0"
		}
	}
	found = fmt.Sprintf("%d of %d voters answer", up, voters)
	switch {
	case !led:
		return failing, found + ", and no node knows a leader: writes wait"
	case voters == 1:
		return fine, "one voter: there is nobody to stand in for it"
	case up-1 <= voters/2:
		return warning, found + ": if one goes, writes wait"
	}
	return fine, found + ": one may go"
}

// lagTries is how often who is behind is looked at, as every follower is for a moment.
const lagTries = 10

// checkLag compares what nodes have applied with what one that leads had applied before.
func checkLag(d *patient) (state, found string) {
	led, err := d.infoOf(d.ctx, d.fields["raft_leader_addr"])
	if err != nil {
		return warning, "not known: there is no leader that answers"
	}
	for range lagTries {
		if state, found = d.lag(led["applied_revision"]); state == fine || pause(d.ctx) != nil {
			break
		}
	}
	return state, found
}

// lag looks who has not reached a revision.
func (d *patient) lag(led string) (state, found string) {
	state = fine
	var all []string
	for _, m := range append(slices.Clone(d.others), examined{id: d.fields["node_id"], addr: ownAddr(d.settings), fields: d.fields}) {
		if m.fields == nil {
			continue
		}
		fields, err := d.infoOf(d.ctx, m.addr)
		switch behind := int64(revision(led) - revision(fields["applied_revision"])); {
		case err != nil:
		case fields["loading"] == "1":
			state = warning
			all = append(all, fmt.Sprintf("node %s copies the state", m.id))
		case behind > 0:
			state = warning
			all = append(all, fmt.Sprintf("node %s is %d revisions behind", m.id, behind))
		}
	}
	if state == fine {
		return fine, fmt.Sprintf("nobody is behind revision %s", led)
	}
	return state, strings.Join(all, "; ")
}

// roundTrips is how many of them an election has to take at least: votes go there and back, and some are lost.
const roundTrips = 5

// checkTiming compares how far away the voters are with how patient the cluster is.
func checkTiming(d *patient) (state, found string) {
	far := examined{}
	for _, m := range d.others {
		if m.voter && m.fields != nil && m.apart != time.Hour && m.apart > far.apart {
			far = m
		}
	}
	if far.id == "" {
		return fine, "there is no other voter that answers"
	}
	found = fmt.Sprintf("node %s answers in %v", far.id, round(far.apart))
	at := slices.IndexFunc(replication.Profiles, func(p replication.Profile) bool { return p.Name == d.fields["profile"] })
	better := slices.IndexFunc(replication.Profiles, func(p replication.Profile) bool { return roundTrips*far.apart <= election(p) })
	switch {
	case better < 0:
		return warning, found + ": far for every profile; recommended: metered"
	case at >= 0 && better > at:
		return warning, fmt.Sprintf("%s: far for profile %s; recommended: %s", found, d.fields["profile"], replication.Profiles[better].Name)
	}
	return fine, fmt.Sprintf("%s: fine for profile %s", found, d.fields["profile"])
}

// How far clocks may be apart: certificates and expiries go by seconds, and the turn to restart by minutes.
const (
	clocksApart = 500 * time.Millisecond
	clocksWrong = 30 * time.Second
)

func checkClocks(d *patient) (state, found string) {
	state = fine
	var all []string
	for _, m := range d.others {
		if m.fields == nil || m.apart == time.Hour {
			continue
		}
		apart := max(m.ahead.Abs()-m.apart/2, 0)
		switch {
		case apart > clocksWrong:
			state = failing
		case apart > clocksApart:
			state = worst(state, warning)
		}
		all = append(all, fmt.Sprintf("node %s %+d ms (±%d)", m.id, m.ahead.Milliseconds(), (m.apart/2).Milliseconds()+1))
	}
	if len(all) == 0 {
		return fine, "there is no other node to compare with"
	}
	return state, "before this machine's: " + strings.Join(all, ", ")
}

func checkVersions(d *patient) (state, found string) {
	by := map[string][]string{}
	for _, f := range d.answering() {
		by[f["confman_version"]] = append(by[f["confman_version"]], f["node_id"])
	}
	var all []string
	for v, ids := range by {
		all = append(all, fmt.Sprintf("%s on node %s", v, strings.Join(ids, ", ")))
	}
	slices.Sort(all)
	if found = strings.Join(all, "; "); len(by) > 1 {
		return warning, found
	}
	if mine := currentVersion(); mine != d.fields["confman_version"] {
		return warning, fmt.Sprintf("%s, and this command is %s: restart the node to run that (confman restart --rolling)", found, mine)
	}
	return fine, found
}

// checkState compares the data of nodes that stand at one revision: then it has to be the same.
func checkState(d *patient) (state, found string) {
	compared := 1
	for _, m := range d.others {
		for range lagTries {
			one, err := d.infoOf(d.ctx, m.addr)
			own, bad := d.infoOf(d.ctx, ownAddr(d.settings))
			if m.fields == nil || err != nil || bad != nil {
				break
			}
			if one["generation"] != own["generation"] || one["cluster_id"] != own["cluster_id"] {
				return failing, fmt.Sprintf("node %s is of cluster %s, generation %s, and node %s of cluster %s, generation %s",
					m.id, one["cluster_id"], one["generation"], own["node_id"], own["cluster_id"], own["generation"])
			}
			if one["applied_revision"] == own["applied_revision"] {
				if one["state_hash"] != own["state_hash"] {
					return failing, fmt.Sprintf("at revision %s node %s holds %s, and node %s holds %s", one["applied_revision"], m.id, one["state_hash"], own["node_id"], own["state_hash"])
				}
				compared++
				break
			}
			if pause(d.ctx) != nil {
				break
			}
		}
	}
	return fine, fmt.Sprintf("generation %s; %d of %d nodes were seen at one revision, and hold the same", d.fields["generation"], compared, len(d.others)+1)
}
