#!/bin/sh
# What the scripts of deb and rpm share; packaging/build puts it in front of each of them.
set -e

say() { echo "confman: $*" >&2; }

# booted reports whether systemd runs this system. In a chroot, or a container without it, there is no service to deal with.
booted() { [ -d /run/systemd/system ]; }

make_user() {
	getent group confman >/dev/null || groupadd --system confman
	getent passwd confman >/dev/null || useradd --system --gid confman --home-dir /var/lib/confman --no-create-home \
		--shell /usr/sbin/nologin --comment "confman configuration store" confman
}

# as_service runs a command with the environment of the service. Options of systemd-run may stand before it.
as_service() {
	systemd-run --quiet --wait --pipe --collect \
		--property="Environment=$(systemctl show --property=Environment --value confman.service)" \
		--property=EnvironmentFile=-/etc/confman/environment \
		"$@"
}

# settings_are_fine reports whether the service can start with its settings, asked as its user.
settings_are_fine() { as_service --uid=confman --gid=confman confman config check >/dev/null; }

# restart restarts the service, when no other node of its cluster is restarted: several machines may be upgraded at once. Who has
# forbidden restarts (policy-rc.d) is obeyed, which the program in the arguments knows how to.
restart() {
	if ! command -v policy-rc.d >/dev/null && confman restart --help >/dev/null 2>&1; then
		as_service confman restart --wait-turn
	else
		"$@" restart confman.service
	fi
}

# start_new starts the service on a machine that has just got it; what does so (systemctl, deb-systemd-invoke) is its argument.
start_new() {
	if settings_are_fine; then
		"$@" start confman.service || say "it did not start: journalctl -u confman -n 20 tells why"
	else
		say "it was not started: mend what is said above, then: systemctl start confman"
	fi
}

# restart_old takes the service to the version that was just installed. What the administrator has stopped stays stopped.
restart_old() {
	case $(systemctl is-active confman.service) in
	active | activating | reloading | deactivating) ;;
	failed) systemctl --quiet is-enabled confman.service || return 0 ;;
	*) return 0 ;;
	esac
	if settings_are_fine; then
		restart "$@" || say "the new version did not start: journalctl -u confman -n 20 tells why"
	else
		say "it was not restarted, and goes on as before, in the version before this one:"
		say "mend what is said above, then: systemctl restart confman"
	fi
}
