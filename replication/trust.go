package replication

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"confman/replication/certs"
	"confman/store"
)

// A data directory is recognised for what it is before dragonboat looks, which would panic at
// every start or vote on promises that it has forgotten. Whatever is wrong, the node says what,
// and which command mends it, and changes nothing: which of two copies is the right one, nobody
// can guess.

// ErrUntrusted says that a data directory is not, or no longer, one that a node may start on. What
// it wraps says why, and which command mends that.
var ErrUntrusted = errors.New("this data directory cannot be used as it is")

// distrust says what is wrong with the data directory, and what to do.
func (n *Node) distrust(what, remedy string) error { return distrust(n.Dir, what, remedy) }

func distrust(dir, what, remedy string) error {
	return fmt.Errorf("%w: %s: %s\n  %s", ErrUntrusted, dir, what, remedy)
}

// startNewer is what to do with the data of a newer version.
const startNewer = "start the newer confman that wrote it"

// replaceCommand gives the machine a new identity in place of this one.
func (n *Node) replaceCommand() string {
	return "to take its place as a new node: confman node replace --data-dir " + n.Dir + " --join " + n.someEntrance()
}

// tokenOfMember stands for a token in a command that somebody is to type.
const tokenOfMember = "TOKEN-OF-A-MEMBER"

// someEntrance is what there is to join by: a token, which confman token prints on a member, or where the raft
// port speaks plain text the address of another node, as far as the store knows any.
func (n *Node) someEntrance() string {
	if n.certs().Has(certs.NodeFile) || n.identity.Cluster == 0 {
		return tokenOfMember
	}
	return n.someMember()
}

// repairCommand copies another node's store.
func (n *Node) repairCommand() string {
	from := "RESP-ADDRESS-OF-ANOTHER-NODE"
	if m, found := n.otherMember(); found {
		from = m.RESP
	}
	return "put the right one back, or copy another node's: confman node repair --data-dir " + n.Dir + " --from " + from
}

// someMember is the raft address of another node, as far as the store knows any.
func (n *Node) someMember() string {
	if m, found := n.otherMember(); found {
		return m.Raft
	}
	return "RAFT-ADDRESS-OF-A-MEMBER"
}

func (n *Node) otherMember() (other Member, found bool) {
	if n.store == nil {
		return Member{}, false
	}
	for _, m := range n.members() {
		if m.Host != n.identity.Host {
			other, found = m, true
		}
	}
	return other, found
}

// members are the members as this node's store knows them.
func (n *Node) members() (all []Member) {
	_ = n.store.View(0, func(tx *store.Tx) (err error) {
		all, err = MembersOf(tx)
		return err
	})
	return all
}

// checkNew looks at a data directory without an identity. One that has a store has lost its
// identity; one that is empty is new, unless the members of a cluster knock on the raft port in
// search of the node that was here.
func (n *Node) checkNew(ctx context.Context) error {
	_, err := os.Stat(filepath.Join(n.Dir, store.FileName))
	if err == nil {
		return n.distrust(fmt.Sprintf("it has a store but no %s", identityFile),
			"put that file back from where the rest came from, or "+n.replaceCommand())
	}
	if n.Join != "" {
		return nil
	}
	wanted, knocked := knock(ctx, n.Raft, n.knockTime(), n.Profile.silence())
	if !knocked {
		return nil
	}
	return n.distrust(fmt.Sprintf("it is empty, and cluster %s looks for its host %s at this raft address: was it wiped?", wanted.Cluster, wanted.Host),
		"to take that node's place: confman node replace --data-dir "+n.Dir+" --join "+tokenOfMember+
			"\n  to start a cluster of its own: choose another --raft-addr")
}

// knockTime is how long it may take until those knock who look for this host: they try several times a second. But an
// attempt to reach a machine that has vanished hangs for as long as it may, and only the next one finds
// the machine that has come back. From loopback nobody vanishes.
func (n *Node) knockTime() time.Duration {
	if at, tcp := n.Raft.Addr().(*net.TCPAddr); tcp && at.IP.IsLoopback() {
		return n.Profile.silence()
	}
	return n.Profile.dialTime() + n.Profile.silence()
}

// knock waits for somebody who connects to the raft port in search of a member.
func knock(ctx context.Context, ln net.Listener, within, patience time.Duration) (wanted certs.Identity, knocked bool) {
	tcp, limited := ln.(*net.TCPListener)
	if !limited || tcp.SetDeadline(time.Now().Add(within)) != nil {
		return certs.Identity{}, false
	}
	defer func() { _ = tcp.SetDeadline(time.Time{}) }() // it worked before
	defer context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Now()) })()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return certs.Identity{}, false
		}
		if wanted, knocked = whom(conn, patience); knocked {
			return wanted, true
		}
	}
}

// whom hears which host of which cluster somebody looks for who has connected, and hangs up.
func whom(conn net.Conn, patience time.Duration) (certs.Identity, bool) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return certs.Identity{}, false
	}
	r := bufio.NewReaderSize(conn, maxHello)
	if first, err := r.Peek(1); err == nil && first[0] == recordHandshake {
		return sought(readFirst{conn, r})
	}
	line, err := readLine(r, maxHello)
	if err != nil {
		return certs.Identity{}, false
	}
	h, err := parseHello(line)
	return certs.Identity{Cluster: h.Cluster.String(), Host: h.To}, err == nil && h.Kind != kindJoin
}

// checkStore refuses a store that is not this node's, or older than what the log can bring it up
// from.
func (n *Node) checkStore() error {
	id := n.identity
	if err := n.checkRefused(); err != nil {
		return err
	}
	synced, err := readNumber(n.disk.folder, syncedFile)
	if err != nil {
		return err
	}
	applied := n.store.Applied()
	switch {
	case applied == 0 && synced > 0:
		return n.distrust(fmt.Sprintf("%s is gone, or damaged from its beginning; it had been synced up to revision %d", store.FileName, synced), n.repairCommand())
	case applied < synced:
		return n.distrust(fmt.Sprintf("%s stands at revision %d, and had been synced up to %d: it is an old copy, or its disk has lost writes",
			store.FileName, applied, synced), n.repairCommand())
	}
	origin, err := n.origin()
	if err == nil && origin.Cluster != id.Cluster.String() {
		return n.distrust(fmt.Sprintf("%s is of cluster %s, and the node of cluster %s", store.FileName, origin.Cluster, id.Cluster), n.repairCommand())
	}
	if err := n.store.View(0, func(tx *store.Tx) error { return vouch(tx, hello{Host: id.Host, Boots: id.Boots + 1}) }); err != nil {
		return n.distrust(err.Error(), n.replaceCommand())
	}
	return nil
}

func (n *Node) origin() (o Origin, err error) {
	err = n.store.View(0, func(tx *store.Tx) error {
		o, err = OriginOf(tx)
		return err
	})
	return o, err
}

// lostLog refuses to go on without the raft log.
func (n *Node) lostLog() error {
	return n.distrust("its raft log is gone, and the node must not vote again without it", n.replaceCommand())
}

// checkRaftDir refuses dragonboat's folder if it is gone, another node's or another cluster's.
func (n *Node) checkRaftDir(dir string) error {
	if n.disk.raft == nil && n.hasTakenPart() && !exists(dir, statusFile) {
		return n.lostLog()
	}
	status, found, err := readStatus(dir)
	if err != nil {
		return n.distrust(err.Error(), n.replaceCommand())
	}
	if found && status.DeploymentId != uint64(n.identity.Cluster) {
		return n.distrust(fmt.Sprintf("its raft log is of cluster %s, and the node of cluster %s", clusterID(status.DeploymentId), n.identity.Cluster), n.wrongLog())
	}
	host, found, err := readHost(dir)
	if err != nil {
		return n.distrust(err.Error(), n.replaceCommand())
	}
	if found && host != n.identity.Host {
		return n.distrust(fmt.Sprintf("its raft log is of host %s, and the node is host %s", host, n.identity.Host), n.wrongLog())
	}
	return nil
}

func (n *Node) wrongLog() string { return "put the right one back, or " + n.replaceCommand() }

// checkLog refuses a raft log that ends before what the store has applied: it has lost its end,
// and with it votes and promises to other nodes. A store that was copied from another node may be
// ahead of the log until the log has caught up.
func (n *Node) checkLog() error {
	applied := n.store.Applied() // before the log, which only gets longer
	log, err := n.raft.host.GetLogReader(shard)
	if err != nil {
		return fmt.Errorf("look at the raft log: %w", err)
	}
	_, last := log.GetRange()
	last += n.store.Base()
	repaired, err := readNumber(n.disk.folder, repairedFile)
	if err != nil {
		return err
	}
	if last < applied && applied > repaired {
		return n.distrust(fmt.Sprintf("its raft log ends at revision %d, and %s stands at %d: the log is an old copy, or has lost its end",
			last, store.FileName, applied), n.wrongLog())
	}
	return nil
}

// vouch is asked about every host that says hello to this node.
func (n *Node) vouch(h hello) error {
	return n.store.View(0, func(tx *store.Tx) error { return vouch(tx, h) })
}

// vouch refuses, for good, a host that must not take part: one that was replaced, one that has
// started with less than it knew before, because its data directory is a copy, and one of a
// cluster that was given up when this one was founded.
func vouch(tx *store.Tx, h hello) error {
	if rec, gone := tx.Get(store.Join(goneNamespace, h.Host)); gone {
		if rec.Value == "0" {
			return finally{fmt.Errorf("host %s %w", h.Host, errRemoved)}
		}
		return finally{fmt.Errorf("host %s was replaced by node %s", h.Host, rec.Value)}
	}
	if o, err := OriginOf(tx); err == nil && h.Cluster != 0 {
		for _, before := range o.Before {
			if before == h.Cluster.String() {
				return finally{fmt.Errorf("cluster %s was given up for cluster %s, its generation %d", before, o.Cluster, o.Generation)}
			}
		}
	}
	all, err := MembersOf(tx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Host == h.Host && (h.Boots < m.Boots || h.Boots == m.Boots && h.Life != m.Life) {
			return finally{fmt.Errorf("this is start %d of node %d, and another start %d is known: one data directory is a copy of the other's, or an old one was put back",
				h.Boots, m.ID, m.Boots)}
		}
	}
	return nil
}

// askToReturn asks all members that can be reached whether this node may take part. It comes before
// raft: what the others would say to a node that has forgotten something makes dragonboat panic.
func (n *Node) askToReturn() error {
	patience := 2*n.Profile.silence() + 300*time.Millisecond // they may have to find out who is alive
	n.transport.limits.fill()
	var others []string
	for _, m := range n.members() {
		if m.Host != n.identity.Host {
			others = append(others, m.Host)
		}
	}
	answers := make(chan error, len(others))
	for _, host := range others {
		go func() { answers <- n.transport.introduce(context.Background(), host, patience) }()
	}
	for range others {
		if err := <-answers; errors.Is(err, errFinal) {
			return n.refusedByMembers(err)
		}
	}
	return nil
}

// refusedFile keeps why the members refused a data directory for good: the next start might reach
// members that do not know, or none.
const refusedFile = "refused"

// refusedByMembers says why the others do not let this node take part, now and at each later start.
func (n *Node) refusedByMembers(why error) error {
	reason := strings.TrimPrefix(why.Error(), errRefused.Error()+": ")
	if err := replaceFile(store.Dir(n.Dir), refusedFile, []byte(reason+"\n")); err != nil {
		n.log().Warn("that the members refuse this node could not be noted", "error", err)
	} else if exists(n.Dir, successorFile) {
		n.log().Info("the node goes on as another one", "because", reason)
		return ErrStartAgain
	}
	return n.distrustRefused(reason)
}

func (n *Node) distrustRefused(reason string) error {
	remedy := n.replaceCommand()
	if strings.HasSuffix(reason, errRemoved.Error()) {
		remedy = fmt.Sprintf("it was node %d; to join as a new one: confman node replace --data-dir %s --join %s", n.identity.Node, n.Dir, n.someEntrance())
	}
	return n.distrust("the other nodes refuse it: "+reason, remedy)
}

// checkRefused refuses a data directory that the members have refused.
func (n *Node) checkRefused() error {
	reason, err := os.ReadFile(filepath.Join(n.Dir, refusedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return n.distrustRefused(strings.TrimSpace(string(reason)))
}

// barred ends the node, which others have refused for good.
func (n *Node) barred(why error) { n.ending.because(n.refusedByMembers(why)) }
