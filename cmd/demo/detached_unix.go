//go:build unix

package main

import "syscall"

// detached puts a child into a process group of its own.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
