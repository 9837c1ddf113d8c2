package resp_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"confman/resp"
	"confman/store"
)

// The digests of secrets stand in no answer that tells of configs in passing, and in no log; neither do those of what
// they were, and of what is deleted. To whoever reads the value they are no secret.
func TestDigestsOfSecretsAreNotShown(t *testing.T) {
	var log bytes.Buffer
	addr, stop := start(t, &resp.Server{AllowFlush: true, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c := dial(t, addr)
	values := []string{"hunter2", "s3cret", "1234"}
	for _, line := range []string{
		"CONFIG SET slowlog-log-slower-than 0",
		"SET app/early " + values[0], // before there is a rule
		"NS RULE app ** secret", "SET app/early " + values[1], "SET app/web/pin " + values[2], "SET app/web/pin " + values[0] + " EX 1000",
		"CONF REASON audit", "SET app/gone " + values[1], "DEL app/gone", "RENAME app/early app/late", "COPY app/late app/copied",
		"SET app/copied " + values[2] + " IFDEQ " + fmt.Sprintf("%016x", store.Digest(values[1])),
		"DELEX app/copied IFDNE " + fmt.Sprintf("%016x", store.Digest(values[1])),
		"CONF ROLLBACK app/web/pin VERSION 1", "SET app/early 1", "SET other/open open",
	} {
		if got := do(t, c, line); strings.HasPrefix(got, "(error)") {
			t.Fatalf("%s: %s", line, got)
		}
	}
	asked := []string{
		"CONF AUDIT", "CONF AUDIT SINCE 1", "CONF AUDIT app SINCE 1", "XRANGE confman/changes - +", "XREVRANGE confman/changes/app + -",
		"XREAD STREAMS confman/changes 0", "XRANGE confman/values/app - +", "XINFO STREAM confman/changes FULL", "SLOWLOG GET -1",
		"CONF DIFF app 2 0 RECURSIVE", "CONF ROLLBACK app REVISION 4 RECURSIVE DRYRUN", "CONF CHECK app", "CONF DIFF app/web/pin 1 2",
	}
	for _, name := range []string{"app/early", "app/late", "app/web/pin", "app/gone", "app/copied"} {
		asked = append(asked, "CONF HISTORY "+name, "CONF META "+name)
	}
	digests := func(text string) (all []string) {
		for _, value := range values {
			if digest := fmt.Sprintf("%016x", store.Digest(value)); strings.Contains(text, digest) {
				all = append(all, value)
			}
		}
		return all
	}
	for _, hello := range []string{"HELLO 2", "HELLO 3"} {
		do(t, c, hello)
		for _, line := range asked {
			if got := do(t, c, line); strings.HasPrefix(got, "(error)") || len(digests(got)) > 0 {
				t.Errorf("%s shows digests of %v: %s", line, digests(got), got)
			}
		}
	}
	for _, line := range []string{"CONF META other/open", "CONF AUDIT other", "XRANGE confman/changes/other - +"} {
		if got := do(t, c, line); !strings.Contains(got, fmt.Sprintf("%016x", store.Digest("open"))) {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := digests(do(t, c, "DIGEST app/web/pin")); len(got) != 1 {
		t.Errorf("DIGEST: %v", got)
	}
	do(t, c, "NS RULE app ** DEL")
	all := ""
	for _, line := range asked {
		all += do(t, c, line)
	}
	if len(digests(all)) < len(values) {
		t.Error("without the rule nothing is shown either, so the test proves nothing")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := digests(log.String()); len(got) > 0 {
		t.Errorf("the log shows digests of %v", got)
	}
}
