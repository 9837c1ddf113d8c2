// Bench measures confman side by side with redis-server and etcd on this machine, in turns, and writes
// docs/performance.md, its plot, and docs/performance.json, of which they are made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"
)

func main() {
	logging.Disable() // a server that is being started is asked before it answers
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the rows that the arguments name, and writes what it finds.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	b, flags := &Bench{}, flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.Rounds, "rounds", 5, "how often each side has its turn")
	flags.DurationVar(&b.Time, "time", 3*time.Second, "how long a turn takes")
	flags.BoolVar(&b.Quick, "quick", false, "one short round of everything, to see that it works; writes nothing")
	flags.StringVar(&b.Confman, "confman", "../bin/confman", "the confman that is measured")
	flags.StringVar(&b.Etcd, "etcd", "../bin/tools/etcd", "the etcd of the current version")
	only := flags.String("run", "", "a regular expression that topic/name of the rows match")
	page := flags.Bool("page", false, "measure nothing, and write the page of what was measured before")
	docs := flags.String("docs", "../docs", "the directory that is written to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := read(*docs)
	if err != nil {
		return err
	}
	if *page {
		return r.save(*docs, rows())
	}
	if b.Quick {
		b.Rounds, b.Time = 1, 200*time.Millisecond
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	for _, program := range []*string{&b.Confman, &b.Etcd} { // servers run in directories of their own
		if *program, err = filepath.Abs(*program); err != nil {
			return err
		}
	}
	if b.Dir, err = os.MkdirTemp("", "confman-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.Dir)
	defer b.Close()
	return b.measure(ctx, rows(), wanted, r.at(here()), *docs, out)
}

// measure measures rows, and writes the page after each, so that what was measured is kept if it is interrupted.
func (b *Bench) measure(ctx context.Context, all []Row, wanted *regexp.Regexp, r results, docs string, out io.Writer) error {
	with := b.versions(ctx) + busy()
	fmt.Fprintln(out, with)
	chosen := slices.DeleteFunc(slices.Clone(all), func(row Row) bool { return !wanted.MatchString(row.Topic + "/" + row.Name) })
	if len(chosen) == 0 {
		return fmt.Errorf("no row matches %s", wanted)
	}
	var failed error
	for _, row := range chosen {
		pairs, err := row.Measure(ctx, b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrMissing):
			fmt.Fprintf(out, "skipped: %s: %v\n", row.Name, err)
			continue
		case err != nil:
			fmt.Fprintf(out, "FAILED: %s: %v\n", row.Name, err)
			failed = errors.New("not all rows were measured")
			b.Close() // the next row finds other servers than those that something is wrong with
			continue
		}
		r.note(row, with, b.Time, pairs)
		fmt.Fprint(out, r.line(row))
		if b.Quick {
			continue
		}
		if err := r.save(docs, all); err != nil {
			return err
		}
	}
	return failed
}
