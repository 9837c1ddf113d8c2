package replication

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/lni/dragonboat/v4/logger"
)

// dragonboat has one set of loggers for the whole process, and takes a factory for them once.
var (
	dragonboatFactory sync.Once
	dragonboatLog     atomic.Pointer[slog.Logger]
)

// logDragonboat sends what dragonboat logs to log, from now on and from all NodeHosts of
// the process.
func logDragonboat(log *slog.Logger) {
	dragonboatLog.Store(log)
	dragonboatFactory.Do(func() {
		logger.SetLoggerFactory(func(pkg string) logger.ILogger { return dragonboatLogger{pkg} })
	})
}

// dragonboatLogger is the logger of one package of dragonboat. To it an election is news for
// the operator and a peer that restarts is an error: so most of what it says counts less here.
type dragonboatLogger struct{ pkg string }

// calm are the packages whose warnings are rare and about this machine, not about the others.
// Not so config: it warns that its own transport, which is not used, has no TLS.
var calm = map[string]bool{"logdb": true, "pebblekv": true, "rsm": true, "settings": true, "server": true}

func (dragonboatLogger) SetLevel(logger.LogLevel) {} // the slog.Logger has its own

func (dragonboatLogger) Debugf(string, ...any) {} // several lines for each raft message

func (l dragonboatLogger) Infof(format string, args ...any) {
	l.say(slog.LevelDebug, format, args)
}

func (l dragonboatLogger) Warningf(format string, args ...any) {
	level := slog.LevelDebug
	if calm[l.pkg] {
		level = slog.LevelInfo
	}
	l.say(level, format, args)
}

func (l dragonboatLogger) Errorf(format string, args ...any) {
	l.say(slog.LevelWarn, format, args)
}

// Panicf panics, which dragonboat relies on.
func (l dragonboatLogger) Panicf(format string, args ...any) {
	l.say(slog.LevelError, format, args)
	panic(fmt.Sprintf(format, args...))
}

func (l dragonboatLogger) say(level slog.Level, format string, args []any) {
	log, ctx := dragonboatLog.Load(), context.Background()
	if log.Enabled(ctx, level) {
		log.Log(ctx, level, fmt.Sprintf(format, args...), "package", l.pkg)
	}
}
