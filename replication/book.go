package replication

import (
	"fmt"
	"maps"
	"sync"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
)

// book says where everybody is. To dragonboat, as its node registry, it says on which host
// a replica is: that never changes. To the transport it says at which address a host is: that
// may change at any time. It is its own config.NodeRegistryFactory.
type book struct {
	// lookup returns a host's address as the members have agreed on it; it may be nil.
	lookup func(host string) (addr string, found bool)

	mu      sync.RWMutex
	hosts   map[raftio.NodeInfo]string // NodeHostID by replica
	learned map[string]string          // address by NodeHostID, from the host itself
}

// Create is called once, by the NodeHost.
func (b *book) Create(string, uint64, config.TargetValidator) (raftio.INodeRegistry, error) {
	return b, nil
}

// Close does nothing.
func (b *book) Close() error { return nil }

// Add notes on which host a replica is, as dragonboat learned it from the membership or
// from a message. What is no host id is left out, and never a reason to panic.
func (b *book) Add(shard, replica uint64, host string) {
	if known, _ := b.host(shard, replica); known == host || !isHostID(host) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hosts == nil {
		b.hosts = map[raftio.NodeInfo]string{}
	}
	b.hosts[raftio.GetNodeInfo(shard, replica)] = host
}

// Remove forgets a replica.
func (b *book) Remove(shard, replica uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hosts, raftio.GetNodeInfo(shard, replica))
}

// RemoveShard forgets all replicas of a shard.
func (b *book) RemoveShard(shard uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for info := range b.hosts {
		if info.ShardID == shard {
			delete(b.hosts, info)
		}
	}
}

// Resolve returns the host of a replica, which is also the name of the queue to it: a change of
// address changes neither.
func (b *book) Resolve(shard, replica uint64) (target, queue string, err error) {
	host, found := b.host(shard, replica)
	if !found {
		return "", "", fmt.Errorf("no host known of replica %d of shard %d", replica, shard)
	}
	return host, host, nil
}

func (b *book) host(shard, replica uint64) (string, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	host, found := b.hosts[raftio.GetNodeInfo(shard, replica)]
	return host, found
}

// check refuses a message of a replica that is known to be on another host than its sender.
func (b *book) check(shard, replica uint64, sender string) error {
	if host, found := b.host(shard, replica); found && host != sender {
		return fmt.Errorf("host %s sent a message of replica %d, which is on host %s", sender, replica, host)
	}
	return nil
}

// learn notes the address that a host itself named.
func (b *book) learn(host, addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.learned == nil {
		b.learned = map[string]string{}
	}
	b.learned[host] = addr
}

// addresses are all that hosts have named themselves.
func (b *book) addresses() map[string]string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return maps.Clone(b.learned)
}

// address returns where to reach a host.
func (b *book) address(host string) (string, bool) {
	b.mu.RLock()
	addr, found := b.learned[host]
	b.mu.RUnlock()
	if found || b.lookup == nil {
		return addr, found
	}
	return b.lookup(host)
}

// failed notes that a host was not found at an address. If the members know another one, that
// is tried next, until the host names its address again.
func (b *book) failed(host, addr string) {
	if b.lookup == nil {
		return
	}
	if agreed, found := b.lookup(host); !found || agreed == addr {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.learned[host] == addr {
		delete(b.learned, host)
	}
}
