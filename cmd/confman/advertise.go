package main

import (
	"errors"
	"fmt"
	"net"
)

// named is an address that is known by its text alone.
type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

// advertised returns the addresses at which others reach the raft port and the clients' port: those
// that are listened at, or, where that is every address of the machine, the one of it that is set, or else
// the first that is no loopback.
func advertised(s Settings, raft, resp net.Addr) (raftAddr, respAddr string, err error) {
	raftAddr, one := reachable(s.Advertise, raft)
	respAddr, two := reachable(s.Advertise, resp)
	return raftAddr, respAddr, errors.Join(one, two)
}

func reachable(advertise string, listening net.Addr) (string, error) {
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return listening.String(), nil
	}
	if advertise != "" {
		return net.JoinHostPort(advertise, port), nil
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, family := range []func(net.IP) bool{isIPv4, isIPv6} {
		for _, a := range addrs {
			if own, isIP := a.(*net.IPNet); isIP && own.IP.IsGlobalUnicast() && family(own.IP) {
				return net.JoinHostPort(own.IP.String(), port), nil
			}
		}
	}
	return "", fmt.Errorf("%s: this machine has no address by which others could reach it: set advertise (CONFMAN_ADVERTISE, or --advertise)", listening)
}

func isIPv4(ip net.IP) bool { return ip.To4() != nil }
func isIPv6(ip net.IP) bool { return ip.To4() == nil }
