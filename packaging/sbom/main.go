// Command sbom writes what a Go program is made of, as CycloneDX in JSON, from what the linker noted in it:
//
//	sbom PROGRAM VERSION > PROGRAM.cdx.json
//
// The same program gives the same bytes; SOURCE_DATE_EPOCH is the time that they show.
package main

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, epoch string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: sbom PROGRAM VERSION")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is %q: set it to the seconds since 1970 that the document is to show", epoch)
	}
	info, err := buildinfo.ReadFile(args[0])
	if err != nil {
		return err
	}
	bytes, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	return write(out, describe(info, args[1], bytes, time.Unix(seconds, 0)))
}
