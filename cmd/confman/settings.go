package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"confman/validate"
)

// Settings are everything that can be set. Each has one name: write_hold in the file,
// CONFMAN_WRITE_HOLD in the environment, and, for those with a flag, --write-hold. Those that
// are live can be changed while the node runs, with CONFIG SET.
type Settings struct {
	DataDir      string `yaml:"data_dir" validate:"required" flag:"data-dir" usage:"directory of everything the node keeps"`
	RESPAddr     string `yaml:"resp_addr" validate:"addr" flag:"resp-addr" usage:"where Redis clients reach the node"`
	RESPSocket   string `yaml:"resp_socket" usage:"path of a UNIX socket at which clients of this machine reach the node too, if they are of its user or group; none if empty"`
	HTTPAddr     string `yaml:"http_addr" validate:"addr" flag:"http-addr" usage:"reserved for the HTTP interface of a later version"`
	RaftAddr     string `yaml:"raft_addr" validate:"addr" flag:"raft-addr" usage:"where the other nodes reach the node"`
	Advertise    string `yaml:"advertise" validate:"omitempty,hostname|ip" flag:"advertise" usage:"name or address of this machine for others, where resp_addr or raft_addr is 0.0.0.0 or [::]; one of its own addresses unless it is set"`
	RaftTLS      string `yaml:"raft_tls" validate:"oneof=on off" usage:"whether a cluster that this node founds has certificates: on, or off, which takes loopback addresses only"`
	Join         string `yaml:"join" validate:"omitempty,token|addr" flag:"join" secret:"true" usage:"what confman token has printed on a member of the cluster that a new node is to join"`
	Profile      string `yaml:"profile" validate:"omitempty,oneof=lan edge wan metered" flag:"profile" usage:"timing between nodes of a cluster that this node founds: lan, edge (if nothing is set), wan or metered; confman member profile changes it for all nodes"`
	Password     string `yaml:"password" secret:"true" live:"true" usage:"what clients show with AUTH; without one only those of this machine are served, unless protected_mode is false"`
	WriteHold    string `yaml:"write_hold" validate:"duration" usage:"how long a write may take, waiting for a leader included"`
	MaxValue     int    `yaml:"max_value" validate:"min=1,max=4000000" usage:"bytes that a value may have"`
	MaxClients   int    `yaml:"max_clients" validate:"min=1,max=1000000" live:"true" usage:"how many clients may be connected at once"`
	DiskReserve  int    `yaml:"disk_reserve" validate:"min=0" usage:"bytes of free disk space below which the node takes no writes, and below a quarter of which it only reads; 0 to not look"`
	SnapshotRate int    `yaml:"snapshot_rate" validate:"min=0" usage:"bytes per second in which the state is sent to nodes that copy it; 0 for no limit"`
	LogLevel     string `yaml:"log_level" validate:"oneof=debug info warn error" live:"true" usage:"what is logged to standard error: debug, info, warn or error"`
	LogFormat    string `yaml:"log_format" validate:"oneof=auto text json journal" usage:"how it is logged: text, json, journal (priorities, and no times), or auto, which is journal where standard error is systemd's and text elsewhere"`

	ProtectedMode bool `yaml:"protected_mode" live:"true" usage:"whether a node without a password serves only clients of its own machine"`

	Supervised bool `yaml:"supervised" usage:"whether something other than systemd starts confman serve again when it ends with exit code 75, as MEMBER RESTART has it do"`

	AllowFlush  bool   `yaml:"allow_flush" usage:"whether FLUSHALL and FLUSHDB, sent to this node, delete every config on all nodes"`
	ScanView    string `yaml:"scan_view" validate:"oneof=configs namespaces" live:"true" usage:"what KEYS, SCAN and the like show: configs by their full names, or namespaces, each once, as hashes"`
	AuditExport string `yaml:"audit_export" usage:"file to which the node appends its audit, as it applies it, in lines of JSON that confman audit verify --export proves; none if empty"`
	Timeout     int    `yaml:"timeout" validate:"min=0,max=2147483647" live:"true" usage:"seconds after which a client that sends nothing is hung up on; 0 for never"`

	SlowlogLogSlowerThan    int `yaml:"slowlog_log_slower_than" validate:"min=-1" live:"true" usage:"microseconds from which on SLOWLOG keeps a command; -1 for none"`
	SlowlogMaxLen           int `yaml:"slowlog_max_len" validate:"min=0,max=100000" live:"true" usage:"how many commands SLOWLOG keeps"`
	TrackingTableMaxKeys    int `yaml:"tracking_table_max_keys" validate:"min=0" live:"true" usage:"how many names the node remembers at most for clients that keep what they have read (CLIENT TRACKING); 0 for any number"`
	HgetallReadyBytes       int `yaml:"hgetall_ready_bytes" validate:"min=0" live:"true" usage:"bytes of answers to HGETALL that are kept ready until their namespace changes; 0 for none"`
	LatencyMonitorThreshold int `yaml:"latency_monitor_threshold" validate:"min=0" live:"true" usage:"milliseconds from which on LATENCY notes that a command took long; 0 for never"`
}

// defaults are the settings of a node that is told nothing.
func defaults() Settings {
	return Settings{
		DataDir:      defaultDataDir(),
		RESPAddr:     "127.0.0.1:6479",
		HTTPAddr:     "127.0.0.1:6480",
		RaftAddr:     "127.0.0.1:6481",
		RaftTLS:      "on",
		WriteHold:    "1500ms",
		MaxValue:     1 << 20,
		MaxClients:   10_000,
		DiskReserve:  64 << 20,
		SnapshotRate: 64 << 20,
		LogLevel:     "info",
		LogFormat:    logAuto,

		ProtectedMode: true,

		ScanView: "configs",

		SlowlogLogSlowerThan: 10_000,
		SlowlogMaxLen:        128,
		TrackingTableMaxKeys: 1_000_000,
		HgetallReadyBytes:    16 << 20,
	}
}

func defaultDataDir() string {
	return dataDirOf(os.Geteuid() == 0, os.Getenv("XDG_STATE_HOME"), os.Getenv("HOME"))
}

// dataDirOf follows the XDG Base Directory Specification, where a relative path counts as
// none. A user without a home has no default.
func dataDirOf(root bool, state, home string) string {
	switch {
	case root:
		return "/var/lib/confman"
	case filepath.IsAbs(state):
		return filepath.Join(state, "confman")
	case filepath.IsAbs(home):
		return filepath.Join(home, ".local", "state", "confman")
	}
	return ""
}

// A setting is one field of the Settings.
type setting struct {
	name   string // in the file
	env    string
	flag   string // without dashes; "" if there is none
	usage  string
	secret bool
	live   bool
	index  int
}

// settings lists the fields of the Settings in their order.
func settings() []setting {
	t := reflect.TypeFor[Settings]()
	all := make([]setting, t.NumField())
	for i := range all {
		tag := t.Field(i).Tag
		name := tag.Get("yaml")
		all[i] = setting{
			name: name, env: "CONFMAN_" + strings.ToUpper(name), flag: tag.Get("flag"),
			usage: tag.Get("usage"), secret: tag.Get("secret") == "true", live: tag.Get("live") == "true", index: i,
		}
	}
	return all
}

// settingNamed returns a setting by its name in the file, or nil.
func settingNamed(name string) *setting {
	for _, d := range settings() {
		if d.name == name {
			return &d
		}
	}
	return nil
}

// settingNames lists the names that settings have in the file.
func settingNames() (names []string) {
	for _, d := range settings() {
		names = append(names, d.name)
	}
	return names
}

// text returns a setting's value as people write it; of a secret, only that it is set.
func (d setting) text(s Settings) string {
	value := d.plain(s)
	if d.secret && value != "" {
		return "(set)"
	}
	return value
}

// plain returns a setting's value as people write it, secret or not.
func (d setting) plain(s Settings) string {
	return fmt.Sprint(reflect.ValueOf(s).Field(d.index).Interface())
}

// parse sets a setting to what people wrote.
func (d setting) parse(s *Settings, text string) error {
	switch field := reflect.ValueOf(s).Elem().Field(d.index).Addr().Interface().(type) {
	case *string:
		*field = text
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*field = n
	case *bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*field = text == "true"
	}
	return nil
}

// hold is WriteHold, once it has been checked.
func (s *Settings) hold() time.Duration {
	d, _ := time.ParseDuration(s.WriteHold)
	return d
}

// complete makes HOST:PORT of addresses that are a port alone.
func (s *Settings) complete() {
	for _, addr := range []*string{&s.RESPAddr, &s.HTTPAddr, &s.RaftAddr, &s.Join} {
		*addr = validate.Addr(*addr)
	}
}

// check checks what one field alone does not tell.
func (s *Settings) check() error {
	if s.RaftTLS == "off" && !validate.IsLoopback(s.RaftAddr) {
		return fmt.Errorf("raft_addr %s: with raft_tls off the raft port takes loopback addresses only: leave raft_tls on, or set a raft_addr of loopback", s.RaftAddr)
	}
	if s.RESPSocket != "" && (!filepath.IsAbs(s.RESPSocket) || len(s.RESPSocket) > longestSocket) {
		return fmt.Errorf("resp_socket %s: write the whole path of a socket, from /, in at most %d bytes", s.RESPSocket, longestSocket)
	}
	seen := map[uint16]string{}
	for _, a := range [][2]string{{"resp_addr", s.RESPAddr}, {"http_addr", s.HTTPAddr}, {"raft_addr", s.RaftAddr}} {
		port := validate.Port(a[1])
		if other := seen[port]; other != "" && port != 0 {
			return fmt.Errorf("%s and %s both have port %d: give each a port of its own", other, a[0], port)
		}
		seen[port] = a[0]
	}
	return nil
}
