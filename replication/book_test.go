package replication

import (
	"testing"

	"github.com/lni/dragonboat/v4/config"
)

var (
	_ config.NodeRegistryFactory = (*book)(nil)
	_ config.TransportFactory    = (*transport)(nil)
)

func TestTheBookKnowsOnWhichHostAReplicaIs(t *testing.T) {
	var b book
	if _, _, err := b.Resolve(1, 1); err == nil {
		t.Error("resolved a replica that nobody added")
	}
	b.Add(1, 1, "127.0.0.1:1") // no host id: not a reason to panic
	b.Add(1, 1, hostA)
	b.Add(1, 1, hostB) // dragonboat's own registry panics here
	b.Add(1, 2, hostA)
	b.Add(2, 1, hostC)
	for range 2 {
		if target, queue, err := b.Resolve(1, 1); target != hostB || queue != hostB || err != nil {
			t.Errorf("replica 1: %s, %s, %v", target, queue, err)
		}
	}
	b.Remove(1, 1)
	if _, _, err := b.Resolve(1, 1); err == nil {
		t.Error("resolved a removed replica")
	}
	b.RemoveShard(1)
	if _, _, err := b.Resolve(1, 2); err == nil {
		t.Error("resolved a replica of a removed shard")
	}
	if target, _, _ := b.Resolve(2, 1); target != hostC {
		t.Errorf("replica 1 of shard 2: %s", target)
	}
}

func TestAHostItselfKnowsBestWhereItIs(t *testing.T) {
	var agreed table
	b := book{lookup: agreed.lookup}
	is := func(want string) {
		t.Helper()
		if addr, found := b.address(hostA); addr != want || found != (want != "") {
			t.Errorf("at %q, %v, want %q", addr, found, want)
		}
	}
	is("")
	agreed.set(hostA, "127.0.0.1:1")
	is("127.0.0.1:1")
	b.learn(hostA, "127.0.0.1:2")
	is("127.0.0.1:2")
	b.failed(hostA, "127.0.0.1:3") // an address it left long ago
	is("127.0.0.1:2")
	b.failed(hostA, "127.0.0.1:2")
	is("127.0.0.1:1")
	b.learn(hostA, "127.0.0.1:1")
	b.failed(hostA, "127.0.0.1:1") // nothing better to try
	is("127.0.0.1:1")

	var alone book
	alone.learn(hostA, "127.0.0.1:4")
	alone.failed(hostA, "127.0.0.1:4")
	if addr, _ := alone.address(hostA); addr != "127.0.0.1:4" {
		t.Errorf("the only address was forgotten: %q", addr)
	}
}
