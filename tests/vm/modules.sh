#!/bin/bash
# Compile the modules for one of the kernels of tests/vm/kernels, from a copy of the sources.
#
# usage: tests/vm/modules.sh NAME
#
# The result is build/modules/NAME:
#   src/           the copy that the kernel's build works in
#   lib/modules/   what a guest sees as its /lib/modules: Debian's modules of that kernel, ours in
#                  updates/, and depmod's tables
# Any warning of the compiler or of modpost is an error.
set -eu
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
. "$here/cache.sh"
[ $# -eq 1 ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }
name=$1
kernel=$("$here/kernels.sh" --dir "$name")
release=$(cat "$kernel/release")
out=$top/build/modules/$name

compile() {
	if [ ! -d "$kernel/root" ]; then
		make -C "$kernel/kdir" M="$out/src" KCFLAGS=-Werror modules
		return
	fi
	# Inside the root; /proc because objtool asks it for the size of its stack.
	unshare --mount --propagation private bash -euc '
		mount --bind "$1" "$2/mnt"
		mount -t proc proc "$2/proc"
		exec chroot "$2" make -C "/usr/src/linux-headers-$3" M=/mnt KCFLAGS=-Werror modules
	' - "$out/src" "$kernel/root" "$release"
}

build() {
	local log=$out/log old
	mkdir -p "$out/src"
	# A kernel of another version: nothing made for the old one may stay.
	old=$(cat "$out/kernel" 2>/dev/null || :)
	# Nor may a table that lacks what has come to the cache since.
	{ [ -e "$out/copied" ] && [ ! "$kernel/lib/modules/$release/modules.dep" -nt "$out/copied" ]; } || rm -rf "$out/lib" "$out/done"
	[ "$old" = "$kernel" ] || rm -rf "$out/src" "$out/lib" "$out/done"
	mkdir -p "$out/src"
	make -s -C "$top" module-sources KMOD_BUILD="${out#"$top"/}/src"
	if [ -e "$out/done" ] && [ -z "$(find "$out/src" -newer "$out/done" -name '*.[chS]' -o -newer "$out/done" -name Kbuild)" ]; then
		return
	fi
	rm -f "$out/done"
	echo "$kernel" >"$out/kernel"
	say "compiling the modules for $release"
	if ! compile >"$log" 2>&1 || grep -q '[Ww]arning[:!]\|WARNING:' "$log"; then
		grep -vE '^  (CC|LD|MODPOST|BTF)|^make' "$log" >&2
		echo "the modules do not compile cleanly for $name ($release); all of the output is in $log" >&2
		return 1
	fi
	if [ ! -d "$out/lib" ]; then
		mkdir -p "$out/lib"
		cp -r "$kernel/lib/modules" "$out/lib/"
		touch "$out/copied"
	fi
	rm -rf "$out/lib/modules/$release/updates"
	mkdir -p "$out/lib/modules/$release/updates"
	find "$out/src" -name '*.ko' -exec cp -t "$out/lib/modules/$release/updates" {} +
	depmod -b "$out" "$release"
	touch "$out/done"
}

locked "modules-$(echo "$out" | tr / _)" build
