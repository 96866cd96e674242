# Ground for the tests of viewfs; source it. shellcheck shell=bash
#
# The test runs itself again in a user and mount namespace (as_user=1: as an ordinary user, if such a
# user can reach what was built), in a directory of its own. viewfs is built with the sanitizers.
#
#   mount_view OPTIONS SOURCE TARGET    umount_view TARGET
#   tree_hash DIRECTORY                 names, types, permissions, owners, times, sizes, data
#   server_of TARGET                    the pid of the server
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"
viewfs=$top/build/san/bin/viewfs same=$top/build/tests/view/same

if [ -z "${VIEWFS_TEST:-}" ]; then
	work=$(mktemp -d) || exit 1
	at_exit "rm -rf '$work'"
	export VIEWFS_TEST=$work
	export ASAN_OPTIONS=log_path=$work/sanitizer
	export UBSAN_OPTIONS=log_path=$work/sanitizer:print_stacktrace=1
	chmod 755 "$work"
	user=(setpriv --reuid 1000 --regid 1000 --clear-groups)
	if [ "$(id -u)" -eq 0 ] && [ -n "${as_user:-}" ] && "${user[@]}" test -x "$viewfs"; then
		chown 1000:1000 "$work"
		"${user[@]}" unshare -Urm "$0" "$@"
	else
		unshare -Urm "$0" "$@"
	fi
	status=$?
	for log in "$work"/sanitizer*; do
		[ -e "$log" ] || continue
		sed 's/^/# /' "$log"
		status=1
	done
	exit $status
fi
cd "$VIEWFS_TEST" || exit 1

mount_view() { "$viewfs" -o "$1,timeout=0.2" "$2" "$PWD/$3"; }
umount_view() {
	local pid
	pid=$(server_of "$1")
	umount "$1" || { umount -l "$1"; return 1; }
	until_true 20 gone "$pid"
}
server_of() { pgrep -f "^$viewfs .* $PWD/$1\$"; }
gone() { ! readlink "/proc/$1/exe"; } # ended, if not yet reaped
tree_hash() {
	(cd "$1" && {
		find . -printf '%p %y %m %U %G %s %T@ %l\n' | sort
		find . -type f -print0 | sort -z | xargs -0 -r sha1sum
	} | sha1sum)
}
