package main

import (
	"fmt"
	"slices"
	"strconv"
)

// A goal looks at the cluster and says how far it is from what was asked for, or that it is there.
type goal func(v view) (progress string, done bool)

// A view is the cluster as a command that waits sees it.
type view struct {
	members []map[string]string
	// info asks a member about itself; nil if it does not answer.
	info func(member map[string]string) map[string]string
	// leader is the revision of the leader, or "".
	leader string
}

// member returns a member by its number.
func (v view) member(id string) map[string]string {
	at := slices.IndexFunc(v.members, func(m map[string]string) bool { return m["id"] == id })
	if at < 0 {
		return nil
	}
	return v.members[at]
}

// copies says how far a node is that copies the state, or that it does not answer; copied is that it has it.
func (v view) copies(m map[string]string) (progress string, copied bool) {
	switch fields := v.info(m); {
	case fields == nil:
		return fmt.Sprintf("node %s does not answer at %s", m["id"], m["resp"]), false
	case fields["loading"] == "1", m["role"] == "non-voter" && m["meant"] == "voter":
		return fmt.Sprintf("node %s copies: revision %s of %s", m["id"], grouped(fields["applied_revision"]), grouped(v.leader)), false
	}
	return "", true
}

// joining is reached when a node that was not there before takes part, as what it is meant to be.
func joining(before []map[string]string, replaces string) goal {
	last := 0
	for _, m := range before {
		last = max(last, atoi(m["id"]))
	}
	return func(v view) (string, bool) {
		for _, m := range v.members {
			if atoi(m["id"]) <= last || replaces != "" && m["replaces"] != replaces && v.member(replaces) != nil {
				continue
			}
			if progress, copied := v.copies(m); !copied {
				return progress, false
			}
			return fmt.Sprintf("node %s takes part, as a %s", m["id"], m["meant"]), true
		}
		return "waiting for the new node", false
	}
}

// promoted is reached when a node votes.
func promoted(id string) goal {
	return func(v view) (string, bool) {
		m := v.member(id)
		switch {
		case m == nil:
			return fmt.Sprintf("node %s is no member any more", id), true
		case m["voter"] == "1":
			return fmt.Sprintf("node %s votes", id), true
		}
		progress, _ := v.copies(m)
		return progress, false
	}
}

// demoted is reached when a node has no vote, or another one in its place has copied the state.
func demoted(id string, before []map[string]string) goal {
	raft := view{members: before}.member(id)["raft"]
	return func(v view) (string, bool) {
		m := v.member(id)
		if m != nil {
			if m["voter"] == "0" && m["meant"] == "non-voter" && !v.hasSuccessor(id) {
				return fmt.Sprintf("node %s has no vote", id), true
			}
			return fmt.Sprintf("node %s gives its vote up", id), false
		}
		for _, m := range v.members {
			if raft != "" && m["raft"] == raft {
				if progress, copied := v.copies(m); !copied {
					return progress, false
				}
				return fmt.Sprintf("node %s is node %s now, and has no vote", id, m["id"]), true
			}
		}
		return fmt.Sprintf("node %s is no member any more", id), true
	}
}

func (v view) hasSuccessor(id string) bool {
	return slices.ContainsFunc(v.members, func(m map[string]string) bool { return m["replaces"] == id })
}

// removed is reached when a node is no member any more.
func removed(id string) goal {
	return func(v view) (string, bool) {
		if v.member(id) != nil {
			return fmt.Sprintf("node %s is leaving", id), false
		}
		return fmt.Sprintf("node %s is no member any more", id), true
	}
}

// following is reached when all nodes have a profile.
func following(profile string) goal {
	return func(v view) (string, bool) {
		have := 0
		for _, m := range v.members {
			if m["profile"] == profile {
				have++
			}
		}
		return fmt.Sprintf("%d of %d nodes have profile %s", have, len(v.members), profile), have == len(v.members)
	}
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text) // 0 for what is no number
	return n
}
