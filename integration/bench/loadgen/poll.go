package loadgen

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// glance is how often a poll returns without an event, so that who polls sees that a context has ended.
const glance = 50 * time.Millisecond

// A poll waits for many sockets, which it knows by number.
type poll struct {
	fd     int
	events [256]unix.EpollEvent
}

func newPoll() (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &poll{fd: fd}, nil
}

func (p *poll) close() { _ = unix.Close(p.fd) } // it holds no data

// add waits for what a socket sends.
func (p *poll) add(fd, number int) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, number, unix.EPOLLIN)
}

// writable waits for room to write as well, or no longer.
func (p *poll) writable(fd, number int, wanted bool) error {
	events := uint32(unix.EPOLLIN)
	if wanted {
		events |= unix.EPOLLOUT
	}
	return p.control(unix.EPOLL_CTL_MOD, fd, number, events)
}

func (p *poll) control(op, fd, number int, events uint32) error {
	if err := unix.EpollCtl(p.fd, op, fd, &unix.EpollEvent{Events: events, Fd: int32(number)}); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// wait returns the events there are, after at most a glance. They are valid until the next call.
func (p *poll) wait() ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.fd, p.events[:], int(glance.Milliseconds()))
	if err != nil && err != unix.EINTR {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return p.events[:max(0, n)], nil
}
