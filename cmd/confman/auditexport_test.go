package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"confman/replication"
	"confman/resp"
	"confman/resp/transcript"
	"confman/store"
)

// put sets a config as a client would, and notes something.
func put(t *testing.T, node *transcript.Local, name, value string) {
	t.Helper()
	_, err := node.Update(t.Context(), "default", func(tx *store.Tx) error {
		tx.Origin(store.Origin{Addr: "192.0.2.1:7", Protocol: "resp", Client: "c", Reason: "<why>"})
		tx.Note(store.Note{Act: "CLIENT PAUSE", Names: []string{name}})
		return tx.Set(name, value, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newExporter(node *transcript.Local, path string) *exporter {
	return &exporter{path: path, view: node.View, log: slog.New(slog.DiscardHandler)}
}

// export exports what a node has, as after a start.
func export(t *testing.T, node *transcript.Local, path string) {
	t.Helper()
	e := newExporter(node, path)
	defer e.close()
	if err := e.export(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func verifies(t *testing.T, path string) string {
	t.Helper()
	return confman(t, nil, "", "audit verify --export "+path)
}

func TestExportGoesOnWhereItWas(t *testing.T) {
	node, path := transcript.NewLocal(), filepath.Join(t.TempDir(), "audit.jsonl")
	for i := range 3 {
		put(t, node, fmt.Sprintf("prod/k%d", i), "secret value")
	}
	export(t, node, path)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"revision":4,"ti`); err != nil { // what a crash leaves
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, node, "prod/k3", "secret value")
	export(t, node, path)
	export(t, node, path)
	if got := verifies(t, path); !strings.HasPrefix(got, "revisions 1 to 4: 4 records, none missing or altered\nhash ") || strings.Contains(got, "exit") {
		t.Error(got)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var last exported
	if err := json.Unmarshal(bytes.Split(content, []byte("\n"))[3], &last); err != nil {
		t.Fatal(err)
	}
	d := last.Transactions[0]
	if d.By != "default" || d.Addr != "192.0.2.1:7" || d.Client != "c" || d.Reason != "<why>" || d.Changes[0].Name != "prod/k3" || d.Notes[0].Act != "CLIENT PAUSE" {
		t.Errorf("%+v", d)
	}
	if bytes.Contains(content, []byte("secret")) {
		t.Error("the export has values")
	}
}

// Whatever is done to an export afterwards is found, but for its end and its beginning.
func TestAlteredExports(t *testing.T) {
	node, dir := transcript.NewLocal(), t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	for i := range 4 {
		put(t, node, fmt.Sprintf("prod/k%d", i), "v")
	}
	export(t, node, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	for name, c := range map[string]struct{ content, says string }{
		"a name":      {strings.Replace(string(content), `"name":"prod/k2"`, `"name":"prod/k9"`, 1), "revision 3 was altered, or one before it is missing"},
		"a record":    {strings.Replace(string(content), `"record":"Ag`, `"record":"Ah`, 1), "revision 1 was altered"},
		"a line gone": {lines[0] + lines[1] + lines[3], "revision 4 was altered, or one before it is missing"},
		"another way": {lines[0] + lines[2] + lines[1] + lines[3], "revision 3 was altered"},
		"twice":       {lines[0] + lines[0], "revision 1 was altered"},
		"no JSON":     {lines[0] + "x\n", "behind revision 1 there is a line that is no record"},
		"no hash":     {lines[0] + "{}\n", "revision 0 was altered"},
		"a gap":       {lines[0] + `{"missing":"revision 2"}` + "\n" + lines[2], "says itself that there is missing: revision 2"},
	} {
		altered := filepath.Join(dir, "altered.jsonl")
		if err := os.WriteFile(altered, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := verifies(t, altered); !strings.Contains(got, c.says) || !strings.Contains(got, "[exit 1]") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// An export that goes on with another history says so.
func TestExportOfAnotherHistory(t *testing.T) {
	one, other, path := transcript.NewLocal(), transcript.NewLocal(), filepath.Join(t.TempDir(), "audit.jsonl")
	put(t, one, "prod/a", "1")
	export(t, one, path)
	put(t, other, "prod/b", "1")
	put(t, other, "prod/c", "1")
	export(t, other, path)
	put(t, other, "prod/d", "1")
	export(t, other, path)
	if got := verifies(t, path); !strings.Contains(got, "revisions 1 to 3: 3 records") || !strings.Contains(got, "what followed on revision 1: here another history begins") {
		t.Error(got)
	}
}

// What is wrong with the file is said, and the node goes on; so does the export, once that is mended.
func TestExportToNowhere(t *testing.T) {
	node, dir := transcript.NewLocal(), t.TempDir()
	path := filepath.Join(dir, "sub", "audit.jsonl")
	e := newExporter(node, path)
	var logged lockedBuffer
	e.log = slog.New(slog.NewTextHandler(&logged, nil))
	for range 3 {
		err := e.export(t.Context())
		if err == nil {
			t.Fatal("there is no such directory")
		}
		e.fail(err)
	}
	if got := strings.Count(logged.String(), "cannot be exported"); got != 1 {
		t.Errorf("said %d times", got)
	}
	put(t, node, "prod/a", "1")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	export(t, node, path)
	if got := verifies(t, path); !strings.HasPrefix(got, "revisions 1 to 1: 1 records") {
		t.Error(got)
	}
}

// What is applied is exported while a server runs, and the last of it at its end.
func TestExporting(t *testing.T) {
	node, path := transcript.NewLocal(), filepath.Join(t.TempDir(), "audit.jsonl")
	server := &resp.Server{Node: node}
	node.Watch(server)
	end := exporting(t.Context(), path, node.View, server.Progress, slog.New(slog.DiscardHandler))
	for i := range 5 {
		put(t, node, fmt.Sprintf("prod/k%d", i), "v")
	}
	end()
	if got := verifies(t, path); !strings.HasPrefix(got, "revisions 1 to 5: 5 records") {
		t.Error(got)
	}
	exporting(t.Context(), "", nil, nil, nil)() // off
}

// What the command exports is what a node's own export is, and is verified as it is.
func TestAuditExportCommand(t *testing.T) {
	node, dir := transcript.NewLocal(), t.TempDir()
	for i := range 1200 { // more than a page
		put(t, node, fmt.Sprintf("prod/k%d", i), "v")
	}
	environ := []string{"CONFMAN_RESP_ADDR=" + serveStore(t, &resp.Server{Node: node}, replication.Status{})}
	own := filepath.Join(dir, "own.jsonl")
	export(t, node, own)
	content, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if got := confman(t, environ, "", "audit export"); got != string(content) {
		t.Errorf("%d bytes, want %d", len(got), len(content))
	}
	part := filepath.Join(dir, "part.jsonl")
	if err := os.WriteFile(part, []byte(confman(t, environ, "", "audit export --since 1100")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := verifies(t, part); !strings.HasPrefix(got, "revisions 1100 to 1200: 101 records") {
		t.Error(got)
	}
	if got := confman(t, environ, "", "audit verify"); !strings.HasPrefix(got, "revisions 1 to 1200: 1200 records") {
		t.Error(got)
	}
}

// A node whose records do not belong together is found out.
func TestVerifyOfAnAlteredNode(t *testing.T) {
	node := transcript.NewLocal()
	for i := range 3 {
		put(t, node, fmt.Sprintf("prod/k%d", i), "v")
	}
	var records []store.RawPast
	err := node.View(context.Background(), func(tx *store.Tx) error {
		tx.RawPast(1, 10, func(r store.RawPast) bool {
			records = append(records, r)
			return true
		})
		return nil
	})
	if err != nil || len(records) != 3 {
		t.Fatal(err, len(records))
	}
	for name, some := range map[string][]store.RawPast{
		"one missing":  {records[0], records[2]},
		"one repeated": {records[0], records[0]},
		"one altered":  {records[0], {Revision: 2, Record: strings.Replace(records[1].Record, "k1", "k7", 1)}},
	} {
		var c chained
		var err error
		for _, r := range some {
			if err == nil {
				err = c.follow(r.Revision, r.Record)
			}
		}
		if err == nil || c.records != 1 {
			t.Errorf("%s: %v, %d records", name, err, c.records)
		}
	}
}

// A node exports what it applies where audit_export says, from its first start on.
func TestServeExportsTheAudit(t *testing.T) {
	path, dir := filepath.Join(t.TempDir(), "audit.jsonl"), t.TempDir()
	for life := range 2 {
		addr := freeAddr(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		var out lockedBuffer
		args := []string{"serve", "--profile", "lan", "--data-dir", dir, "--resp-addr", addr, "--raft-addr", freeAddr(t), "--http-addr", "0"}
		environ := []string{"CONFMAN_WRITE_HOLD=20s", "CONFMAN_LOG_LEVEL=warn", "CONFMAN_DISK_RESERVE=1048576", "CONFMAN_AUDIT_EXPORT=" + path}
		go func() { ended <- run(ctx, args, environ, strings.NewReader(""), &out, &out) }()
		set := fmt.Sprintf("set prod/k%d 1 --addr %s", life, addr)
		eventually(t, "a node that writes", func() bool { return confman(t, nil, "", set) == "" })
		if got := confman(t, nil, "", "audit verify --addr "+addr); strings.Contains(got, "exit") {
			t.Error(got)
		}
		cancel()
		if code := <-ended; code != 0 {
			t.Fatalf("it ended with %d: %s", code, out.String())
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := verifies(t, path); strings.Contains(got, "exit") || !bytes.Contains(content, []byte(`"name":"prod/k0"`)) || !bytes.Contains(content, []byte(`"name":"prod/k1"`)) {
		t.Errorf("%s\n%s", got, content)
	}
}
