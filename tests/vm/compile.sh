#!/bin/bash
# Compile a kernel that Debian has no package of, from Debian's source, into the cache.
#
# usage: tests/vm/compile.sh NAME       a file of tests/vm/config: "uml" or "debug"
#
# The file is a fragment on top of allnoconfig; its line "# source: PACKAGE ARCH" says what is compiled.
# The result is $CACHE/kernels/NAME-HASH, HASH being the fragment's, with a link NAME,
# laid out as tests/vm/kernels.sh says; kdir is the build tree without what modules do not need.
# A setting of the fragment that the kernel did not take is an error.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"
name=${1:-}
fragment=$here/config/$name
[ $# -eq 1 ] && [ -f "$fragment" ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }

configure() { # TREE ARCH
	make -C "$1" ARCH="$2" KCONFIG_ALLCONFIG="$fragment" allnoconfig || return
	local setting wrong=0
	while read -r setting; do
		grep -qxF "$setting" "$1/.config" || { echo "not taken: $setting" >&2; wrong=1; }
	done < <(grep '^CONFIG_' "$fragment")
	return $wrong
}

# Keep what compiling modules needs; ARCH um also uses x86.
prune() { # TREE ARCH
	find "$1" -mindepth 1 -maxdepth 1 ! -name Makefile ! -name Kbuild ! -name .config ! -name Module.symvers \
		! -name include ! -name arch ! -name scripts ! -name tools -exec rm -rf {} +
	find "$1/arch" -mindepth 1 -maxdepth 1 ! -name "$2" ! -name x86 ! -name um -exec rm -rf {} +
	find "$1/tools" -mindepth 1 -maxdepth 1 ! -name objtool ! -name include ! -name build ! -name scripts \
		-exec rm -rf {} +
	find "$1/arch" \( -name '*.o' -o -name '*.a' -o -name '*.c' -o -name '.*.cmd' \) -delete
}

compile() {
	local package arch version new start=$SECONDS tree old
	[ ! -e "$final/release" ] || return 0
	read -r package arch < <(sed -n 's/^# source: //p' "$fragment")
	apt_refresh || :
	version=$(apt_version bookworm-security "$package")
	new=$final.new
	rm -rf "$new"
	mkdir -p "$new/deb"
	say "$name: unpacking $package $version"
	(cd "$new/deb" && private_apt apt-get download "$package=$version") >"$new/log" 2>&1 ||
		{ tail -n 5 "$new/log" >&2; return 1; }
	dpkg-deb --fsys-tarfile "$new"/deb/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dc -T0 | tar -x -C "$new" --exclude='*/Documentation/*/*'
	rm -r "$new/deb"
	tree=$(echo "$new"/linux-source-*)
	mv "$tree" "$new/tree"
	tree=$new/tree
	configure "$tree" "$arch" >>"$new/log" 2>&1 || { tail -n 20 "$new/log" >&2; return 1; }
	say "$name: compiling, which takes minutes; the output goes to $new/log"
	if ! nice -n 5 make -C "$tree" ARCH="$arch" -j"$(nproc)" \
		"$([ "$arch" = um ] && echo linux || echo vmlinux)" modules >>"$new/log" 2>&1; then
		grep -E '[Ee]rror|\*\*\*' "$new/log" | tail -n 20 >&2
		return 1
	fi
	echo "$version" >"$new/version"
	make -s --no-print-directory -C "$tree" ARCH="$arch" kernelrelease >"$new/.release"
	cp "$tree/vmlinux" "$new/vmlinux"
	strip --strip-debug "$new/vmlinux"
	mkdir -p "$new/lib/modules/$(cat "$new/.release")"
	cp "$tree"/modules.{order,builtin,builtin.modinfo} "$new/lib/modules/$(cat "$new/.release")/"
	depmod -b "$new" "$(cat "$new/.release")"
	: >"$new/boot-modules"
	prune "$tree" "$arch"
	ln -s tree "$new/kdir"
	echo "$arch" >"$new/arch"
	rm "$new/log"
	mv "$new/.release" "$new/release"
	old=$(readlink "$CACHE/kernels/$name" || :)
	mv "$new" "$final"
	ln -sfn "${final##*/}" "$CACHE/kernels/$name"
	[ -z "$old" ] || [ "$old" = "${final##*/}" ] || rm -rf --one-file-system "$CACHE/kernels/$old"
	say "$name: ready, $((SECONDS - start)) s, $(du -sh "$final" | cut -f1)"
}

mkdir -p "$CACHE/kernels"
final=$CACHE/kernels/$name-$(sha256sum <"$fragment" | head -c 12)
locked "kernel-$name" compile
echo "$final"
