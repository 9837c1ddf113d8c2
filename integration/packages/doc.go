// Package packages installs confman's deb and rpm on machines that systemd has booted, in containers of systemd-nspawn, and does
// with them what administrators do.
package packages
