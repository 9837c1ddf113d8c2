package story

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"confman/integration/ground"
)

// A Word is a kind of thing that happens. It is one row of [Words].
type Word struct {
	Name  string
	Args  string // as people write it
	Fault string // which the ground must have; empty for none
	Does  string
	do    func(*Teller, []string) error
}

// Words are all there are, by name. A host is n1, n2 and so on, leader or follower (the first node that
// follows), or a name that a line such as "old = leader" has given.
var Words = func() map[string]Word {
	all := map[string]Word{}
	for _, w := range rows() {
		all[w.Name] = w
	}
	return all
}()

func rows() []Word {
	return []Word{
		{Name: "nodes", Args: "number", Does: "starts a cluster of so many voters", do: nodes},
		{Name: "start", Args: "host...|all", Does: "starts nodes, and waits until they answer", do: start},
		{Name: "stop", Args: "host...|all", Does: "stops nodes as an administrator does", do: each((*ground.Host).Stop)},
		{Name: "restart", Args: "host...|all", Does: "stops and starts nodes, one after the other", do: each(restart)},
		{Name: "kill", Args: "host...|all", Does: "ends nodes at once, as kill -9 does", do: each((*ground.Host).Kill)},
		{Name: "pause", Args: "host...", Does: "has nodes hang", do: each((*ground.Host).Pause)},
		{Name: "resume", Args: "host...|all", Does: "has nodes go on that hang", do: each((*ground.Host).Resume)},
		{Name: "cut", Args: "host|host>host...", Fault: ground.Cut, Does: "cuts a host off from all others, or one way", do: cut},
		{Name: "heal", Fault: ground.Cut, Does: "ends all cuts", do: heal},
		{Name: "fill-disk", Args: "host [bytes]", Fault: ground.Full, Does: "takes the room on a disk, but for so many bytes", do: fillDisk},
		{Name: "free-disk", Args: "host...|all", Fault: ground.Full, Does: "gives the room back", do: each((*ground.Host).FreeDisk)},
		{Name: "slow-disk", Args: "host duration", Fault: ground.Slow, Does: "has each sync take that much longer", do: slowDisk},
		{Name: "fast-disk", Args: "host...|all", Fault: ground.Slow, Does: "has syncs take as long as they do", do: each((*ground.Host).FastDisk)},
		{Name: "fail-disk", Args: "host EIO|EROFS", Fault: ground.Slow, Does: "has syncs and other calls fail, until fast-disk", do: failDisk},
		{Name: "read-only", Args: "host", Fault: ground.Full, Does: "mounts the disk of a host read-only whose node does not run", do: each(func(h *ground.Host) { h.ReadOnly(true) })},
		{Name: "writable", Args: "host", Fault: ground.Full, Does: "mounts it as it was", do: each(func(h *ground.Host) { h.ReadOnly(false) })},
		{Name: "ends", Args: "host", Does: "waits until a node ends by itself, with an error", do: ends},
		{Name: "refuses", Args: "host", Does: "starts a node that has to end with an error", do: refuses},
		{Name: "clock", Args: "host +1h|-1h|0s", Fault: ground.Clock, Does: "sets a clock ahead or behind", do: setClock},
		{Name: "transfer", Args: "host", Does: "has a node lead", do: transfer},
		{Name: "join", Args: "host [non-voter]", Does: "has a new node join, and waits until it takes part", do: join},
		{Name: "replace", Args: "host", Does: "has a new machine take the place of one that has lost all", do: replace},
		{Name: "remove", Args: "host", Does: "removes a node from the cluster", do: remove},
		{Name: "demote", Args: "host", Does: "takes a node's vote", do: member("demote")},
		{Name: "promote", Args: "host", Does: "gives a node a vote", do: member("promote")},
		{Name: "votes", Args: "host...", Does: "gives nodes a vote that have none, and waits until they have it", do: votes},
		{Name: "load", Args: "name...", Does: "has clients work from now on", do: startLoads},
		{Name: "progress", Args: "host...|all", Does: "waits until a write goes through nodes", do: progress},
		{Name: "settled", Does: "waits until all nodes are at one revision, and have one state", do: settled},
		{Name: "calm", Does: "ends all faults, starts all nodes, and waits until they are settled", do: calm},
		{Name: "pass", Args: "duration", Does: "lets time pass", do: pass},
		{Name: "try", Args: "word...", Does: "does what may be refused"},
	}
}

// word finds the word of a line and its arguments.
func word(line string) (w Word, args []string, err error) {
	words := strings.Fields(line)
	if len(words) == 3 && words[1] == "=" {
		return Word{Name: "=", do: func(t *Teller, _ []string) error {
			hosts, err := t.hosts(words[2:])
			if err == nil {
				t.names[words[0]] = hosts[0]
			}
			return err
		}}, nil, nil
	}
	if words[0] == "try" && len(words) > 1 {
		w, args, err := word(strings.Join(words[1:], " "))
		tried := w.do
		w.do = func(t *Teller, args []string) error {
			t.trying = true
			defer func() { t.trying = false }()
			if err := tried(t, args); err != nil {
				t.note("refused: %v", err)
				t.Counts[w.Name]-- // it is counted as if it had happened
			}
			return nil
		}
		return w, args, err
	}
	w, found := Words[words[0]]
	if !found || w.do == nil {
		return w, nil, fmt.Errorf("%q is no word; there are %s, and lines such as: n1> GET x", words[0],
			strings.Join(slices.Sorted(maps.Keys(Words)), ", "))
	}
	if given := len(words) - 1; given < w.least() || given > w.most() {
		return w, nil, fmt.Errorf("it is written: %s %s", w.Name, w.Args)
	}
	return w, words[1:], nil
}

// least and most are how many arguments a word has: those in brackets may be left out, and of the last one
// there may be several if it says so.
func (w Word) least() int {
	return len(strings.Fields(w.Args)) - strings.Count(w.Args, "[")
}

func (w Word) most() int {
	if strings.Contains(w.Args, "...") {
		return math.MaxInt
	}
	return len(strings.Fields(w.Args))
}

// each does something to each of the hosts that a line names.
func each(do func(*ground.Host)) func(*Teller, []string) error {
	return func(t *Teller, args []string) error {
		hosts, err := t.hosts(args)
		for _, h := range hosts {
			do(h)
		}
		return err
	}
}

func restart(h *ground.Host) {
	h.Stop()
	h.Start()
}

func nodes(t *Teller, args []string) error {
	n, err := strconv.Atoi(strings.Join(args, " "))
	if err == nil {
		t.Ground.Found(n)
	}
	return err
}

// start starts nodes all at once: those that were killed together may need each other.
func start(t *Teller, args []string) error {
	hosts, err := t.hosts(args)
	for _, h := range hosts {
		if !h.Running() {
			h.Launch()
		}
	}
	for _, h := range hosts {
		h.Eventually("it answers, or has ended", func() bool { return h.Info()["node_id"] != "" || !h.Running() })
	}
	return err
}

func cut(t *Teller, args []string) error {
	for _, arg := range args {
		from, to, oneWay := strings.Cut(arg, ">")
		if !oneWay {
			hosts, err := t.hosts([]string{from})
			if err != nil {
				return err
			}
			t.Ground.Isolate(hosts[0])
			continue
		}
		hosts, err := t.hosts([]string{from, to})
		if err != nil {
			return err
		}
		t.Ground.Cut(hosts[0], hosts[1])
	}
	return nil
}

func heal(t *Teller, _ []string) error {
	t.Ground.Heal()
	return nil
}

func fillDisk(t *Teller, args []string) error {
	left := int64(0)
	if len(args) > 1 {
		var err error
		if left, err = strconv.ParseInt(args[1], 10, 64); err != nil {
			return err
		}
	}
	return each(func(h *ground.Host) { h.FillDisk(left) })(t, args[:1])
}

func slowDisk(t *Teller, args []string) error {
	by, err := time.ParseDuration(args[len(args)-1])
	if err != nil {
		return err
	}
	return each(func(h *ground.Host) { h.SlowDisk(by) })(t, args[:1])
}

func failDisk(t *Teller, args []string) error {
	return each(func(h *ground.Host) { h.FailDisk(args[1]) })(t, args[:1])
}

// ends waits until a node ends by itself, and is content if it does not say that all is well.
func ends(t *Teller, args []string) error {
	hosts, err := t.hosts(args)
	for _, h := range hosts {
		if code := h.AwaitEnd(); code == 0 {
			err = fmt.Errorf("%s has ended without an error", h.Name)
		}
	}
	return err
}

func refuses(t *Teller, args []string) error {
	hosts, err := t.hosts(args)
	for _, h := range hosts {
		h.Launch()
		if code := h.AwaitEnd(); code == 0 {
			err = fmt.Errorf("%s has ended without an error", h.Name)
		}
	}
	return err
}

func setClock(t *Teller, args []string) error {
	ahead, err := time.ParseDuration(args[len(args)-1])
	if err != nil {
		return err
	}
	return each(func(h *ground.Host) { h.SetClock(ahead) })(t, args[:1])
}

func pass(_ *Teller, args []string) error {
	d, err := time.ParseDuration(strings.Join(args, ""))
	// How long a fault lasts is part of the story; nothing is waited for.
	time.Sleep(d)
	return err
}
