package resp

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// live are the settings that change while the server runs.
type live struct {
	maxClients       atomic.Int64
	timeout          atomic.Int64 // seconds; 0 for ever
	slowerThan       atomic.Int64 // microseconds; negative for never
	slowLogLength    atomic.Int64
	latencyThreshold atomic.Int64 // milliseconds; 0 for never
	readyBytes       atomic.Int64 // of answers of HGETALL that are kept ready
	scanView         atomic.Int64 // which of scanViews
	trackedKeys      atomic.Int64 // that the tracking table has at most; 0 for any number
	historyBytes     atomic.Int64 // of all nodes; 0 for what they are otherwise
	auditBytes       atomic.Int64
	protectedMode    atomic.Int64 // 1: without a password only this machine's clients are served
}

// scanViews are the values of scan_view.
var scanViews = []string{"configs", "namespaces"}

const viewOfNamespaces = 1

// A knob is a setting that CONFIG SET changes.
type knob struct {
	setting     string // its name in the settings file
	parameter   string // Redis's; "" if Redis has none
	least, most int64
	words       []string // what it may be instead of a number; the place of one is its value
	of          func(*live) *atomic.Int64
}

// Whether something is so: in Redis's words, and in those of the settings file.
var (
	yesOrNo     = []string{"no", "yes"}
	trueOrFalse = []string{"false", "true"}
)

var knobs = []*knob{
	{"max_clients", "maxclients", 1, math.MaxUint32, nil, func(l *live) *atomic.Int64 { return &l.maxClients }},
	{"timeout", "timeout", 0, math.MaxInt32, nil, func(l *live) *atomic.Int64 { return &l.timeout }},
	{"slowlog_log_slower_than", "slowlog-log-slower-than", -1, math.MaxInt64, nil, func(l *live) *atomic.Int64 { return &l.slowerThan }},
	{"slowlog_max_len", "slowlog-max-len", 0, math.MaxInt64, nil, func(l *live) *atomic.Int64 { return &l.slowLogLength }},
	{"latency_monitor_threshold", "latency-monitor-threshold", 0, math.MaxInt64, nil, func(l *live) *atomic.Int64 { return &l.latencyThreshold }},
	{"tracking_table_max_keys", "tracking-table-max-keys", 0, math.MaxInt64, nil, func(l *live) *atomic.Int64 { return &l.trackedKeys }},
	{"hgetall_ready_bytes", "", 0, math.MaxInt64, nil, func(l *live) *atomic.Int64 { return &l.readyBytes }},
	{"protected_mode", "protected-mode", 0, 0, yesOrNo, func(l *live) *atomic.Int64 { return &l.protectedMode }},
	{"scan_view", "", 0, 0, scanViews, func(l *live) *atomic.Int64 { return &l.scanView }},
}

// knobOf returns the knob behind a setting, or nil.
func knobOf(setting string) *knob {
	if i := slices.IndexFunc(knobs, func(k *knob) bool { return k.setting == setting }); i >= 0 {
		return knobs[i]
	}
	return nil
}

// text is a value as people write it.
func (k *knob) text(l *live) string {
	n := k.of(l).Load()
	if k.words != nil {
		return k.words[n]
	}
	return strconv.FormatInt(n, 10)
}

// settled is a value as the settings file has it.
func (k *knob) settled(n int64, text string) string {
	if k.switches() {
		return trueOrFalse[n]
	}
	return strings.ToLower(text)
}

// switches reports whether the knob says that something is so, or is not.
func (k *knob) switches() bool { return len(k.words) > 0 && &k.words[0] == &yesOrNo[0] }

// parse reads a value. Its errors are the end of CONFIG SET's.
func (k *knob) parse(text string) (int64, error) {
	if k.switches() {
		if i := slices.Index(trueOrFalse, strings.ToLower(text)); i >= 0 {
			return int64(i), nil
		}
		if i := slices.Index(yesOrNo, strings.ToLower(text)); i >= 0 {
			return int64(i), nil
		}
		return 0, errNotYesOrNo
	}
	if k.words != nil {
		if i := slices.Index(k.words, strings.ToLower(text)); i >= 0 {
			return int64(i), nil
		}
		return 0, errorf("argument(s) must be one of the following: %s", strings.Join(k.words, ", "))
	}
	n, err := parseInt(text)
	switch {
	case err != nil:
		return 0, errNotInteger
	case n < k.least || n > k.most:
		return 0, errorf("argument must be between %d and %d inclusive", k.least, k.most)
	}
	return n, nil
}

// turn sets the knob.
func (s *Server) turn(k *knob, n int64) {
	k.of(&s.live).Store(n)
	s.remarkable.Store(int64(s.live.remarkable()))
	switch k.setting {
	case "timeout":
		s.reconsider()
	case "hgetall_ready_bytes":
		s.ready.bound(n)
	}
}

// turnAll sets all knobs at the start: to what the settings say, or else the fields.
func (s *Server) turnAll() {
	s.live.maxClients.Store(int64(s.MaxClients))
	s.live.timeout.Store(int64(math.Ceil(s.IdleTime.Seconds())))
	s.live.slowerThan.Store(10_000)
	s.live.slowLogLength.Store(128)
	s.live.trackedKeys.Store(1_000_000)
	s.live.readyBytes.Store(mostReady)
	s.live.protectedMode.Store(1)
	if s.Namespaces {
		s.live.scanView.Store(viewOfNamespaces)
	}
	for _, setting := range s.settings() {
		k := knobOf(setting.Name)
		if k == nil {
			continue
		}
		if n, err := k.parse(setting.Value); err == nil {
			k.of(&s.live).Store(n)
		}
	}
	s.ready.bound(s.live.readyBytes.Load())
	s.remarkable.Store(int64(s.live.remarkable()))
}
