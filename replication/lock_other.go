//go:build !unix

package replication

import "os"

// lockExclusively leaves it to dragonboat, which locks its own part of the directory.
func lockExclusively(*os.File) error { return nil }
