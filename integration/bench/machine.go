package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
)

// A machine is where rows are measured. Figures of two machines do not stand on one page.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	Kernel string `json:"kernel"`
}

// here is this machine.
func here() machine {
	m := machine{CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Kernel: firstLine("/proc/sys/kernel/osrelease")}
	var kilobytes float64
	if n, _ := fmt.Sscan(field("/proc/meminfo", "MemTotal"), &kilobytes); n == 1 {
		m.Memory = fmt.Sprintf("%.0f GiB", kilobytes/(1<<20))
	}
	return m
}

// busy says with how much else the machine was busy before, if that was more than a little: then the figures are not to be trusted.
func busy() string {
	var load float64
	if _, err := fmt.Sscan(firstLine("/proc/loadavg"), &load); err != nil || load < 0.5 {
		return ""
	}
	return fmt.Sprintf(", on a machine that was busy otherwise (load average %.1f before)", load)
}

// field returns what stands behind a name and a colon in a file, or nothing.
func field(file, name string) string {
	content, _ := os.ReadFile(file) // none on other systems
	for line := range strings.Lines(string(content)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstLine(file string) string {
	content, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

// versioned finds the version in what programs print about themselves.
var versioned = regexp.MustCompile(`(?:confman |v=|Version: )(\S+)`)

// versions are those of all programs that are here, for people.
func (b *Bench) versions(ctx context.Context) string {
	var all []string
	for _, p := range []struct{ name, program string }{
		{"confman", b.Confman}, {"redis-server", "redis-server"}, {"etcd", b.Etcd}, {"Debian's etcd", debianProgram},
	} {
		printed, _ := exec.CommandContext(ctx, p.program, "--version").Output() // nothing if it is not here
		if version := versioned.FindSubmatch(printed); version != nil {
			all = append(all, fmt.Sprintf("%s %s", p.name, version[1]))
		}
	}
	return strings.Join(append(all, runtime.Version()), ", ")
}
