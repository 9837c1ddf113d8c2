package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"confman/resp"
	"confman/store"
)

// An exporter appends the audit to a file, record by record, as this node applies it. It goes on behind the last line after a
// start. What is wrong with the file never stops the node.
type exporter struct {
	path   string
	view   func(context.Context, func(*store.Tx) error) error
	wake   func() <-chan struct{} // what is closed at the next change
	log    *slog.Logger
	pause  time.Duration // between two times that the file is written and synced
	file   *os.File      // nil until it is open
	last   uint64        // revision of the last line
	hash   store.Chain   // behind it
	behind bool          // there is a line
	warned time.Time
}

// How much the exporter reads at a time, how often it writes, and how often it says that it cannot.
const (
	exportPage  = 1000
	exportPause = time.Second
	exportWarns = time.Minute
)

// exporting exports the audit to a file, if there is to be one, until it is told to end: which it does when no more is noted.
func exporting(ctx context.Context, path string, view func(context.Context, func(*store.Tx) error) error, wake func() <-chan struct{}, log *slog.Logger) (end func()) {
	if path == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &exporter{path: path, view: view, wake: wake, log: log, pause: exportPause}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.run(ctx)
	}()
	return func() { cancel(); <-done }
}

// run exports until ctx ends, and then what is left.
func (e *exporter) run(ctx context.Context) {
	defer e.close()
	for {
		next, last := e.wake(), ctx.Err() != nil
		if err := e.export(context.WithoutCancel(ctx)); err != nil {
			e.fail(err)
		}
		if last {
			return
		}
		select {
		case <-ctx.Done():
			continue
		case <-next:
		case <-e.again():
		}
		select {
		case <-ctx.Done():
		case <-time.After(e.pause):
		}
	}
}

// again is when to try again without any change, after a failure.
func (e *exporter) again() <-chan time.Time {
	if e.file != nil {
		return nil
	}
	return time.After(e.pause)
}

// fail says what is wrong, not each time, and has the file opened anew. A node that is loading has nothing to export.
func (e *exporter) fail(err error) {
	e.close()
	if errors.Is(err, store.ErrLoading) || time.Since(e.warned) < exportWarns {
		return
	}
	e.warned = time.Now()
	e.log.Error("the audit cannot be exported; it stays in the store: make room there, or let the node's user write it (this is said once a minute at most)", "file", e.path, "error", err)
}

func (e *exporter) close() {
	if e.file != nil {
		_ = e.file.Close() // it was synced
		e.file = nil
	}
}

// export appends all that is not in the file yet, and syncs it.
func (e *exporter) export(ctx context.Context) error {
	if e.file == nil {
		if err := e.open(); err != nil {
			return err
		}
	}
	for wrote := false; ; wrote = true {
		lines, err := e.page(ctx)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			if wrote {
				return e.file.Sync()
			}
			return nil
		}
		if _, err := e.file.Write(lines); err != nil {
			return err
		}
	}
}

// open opens the file, and cuts off what was not written whole.
func (e *exporter) open() error {
	f, err := os.OpenFile(e.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	e.last, e.hash, e.behind = 0, store.Chain{}, false
	whole, err := eachLine(f, func(line []byte) error {
		var l exported
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("it is no export of an audit: %w", err)
		}
		if e.behind = true; l.Record == nil { // a gap
			return nil
		}
		e.last = l.Revision
		e.hash, err = chainFrom(l.Hash)
		return err
	})
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	e.file = f
	return nil
}

// page returns the lines of the records that follow, some of them.
func (e *exporter) page(ctx context.Context) (lines []byte, err error) {
	err = e.view(ctx, func(tx *store.Tx) error {
		floor, start := tx.ChainFloor()
		if floor > e.last {
			if e.behind {
				lines = append(lines, jsonLine(gap{fmt.Sprintf("revisions %d to %d: they were not kept long enough", e.last+1, floor)})...)
			}
			e.last, e.hash, e.behind = floor, start, true
		}
		first, broken := true, error(nil)
		tx.RawPast(e.last+1, exportPage, func(r store.RawPast) bool {
			if first {
				lines, first = e.connect(lines, resp.ChainBefore(tx, r.Revision)), false
			}
			lines, broken = e.append(lines, r)
			return broken == nil && len(lines) < 1<<20
		})
		return broken
	})
	return lines, err
}

// connect says so if what follows does not belong behind the last line, as when a cluster was restored from a backup.
func (e *exporter) connect(lines []byte, before store.Chain) []byte {
	if before == e.hash {
		return lines
	}
	if e.hash = before; e.behind {
		lines = append(lines, jsonLine(gap{fmt.Sprintf("what followed on revision %d: here another history begins", e.last)})...)
	}
	return lines
}

// append adds a record's line.
func (e *exporter) append(lines []byte, r store.RawPast) ([]byte, error) {
	line, hash, fits, err := newExported(e.hash, r.Revision, r.Record)
	if err == nil && !fits {
		err = fmt.Errorf("revision %d %w", r.Revision, errAltered)
	}
	if err != nil {
		return lines, err
	}
	e.last, e.hash, e.behind = r.Revision, hash, true
	return append(lines, jsonLine(line)...), nil
}

// eachLine reads the lines of an export, and returns where the last whole one ends.
func eachLine(r io.Reader, visit func(line []byte) error) (whole int64, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	for {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		if err := visit(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return whole, err
		}
		whole += int64(len(line))
	}
}
