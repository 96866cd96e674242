#!/bin/bash
# Fetch Debian's source package of its stable kernel, and compile some of the kernel's own tests of system calls.
#
# usage: tests/vm/selftests.sh DIR         the programs are DIR/NAME
#
# The package is in $CACHE/selftests. Exit status 77: it is not cached, and cannot be fetched.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"
APT_SUITES='bookworm bookworm-updates bookworm-security bookworm-backports trixie trixie-updates trixie-security trixie-backports sid'
APT=$CACHE/apt-headers # the same lists as of kernel headers
package=linux-source-6.1
cached=$CACHE/selftests
folders='seccomp ptrace clone3 mount mount_setattr pidfd exec core openat2 splice'

fetch() {
	mkdir -p "$cached"
	[ ! -e "$cached/source.tar" ] || return 0
	say "fetching $package, 140 MB"
	rm -f "$cached"/*.deb
	(cd "$cached" && private_apt apt-get download "$package=$(apt_version bookworm-security "$package")") >"$cached/log" 2>&1 || return
	say "unpacking the kernel's own tests"
	mkdir -p "$cached/new"
	dpkg-deb --fsys-tarfile "$cached"/*.deb | tar -xO --wildcards '*.tar.xz' |
		tar -xJ -C "$cached/new" --strip-components=1 --wildcards '*/tools/testing/selftests/*'
	tar -C "$cached/new/tools/testing" -cf "$cached/source.tar.new" selftests
	rm -rf "$cached/new" "$cached"/*.deb
	mv "$cached/source.tar.new" "$cached/source.tar"
}

# Each file is a program; what is for several, or only measures, is not.
compile() { # DIR
	local work source name extra
	work=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-selftests.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	tar -C "$work" -xf "$cached/source.tar"
	rm -rf "$1"
	mkdir -p "$1"
	say "compiling them"
	for folder in $folders; do
		for source in "$work/selftests/$folder"/*.c; do
			name=$(basename "$source" .c) extra=''
			case $name in helpers | *benchmark* | load_address | splice_read) continue ;; esac
			[ "$folder" != openat2 ] || extra=$work/selftests/openat2/helpers.c
			# shellcheck disable=SC2086
			gcc -O2 -w -D_GNU_SOURCE -I"$work/selftests" -o "$1/$name" "$source" $extra -pthread -lcap -lrt
		done
	done
}

apt_refresh || :
locked selftests fetch || { echo "$package is not cached, and could not be fetched: $(grep '^[WE]:' "$cached/log" | head -n1)" >&2; exit 77; }
compile "$1"
