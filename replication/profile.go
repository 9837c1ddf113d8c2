package replication

import (
	"fmt"
	"time"
)

// A Profile says how patient the nodes of a cluster are with each other. All of them
// use the same one, on which they have agreed in the store.
type Profile struct {
	Name      string
	Tick      time.Duration // raft's unit of time
	Election  uint64        // ticks without a leader before an election: once to twice as many
	Heartbeat uint64        // ticks between a leader's heartbeats
	Again     time.Duration // when a proposal that nothing was heard of is repeated
	Snapshot  uint64        // entries between snapshots, which let the log be cut
	Overhead  uint64        // entries that stay in the log for nodes that were away
}

// silence is how long a host that is there may say nothing: two heartbeats, and what a busy
// machine takes.
func (p Profile) silence() time.Duration {
	return 2*time.Duration(p.Heartbeat)*p.Tick + 200*time.Millisecond
}

// dialTime is how long it may take to connect to a host that is far away: three times there and back.
func (p Profile) dialTime() time.Duration { return max(time.Second, p.election()) }

// election is how long a voter that hears nothing of a leader waits at least until it stands for election.
func (p Profile) election() time.Duration { return time.Duration(p.Election) * p.Tick }

// step is what an election takes: messages there and back, and a sync at each end.
func (p Profile) step() time.Duration { return p.election() / 5 }

// Profiles are the profiles there are, from the most to the least impatient.
var Profiles = []Profile{
	{"lan", 10 * time.Millisecond, 15, 1, 600 * time.Millisecond, 10_000, 10_000},
	{"edge", 50 * time.Millisecond, 10, 1, 2 * time.Second, 10_000, 20_000},
	{"wan", 100 * time.Millisecond, 20, 2, 8 * time.Second, 5_000, 50_000},
	{"metered", 200 * time.Millisecond, 75, 5, time.Minute, 5_000, 50_000},
}

// defaultProfile is what a cluster is founded with if nobody says otherwise.
const defaultProfile = "edge"

// orDefault is the profile, or the default one if it is none.
func (p Profile) orDefault() Profile {
	if p.Name == "" {
		p, _ = ProfileNamed(defaultProfile) // it exists
	}
	return p
}

// ProfileNamed returns the profile of that name.
func ProfileNamed(name string) (Profile, error) {
	for _, p := range Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("no profile %q: there are lan, edge, wan and metered", name)
}
