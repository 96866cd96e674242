#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 7200
# The modules compile, without a warning, for every kernel whose headers Debian offers from bookworm to sid; for one with
# PREEMPT_RT they say in a sentence that they do not support it.
#
# usage: tests/kmview/headers.sh [PATTERN]      only kernels whose names match the extended regular expression
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"
. "$top/tests/vm/cache.sh"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
packages=$("$top/tests/vm/headers.sh") || { echo "1..0 # no header packages"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-headers.XXXXXX")
at_exit "umount -R $work/root $work 2>/dev/null; rmdir $work"
mount -t tmpfs tmpfs "$work" || { echo "1..0 # cannot mount a tmpfs"; exit 1; }

# A root with these headers and the sources, over the cached one, for as long as one kernel takes.
enter() { # SUITE DEB...
	local suite=$1 deb
	shift
	umount -R "$work/root" 2>/dev/null
	rm -rf "$work/upper" "$work/work"
	mkdir -p "$work/upper" "$work/work" "$work/root"
	mount -t overlay -o "lowerdir=$CACHE/roots/headers-$suite,upperdir=$work/upper,workdir=$work/work" overlay "$work/root" &&
		mount -t proc proc "$work/root/proc" || return
	for deb; do dpkg-deb --fsys-tarfile "$CACHE/headers/$deb" | tar -x -C "$work/root" --keep-directory-symlink || return; done
	make -s -C "$top" module-sources KMOD_BUILD="$work/src" && mkdir -p "$work/root/mnt/vsquare" &&
		cp -r "$work/src" "$work/root/mnt/vsquare/$version" && ln -s . "$work/root/mnt/vsquare/$version/build" &&
		cp "$top/dkms.conf" "$work/root/mnt"
}

# By the command that dkms.conf gives.
compile() { # KERNEL
	# shellcheck disable=SC2016
	chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C \
		kernel_source_dir="/usr/src/linux-headers-$1" dkms_tree=/mnt KCFLAGS=-Werror \
		bash -c '. /mnt/dkms.conf && eval "${MAKE[0]}"' 2>&1
}

while read -r suite kernel debs; do
	[[ $kernel =~ ${1:-.} ]] || continue
	# shellcheck disable=SC2086
	enter "$suite" $debs >"$work/log" 2>&1 || { tap_result 1 "$suite $kernel: unpacked" "$(cat "$work/log")"; continue; }
	out=$(compile "$kernel") status=$?
	if [[ $kernel == *-rt-* ]]; then
		tap_result "$(( status == 0 ))" "$suite $kernel: refused" "it compiled"
		like "$suite $kernel: with the reason" "$out" 'does not support PREEMPT_RT'
	else
		printf '%s\n' "$out" | grep -q '[Ww]arning[:!]\|WARNING:' && status=1
		tap_result $status "$suite $kernel: compiles" "$(grep -vE '^  (CC|LD|MODPOST|BTF) ' <<<"$out")"
	fi
done <<<"$packages"
done_testing
