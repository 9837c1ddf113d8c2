package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"confman/integration/ground"
)

// startEtcd starts a cluster of three with etcd's defaults. It speaks plain text, as clients of confman do; confman's
// nodes speak TLS with each other.
func startEtcd(program func(*Bench) string) func(context.Context, *service) error {
	return func(ctx context.Context, s *service) error {
		s.leader = s.etcdLeader
		var clients, peers, members []string
		for i := range 3 {
			client, err1 := ground.Free()
			peer, err2 := ground.Free()
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			clients, peers = append(clients, client), append(peers, "http://"+peer)
			members = append(members, fmt.Sprintf("n%d=http://%s", i, peer))
		}
		for i := range 3 {
			url := "http://" + clients[i]
			if _, err := s.launch(clients[i], program(s.b), "--name", fmt.Sprintf("n%d", i), "--data-dir", "data",
				"--listen-client-urls", url, "--advertise-client-urls", url,
				"--listen-peer-urls", peers[i], "--initial-advertise-peer-urls", peers[i],
				"--initial-cluster", strings.Join(members, ","), "--initial-cluster-state", "new"); err != nil {
				return err
			}
		}
		_, err := s.etcdLeader(ctx)
		return err
	}
}

// etcdLeader asks all nodes whether they lead, until all answer and one does.
func (s *service) etcdLeader(ctx context.Context) (leads int, err error) {
	client, err := s.etcdClient()
	if err != nil {
		return 0, err
	}
	defer client.Close()
	err = s.nodes[0].await(ctx, "or another node leads", func(ctx context.Context) bool {
		leads = -1
		for i, p := range s.nodes {
			status, err := client.Status(ctx, p.addr)
			if err != nil {
				return false
			}
			if status.Leader == status.Header.MemberId {
				leads = i
			}
		}
		return leads >= 0
	})
	return leads, err
}

func (s *service) etcdClient() (*clientv3.Client, error) {
	addrs, err := s.addrs(context.Background(), everywhere)
	if err != nil {
		return nil, err
	}
	return clientv3.New(clientv3.Config{Endpoints: addrs})
}
