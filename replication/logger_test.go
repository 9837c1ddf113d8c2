package replication

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/lni/dragonboat/v4/logger"
)

func TestDragonboatLogsThroughSlog(t *testing.T) {
	defer logDragonboat(quiet())
	var first, second bytes.Buffer
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	to := func(b *bytes.Buffer) *slog.Logger {
		return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: drop}))
	}
	logDragonboat(to(&first))
	raft, logdb := logger.GetLogger("raft"), logger.GetLogger("logdb")
	raft.Debugf("not %s", "said")
	raft.Infof("term %d", 3)
	raft.Warningf("campaign")
	logdb.Warningf("slow disk")
	raft.Errorf("bad")
	logDragonboat(to(&second))
	func() {
		defer func() {
			if p := recover(); p != "the end" {
				t.Errorf("Panicf panicked with %v", p)
			}
		}()
		raft.Panicf("the %s", "end")
		t.Error("Panicf returned")
	}()
	want := `level=DEBUG msg="term 3" package=raft
level=DEBUG msg=campaign package=raft
level=INFO msg="slow disk" package=logdb
level=WARN msg=bad package=raft
`
	if first.String() != want {
		t.Errorf("logged\n%swant\n%s", first.String(), want)
	}
	if !strings.Contains(second.String(), `level=ERROR msg="the end"`) {
		t.Errorf("then logged %s", second.String())
	}
}
