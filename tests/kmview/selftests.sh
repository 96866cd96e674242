#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own tests of system calls, out of Debian's package of its source, compiled.
#
# usage: tests/kmview/selftests.sh      fetches and compiles what the cache lacks; prints the directory
#
# What does not compile against the C library and the headers of this machine is named in the file `missing` there.
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/vm/cache.sh"
. "$top/tests/vm/apt.sh"
package=linux-source-6.12
parts='seccomp ptrace clone3 mount'

compile() { # PART/NAME.c
	local name=${1%.c}
	gcc -O1 -w -D_GNU_SOURCE= -I. -I../../../include/uapi -o "$new/bin/${name/\//-}" "$1" -lcap -lpthread >"$new/log" 2>&1 ||
		echo "${name/\//-}: $(grep -m 1 -o 'error: .*' "$new/log")" >>"$new/missing"
}

fetch() { # VERSION
	local new=$CACHE/selftests/$1.new part file patterns=()
	[ ! -d "$CACHE/selftests/$1" ] || return 0
	rm -rf "$new"
	mkdir -p "$new/tree" "$new/bin"
	say "fetching the kernel's own tests out of $package $1"
	(cd "$new" && private_apt apt-get download "$package=$1") >"$new/log" 2>&1 || { tail -n 5 "$new/log" >&2; return 1; }
	for part in $parts '*.h'; do patterns+=("*/tools/testing/selftests/$part"); done
	patterns+=('*/include/uapi/linux/ptrace.h') # newer than the C library's
	dpkg-deb --fsys-tarfile "$new"/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc -T0 |
		tar -x -C "$new/tree" --strip-components=1 --wildcards "${patterns[@]}" || return
	rm "$new"/*.deb
	: >"$new/missing"
	(
		cd "$new/tree/tools/testing/selftests" || exit
		for file in $(printf '%s/*.c ' $parts); do
			[ "$file" = seccomp/seccomp_benchmark.c ] || compile "$file"
		done
	)
	rm -f "$new/log"
	mv "$new" "$CACHE/selftests/$1"
}

mkdir -p "$CACHE/selftests"
apt_refresh || :
version=$(apt_version bookworm-security "$package")
if [ -z "$version" ]; then
	version=$(cd "$CACHE/selftests" && ls | grep -v '\.new$' | tail -n 1)
	[ -n "$version" ] || { echo "there is no package $package, and the cache has no tests out of an older one" >&2; exit 1; }
fi
locked selftests fetch "$version" && echo "$CACHE/selftests/$version"
