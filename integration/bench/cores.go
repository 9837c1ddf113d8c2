package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// allowed are the cores that this process had when it began.
var allowed = sync.OnceValue(func() []string {
	status, _ := os.ReadFile("/proc/self/status") // without it there is one core, and nothing is pinned
	_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(rest, "\n")
	return expand(strings.TrimSpace(list))
})

// expand returns the numbers in a list such as 0-2,4.
func expand(list string) (all []string) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		for n := from; n <= to && err1 == nil && err2 == nil; n++ {
			all = append(all, strconv.Itoa(n))
		}
	}
	return all
}

// cores returns the core of servers that have one, and those that are left for clients then: none if there is only one.
func cores() (server, clients string) {
	all := allowed()
	if len(all) == 0 {
		return "0", ""
	}
	return all[0], strings.Join(all[1:], ",")
}

// keepAway has this process leave the core of pinned servers to them, or use all that it may.
func (b *Bench) keepAway(pinned bool) error {
	if pinned == b.away {
		return nil
	}
	_, list := cores()
	if !pinned {
		list = strings.Join(allowed(), ",")
	}
	if list == "" {
		return fmt.Errorf("%w: a second core, for clients", ErrMissing)
	}
	out, err := exec.Command("taskset", "--all-tasks", "--pid", "--cpu-list", list, strconv.Itoa(os.Getpid())).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	b.away = pinned
	return nil
}
