package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"confman/resp"
)

// on asks over a UNIX socket or a port, and returns the answer as redis-cli shows it.
func on(t *testing.T, addr, command string) string {
	t.Helper()
	c, err := resp.Dial(t.Context(), addr)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	reply, err := c.Do(t.Context(), strings.Fields(command)...)
	if err != nil {
		return err.Error()
	}
	return resp.Format(reply)
}

// A UNIX socket is for the node's user and group. What a dead process has left is replaced; the socket of one that lives, and
// what is no socket, is not.
func TestSocketsOfTheDeadAndTheLiving(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false) // as if it had been killed
	_ = dead.Close()
	ln, err := listenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	_, err = listenSocket(path)
	if want := "resp_socket " + path + " is in use"; !strings.Contains(text(err), want) || !strings.Contains(text(err), "choose another path") {
		t.Errorf("%v, want %s", err, want)
	}
	if holder := fmt.Sprintf("(process %d)", os.Getpid()); runtime.GOOS == "linux" && !strings.Contains(text(err), holder) {
		t.Errorf("%v does not name %s", err, holder)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the living one is gone: %v", err)
	} else {
		_ = c.Close()
	}
	file := writeFile(t, "precious")
	if _, err := listenSocket(file); !strings.Contains(text(err), "is no socket: remove it") {
		t.Error(err)
	}
	if content, _ := os.ReadFile(file); string(content) != "precious" {
		t.Errorf("the file has %q", content)
	}
	if _, err := listenSocket(filepath.Join(t.TempDir(), "nowhere", "s")); !strings.Contains(text(err), "RuntimeDirectory=confman") {
		t.Error(err)
	}
	for _, wrong := range []string{"s", "@s", "/" + strings.Repeat("s", 107)} {
		if got := confman(t, []string{"CONFMAN_RESP_SOCKET=" + wrong}, "", "config check --config "+emptyFile(t)); !strings.Contains(got, "write the whole path of a socket") || !strings.HasSuffix(got, "[exit 78]\n") {
			t.Error(got)
		}
	}
}

// serveHanded starts confman with sockets that a service manager has opened.
func serveHanded(t *testing.T, names string, files []*os.File, environ ...string) (addr string, printed func() string, code func() int) {
	t.Helper()
	addr = freeAddr(t)
	c := processOf(t, fmt.Sprintf("LISTEN_PID=$$ exec $CONFMAN serve --config %s --data-dir %s --resp-addr %s --raft-addr %s --http-addr 0", emptyFile(t), t.TempDir(), addr, freeAddr(t)),
		append(environ, fmt.Sprintf("LISTEN_FDS=%d", len(files)), "LISTEN_FDNAMES="+names)...)
	c.ExtraFiles = files
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return addr, c.Stderr.(*lockedBuffer).String, func() int {
		hard := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
		defer hard.Stop()
		_ = c.Wait() // its code says how it went
		return c.ProcessState.ExitCode()
	}
}

// A service manager's sockets are used in place of the node's own.
func TestSocketActivation(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for _, ln := range []net.Listener{port, socket} {
		f, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	own, printed, _ := serveHanded(t, "resp:resp-socket", files)
	if got := on(t, port.Addr().String(), "SET a 1"); got != "OK" { // it may have come before the node was there
		t.Errorf("%s\n%s", got, printed())
	}
	if got := on(t, path, "GET a"); got != `"1"` {
		t.Errorf("%s\n%s", got, printed())
	}
	if _, err := net.Dial("tcp", own); err == nil {
		t.Error("it listens at resp_addr too")
	}

	for names, want := range map[string]string{
		"redis":          `a socket named "redis", which confman has no use for: give FileDescriptorName= in the socket unit one of resp, http, resp-socket`,
		"confman.socket": `a socket named "confman.socket"`,
		"resp-socket":    `socket "resp-socket" cannot be used: it is a tcp socket; it has to be a unix one`,
	} {
		_, printed, code := serveHanded(t, names, files[:1])
		if got := code(); got != exitConfig || !strings.Contains(printed(), want) {
			t.Errorf("%s: exit code %d:\n%s", names, got, printed())
		}
	}
}

// A hang-up has the node read its settings again, and does not end it. A file that cannot be used changes nothing.
func TestHangUp(t *testing.T) {
	file, addr := writeFile(t, "log_level: info\n"), freeAddr(t)
	c := processOf(t, fmt.Sprintf("exec $CONFMAN serve --config %s --data-dir %s --resp-addr %s --raft-addr %s --http-addr 0", file, t.TempDir(), addr, freeAddr(t)))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it serves", func() bool { return on(t, addr, "PING") == "PONG" })
	for _, step := range []struct{ content, says, level string }{
		{"log_level: debug\nmax_clients: 5\n", "settings=max_clients", "debug"},
		{"log_level: loud\n", "the settings cannot be read, and stay as they were", "debug"},
		{"log_level: warn\n", "the settings were read again\" log_level=warn", "warn"},
	} {
		if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if step.level == "warn" { // and no more is said
			eventually(t, "the level", func() bool { return strings.Contains(on(t, addr, "CONFIG GET log_level"), "warn") })
			continue
		}
		eventually(t, step.says, func() bool { return strings.Contains(printed(c), step.says) })
		if got := on(t, addr, "CONFIG GET log_level"); !strings.Contains(got, step.level) {
			t.Errorf("%q: %s", step.content, got)
		}
	}
}
