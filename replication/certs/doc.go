// Package certs makes and checks the certificates by which the nodes of a cluster know each
// other: a node's certificate says which host of which cluster it is, and nothing else is believed.
//
// The name in it is a DNS name ([Identity.Name]), so that TLS itself checks whom a node has
// reached, and any authority can issue it. A [Keyring] is what one node holds, in files that may
// be replaced while it runs.
package certs
