#!/bin/bash
# Fetch Debian's kernels, their modules and what is needed to compile modules for them into the cache.
#
# usage: tests/vm/kernels.sh [NAME...]      the names of tests/vm/kernels; all of them when none is given
#        tests/vm/kernels.sh --dir NAME     print the directory of one, fetched if need be
#
# A kernel is a directory $CACHE/kernels/RELEASE_VERSION, with a link NAME to it:
#   release, version    uname -r; the version of the Debian package
#   vmlinux             the kernel, uncompressed: qemu boots it through its PVH entry, seconds sooner
#   lib/modules/RELEASE the modules named in tests/vm/kernel-modules, uncompressed, and depmod's tables
#   boot-modules        those that the initramfs loads, in order
#   kdir                what to give as KDIR; under root/ when there is a
#   root                Debian root with the compiler that the kernel was built with, when this
#                       machine's compiler and C library are too old for its kbuild programs
#
# Package lists are read once a day; a kernel whose package has a new version is fetched anew.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"

field() { awk -v name="$1" -v n="$2" '$1 == name { print $n }' "$here/kernels"; }

# The packages of one kernel that matter here: those built from the kernel's own source.
closure() { # SUITE PACKAGE...
	local suite=$1 queue seen=' ' name
	shift
	queue=("$@")
	while [ ${#queue[@]} -gt 0 ]; do
		name=${queue[0]} queue=("${queue[@]:1}")
		case $seen in *" $name "*) continue ;; esac
		seen+="$name "
		echo "$name"
		mapfile -t -O ${#queue[@]} queue < <(apt_depends "$suite" "$name" |
			grep -E '^linux-(image|binary|modules|base|headers|kbuild)-[0-9]')
	done
}

unpack() { # DIRECTORY SUITE PACKAGE...
	local to=$1 suite=$2 name specs=()
	shift 2
	for name; do specs+=("$name=$(apt_version "$suite" "$name")"); done
	mkdir -p "$to/.debs"
	(cd "$to/.debs" && private_apt apt-get download "${specs[@]}") >"$to/.log" 2>&1 ||
		{ tail -n 5 "$to/.log" >&2; return 1; }
	for name in "$to"/.debs/*.deb; do dpkg-deb -x "$name" "$to"; done
	rm -r "$to/.debs"
}

# The compressed kernel in a bzImage lies where the boot protocol (2.08) says: after the setup
# sectors, payload_offset (0x248) bytes on, payload_length (0x24c) bytes long.
uncompress_kernel() { # BZIMAGE VMLINUX
	local sectors offset length magic unpack
	sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$1")
	offset=$(od -An -tu4 -j $((0x248)) -N4 "$1")
	length=$(od -An -tu4 -j $((0x24c)) -N4 "$1")
	offset=$(((sectors + 1) * 512 + offset))
	magic=$(od -An -tx1 -j $offset -N4 "$1" | tr -d ' ')
	case $magic in
	fd377a58) unpack='xz -dc --single-stream' ;;
	28b52ffd) unpack='zstd -dc' ;;
	1f8b*) unpack='gzip -dc' ;;
	02214c18) unpack='lz4 -dc' ;;
	*) echo "$1: unknown compression of the kernel (magic $magic); add it to $0" >&2; return 1 ;;
	esac
	# The length of the uncompressed kernel follows the stream; decompressors call it garbage.
	tail -c +$((offset + 1)) "$1" | head -c $((length - 4)) | $unpack >"$2" 2>/dev/null ||
		[ "$(head -c 4 "$2" | tail -c 3)" = ELF ]
}

# Keep of FROM's modules those that tests/vm/kernel-modules names, and what they depend on.
prune_modules() { # FROM TO RELEASE
	local name list file
	depmod -b "$1" "$3"
	mkdir -p "$2/lib/modules/$3"
	cp "$1/lib/modules/$3"/modules.{builtin,builtin.modinfo,order} "$2/lib/modules/$3/"
	: >"$2/boot-modules"
	while read -r name list; do
		case $name in '#'* | '') continue ;; esac
		modprobe -d "$1" -S "$3" --show-depends "$name" 2>/dev/null | awk '$1 == "insmod" { print $2 }' |
		while read -r file; do
			list=$2/lib${file#"$1"/lib}
			list=${list%.xz} list=${list%.zst}
			mkdir -p "${list%/*}"
			case $file in
			*.xz) xz -dc "$file" >"$list" ;;
			*.zst) zstd -dcq "$file" >"$list" ;;
			*) cp "$file" "$list" ;;
			esac
			echo "${list#"$2"/}"
		done >"$2/.new"
		[[ $list != boot:* ]] || cat "$2/.new" >>"$2/boot-modules"
	done <"$here/kernel-modules"
	awk '!seen[$0]++' "$2/boot-modules" >"$2/.new"
	mv "$2/.new" "$2/boot-modules"
	depmod -b "$2" "$3"
}

# Header packages name each other by absolute paths; make them relative, so they work where they lie.
relocate_headers() { # DIRECTORY RELEASE
	local link
	find "$1/usr/src" "$1/usr/lib" -type l -lname '/usr/*' | while read -r link; do
		ln -sfr "$1$(readlink "$link")" "$link"
	done
	grep -rlE --include=Makefile --include='.kernelvariables' "/usr/(src|lib)/linux-" "$1/usr/src" |
		xargs -r sed -i -E "s#/usr/(src|lib)/linux-#$3/usr/\1/linux-#g"
	ln -s "usr/src/linux-headers-$2" "$1/kdir"
}

compiler_root() { # DIRECTORY SUITE RELEASE
	if [ "$(id -u)" -ne 0 ]; then
		echo "Modules for $3 are compiled in a Debian root, which only root can make and enter; run this as root" >&2
		return 1
	fi
	say "$3: making a $2 root with its compiler and headers"
	debian_root "$2" "$1/root" "make,linux-headers-$3"
	ln -s "root/usr/src/linux-headers-$3" "$1/kdir"
}

# Has a cached kernel a module less than tests/vm/kernel-modules names by now? One that its package has not, either, is
# asked for once.
lacks_modules() { # DIRECTORY
	local name rest
	while read -r name rest; do
		case $name in '#'* | '') continue ;; esac
		modprobe -d "$1" -S "$(cat "$1/release")" --show-depends "$name" >/dev/null 2>&1 ||
			grep -qx "$name" "$1/no-modules" 2>/dev/null || return 0
	done <"$here/kernel-modules"
	return 1
}

# What guests use stays where it is; files come to it.
add_modules() { # DIRECTORY SUITE
	local dir=$1 suite=$2 new=$1.new release name rest meta
	release=$(cat "$dir/release")
	say "fetching modules of $release that tests/vm/kernel-modules has named since"
	rm -rf --one-file-system "$new"
	mkdir -p "$new/image"
	mapfile -t meta < <(closure "$suite" "linux-image-$release")
	unpack "$new/image" "$suite" "${meta[@]}" || return
	[ -d "$new/image/lib/modules" ] || { mkdir -p "$new/image/lib" && ln -s ../usr/lib/modules "$new/image/lib/modules"; }
	prune_modules "$new/image" "$new" "$release"
	cp -rn "$new/lib/modules/." "$dir/lib/modules/"
	depmod -b "$dir" "$release"
	while read -r name rest; do
		case $name in '#'* | '') continue ;; esac
		modprobe -d "$dir" -S "$release" --show-depends "$name" >/dev/null 2>&1 || echo "$name"
	done <"$here/kernel-modules" >"$dir/no-modules"
	rm -rf --one-file-system "$new"
}

# Is it there, with its modules, and looked for since the package lists were read, today?
ready() { # NAME
	[ -e "$CACHE/kernels/$1/release" ] && fresh "$APT/updated" 24 &&
		[ "$CACHE/kernels/.checked-$1" -nt "$APT/updated" ] && ! lacks_modules "$(readlink -f "$CACHE/kernels/$1")"
}

fetch() { # NAME
	local name=$1 suite meta headers version release final new old start=$SECONDS
	local checked=$CACHE/kernels/.checked-$1
	if ready "$name"; then return; fi
	suite=$(field "$name" 2) meta=$(field "$name" 3) headers=$(field "$name" 4)
	if ! apt_refresh && [ -e "$CACHE/kernels/$name/release" ]; then return; fi
	version=$(apt_version "$suite" "$meta")
	release=$(apt_depends "$suite" "$meta" | sed -n 's/^linux-image-//p' | grep '^[0-9]')
	if [ -z "$version" ] || [ -z "$release" ]; then
		echo "$suite has no package $meta that names a kernel; correct tests/vm/kernels" >&2
		return 1
	fi
	final=$CACHE/kernels/${release}_$version
	if [ ! -e "$final/release" ]; then
		new=$final.new
		rm -rf --one-file-system "$new"
		mkdir -p "$new/image"
		say "$name: fetching kernel $release ($version)"
		mapfile -t meta < <(closure "$suite" "linux-image-$release")
		unpack "$new/image" "$suite" "${meta[@]}"
		[ ! -d "$new/image/lib/modules" ] || [ -d "$new/image/usr/lib/modules" ] || {
			mkdir -p "$new/image/usr/lib"
			mv "$new/image/lib/modules" "$new/image/usr/lib/modules"
		}
		mkdir -p "$new/image/lib"
		[ -e "$new/image/lib/modules" ] || ln -s ../usr/lib/modules "$new/image/lib/modules"
		prune_modules "$new/image" "$new" "$release"
		uncompress_kernel "$(ls "$new/image/boot/vmlinuz-$release" \
			"$new/image/usr/lib/modules/$release/vmlinuz" 2>/dev/null | head -n1)" "$new/vmlinux"
		rm -r "$new/image"
		if [ "$suite" = sid ]; then
			compiler_root "$new" "$suite" "$release"
		else
			mapfile -t headers < <(closure "$suite" "linux-headers-$release" | grep -E -- '-(headers|kbuild)-')
			unpack "$new" "$suite" "${headers[@]}"
			relocate_headers "$new" "$release" "$final"
		fi
		rm -rf "$new"/.log "$new/usr/share"
		echo "$version" >"$new/version"
		echo "$release" >"$new/release"
		mv "$new" "$final"
		say "$name: $release is in the cache, $((SECONDS - start)) s, $(du -sh "$final" | cut -f1)"
	fi
	! lacks_modules "$final" || add_modules "$final" "$suite" ||
		say "$name: they could not be fetched; going on without"
	old=$(readlink "$CACHE/kernels/$name" || :)
	ln -sfn "${final##*/}" "$CACHE/kernels/$name"
	touch "$checked"
	[ -z "$old" ] || [ "$old" = "${final##*/}" ] || rm -rf --one-file-system "$CACHE/kernels/$old"
}

case ${1:-} in
-*)
	[ "$1" = --dir ] && [ $# -eq 2 ] || { sed -n '4,5s/^# //p' "$0" >&2; exit 2; }
	dir_only=1
	shift
	;;
esac
# Kernels that are compiled rather than fetched.
if [ -n "${dir_only:-}" ] && [ -f "$here/config/$1" ]; then exec "$here/compile.sh" "$1"; fi
[ $# -gt 0 ] || set -- $(awk '!/^#/ && NF { print $1 }' "$here/kernels")
mkdir -p "$CACHE/kernels"
for name; do
	if [ -z "$(field "$name" 2)" ]; then
		echo "$name: no such kernel; there are $(awk '!/^#/ && NF { print $1 }' "$here/kernels" | xargs)" >&2
		exit 2
	fi
	# Nobody waits for the lock, while others fetch, to learn that it is ready.
	ready "$name" || locked kernels fetch "$name"
	dir=$(readlink -f "$CACHE/kernels/$name")
	if [ -n "${dir_only:-}" ]; then
		echo "$dir"
	else
		echo "$name: $(cat "$dir/release") (Debian $(cat "$dir/version"))"
	fi
done
