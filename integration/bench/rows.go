package main

import (
	"fmt"
	"slices"
)

// sizes are those of values, in bytes.
var sizes = []int{100, 1024}

// rows are all rows, in the order of the page. Those that run on the same servers stand together.
func rows() []Row {
	return slices.Concat(oneServerReads(), oneServerWrites(), messages(), writes(), reads(), growth(), cliffs(), idle())
}

// sized is a name with the size of values.
func sized(name string, size int) string {
	if size == 1024 {
		return name + ", 1 KiB"
	}
	return fmt.Sprintf("%s, %d B", name, size)
}

// counted is a number of clients.
func counted(clients int) string {
	if clients == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", clients)
}

// piped is a name with the length of the pipeline.
func piped(name string, pipeline int) string {
	if pipeline == 1 {
		return name + ", no pipeline"
	}
	return fmt.Sprintf("%s, pipeline %d", name, pipeline)
}

func oneServerReads() (all []Row) {
	for _, server := range []struct {
		name         string
		ours, theirs *shape
		reach        float64 // of GET
	}{
		{"servers on one core", onePinned, redisPinned, 1},
		{"all cores", oneNode, redisServer, 1.2},
	} {
		row := func(name string, size int, reach float64, l load) {
			ours, theirs := l, l
			ours.on, theirs.on = server.ours, server.theirs
			all = append(all, Row{
				Topic: "Reads, one server", Name: sized(name+", 50 clients, "+server.name, size), Against: "redis-server",
				Unit: "/s", Reach: reach, Measure: compare(ours, theirs),
			})
		}
		for _, pipeline := range []int{1, 16} {
			for _, size := range sizes {
				row(piped("GET", pipeline), size, server.reach, load{clients: 50, pipeline: pipeline, work: get(size)})
			}
		}
		for _, size := range sizes {
			row("HGETALL of 20", size, 1, load{clients: 50, work: hgetall(20, size)})
		}
	}
	return all
}

func oneServerWrites() (all []Row) {
	for _, size := range sizes {
		all = append(all, Row{
			Topic: "Writes, one server", Name: sized("SET on one node, 50 clients", size), Against: "redis-server, appendfsync always", Unit: "/s", Reach: 0.5,
			Measure: compare(load{on: oneNode, clients: 50, work: set(size)}, load{on: redisSynced, clients: 50, work: set(size)}),
		})
	}
	return all
}

func messages() []Row {
	row := Row{Topic: "Messages", Against: "redis-server, PUBLISH", Unit: "ms", Less: true}
	change, message := row, row
	change.Name, change.Reach, change.Measure = "a change to 1000 subscribers, until the last has it", 1.5, hears(byChange)
	message.Name, message.Measure = "a message to 1000 subscribers, until the last has it", hears(byMessage)
	return []Row{change, message}
}

func writes() (all []Row) {
	const topic = "Writes, three nodes"
	row := func(name, against string, reach float64, ours, theirs load) {
		all = append(all, Row{Topic: topic, Name: name, Against: against, Unit: "/s", Reach: reach, Measure: compare(ours, theirs)})
	}
	leads := func(on *shape, clients, pipeline int, w work) load {
		return load{on: on, at: atLeader, clients: clients, pipeline: pipeline, work: w}
	}
	all = append(all, Row{
		Topic: topic, Name: "fsyncs per SET and node, 1 client", Against: "etcd", Unit: "fsyncs", Reach: 1.05, Less: true, Absolute: true, Measure: fsyncs,
	})
	goals := map[int]float64{1: 1.4, 50: 4, 200: 5}
	for _, clients := range []int{1, 50, 200} {
		for _, size := range sizes {
			row(sized("SET, "+counted(clients), size), "etcd, Put", goals[clients],
				leads(threeNodes, clients, 1, set(size)), leads(etcd, clients, 1, etcdPut(size)))
		}
	}
	for _, size := range sizes {
		row(sized("SET, pipeline 16, 50 clients", size), "etcd, Txn of 16", 4, leads(threeNodes, 50, 16, set(size)), leads(etcd, 50, 1, etcdTxn(size, 16, 16)))
	}
	for _, size := range sizes {
		row(sized("MULTI with 100 HSETs, 50 clients", size), "etcd, Txn of 100", 3,
			leads(threeNodes, 50, 1, transactions{configs{size, 100}}), leads(etcd, 50, 1, etcdTxn(size, 100, 1)))
	}
	for _, clients := range []int{1, 50, 200} {
		row(sized("SET against Debian, "+counted(clients), 100), "Debian's etcd, Put", 0,
			leads(threeNodes, clients, 1, set(100)), leads(debianEtcd, clients, 1, etcdPut(100)))
	}
	for _, size := range sizes {
		follower := leads(threeNodes, 50, 16, set(size))
		follower.at = atFollower
		row(sized("SET through a follower, pipeline 16, 50 clients", size), "the same through the leader", 0.9, follower, leads(threeNodes, 50, 16, set(size)))
	}
	row("INCR of one config, 50 clients of all nodes, exact", "SET of distinct configs", 0.7,
		load{on: threeNodes, clients: 50, work: increments{}}, load{on: threeNodes, clients: 50, work: set(100)})
	return all
}

func reads() (all []Row) {
	const topic = "Reads, three nodes"
	row := func(name, against string, reach float64, ours, theirs load) {
		ours.clients, theirs.clients = 50, 50
		all = append(all, Row{Topic: topic, Name: name, Against: against, Unit: "/s", Reach: reach, Measure: compare(ours, theirs)})
	}
	for _, size := range sizes {
		c := configs{size, 100}
		row(sized("GET, 50 clients of all nodes", size), "etcd, serializable Range", 8,
			load{on: threeNodes, work: get(size)}, load{on: etcd, work: etcdRange(c, false, true)})
		row(sized("HGETALL of 100, 50 clients of all nodes", size), "etcd, serializable Range", 15,
			load{on: threeNodes, work: hgetall(100, size)}, load{on: etcd, work: etcdRange(c, true, true)})
	}
	for _, where := range []struct {
		name  string
		at    place
		reach float64
	}{{"the leader", atLeader, 3.5}, {"a follower", atFollower, 3}} {
		for _, size := range sizes {
			row(sized("linearizable GET, 50 clients of "+where.name, size), "etcd, Range", where.reach,
				load{on: threeNodes, at: where.at, work: linearizable(get(size))}, load{on: etcd, at: where.at, work: etcdRange(configs{size, 100}, false, false)})
		}
	}
	for _, where := range []struct {
		name string
		at   place
	}{{"a follower", atFollower}, {"a non-voter", atNonVoter}} {
		for _, size := range sizes {
			row(sized("GET, 50 clients of "+where.name, size), "the same of the leader", 0.95,
				load{on: withEdge, at: where.at, work: get(size)}, load{on: withEdge, at: atLeader, work: get(size)})
		}
	}
	return all
}
