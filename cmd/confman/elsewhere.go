package main

import (
	"time"

	"confman/replication"
)

// longSilence is how long nothing may have come from another node for clients to be sent there: a leader
// hears every node that is there more often than that, in every profile.
const longSilence = 5 * time.Second

// elsewhere returns where clients of a node that is to be stopped find another one: the leader, or of those
// that it is in contact with the one that was heard last, a voter before any other. It is "" if there is none.
func elsewhere(st replication.Status) string {
	if st.Leader != 0 && st.Leader != st.ID {
		return st.LeaderAddr
	}
	var best replication.Member
	for _, m := range st.Members {
		l, linked := st.Links[m.ID]
		if !linked || m.RESP == "" || l.Contact < 0 || l.Contact > longSilence {
			continue
		}
		if better := best.RESP == "" || m.Voter && !best.Voter; better || m.Voter == best.Voter && l.Contact < st.Links[best.ID].Contact {
			best = m
		}
	}
	return best.RESP
}
