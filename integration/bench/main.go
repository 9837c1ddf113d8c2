// Bench measures confman side by side with redis-server and etcd on this machine, in turns, and writes
// docs/performance.md.
package main

func main() {}
