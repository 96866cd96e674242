#!/bin/bash
# Fetch every package of kernel headers for amd64 that Debian offers, from bookworm to sid, and for each release of Debian a
# root with the compiler that they were made for.
#
# usage: tests/vm/headers.sh       prints a line for each package: RELEASE-OF-DEBIAN KERNEL DEB...
#
# The packages are in $CACHE/headers, the roots in $CACHE/roots/headers-bookworm and so on. Both are made anew when they are
# missing; packages that are offered no more are removed.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"
# Lists of their own: a guest's kernels come from fewer suites.
APT=$CACHE/apt-headers
APT_SUITES='bookworm bookworm-updates bookworm-security bookworm-backports
	trixie trixie-updates trixie-security trixie-backports sid'
debs=$CACHE/headers

if [ "$(id -u)" -ne 0 ]; then
	echo "Debian roots can only be made and entered by root; run this as root" >&2
	exit 1
fi

make_root() { # SUITE
	local root=$CACHE/roots/headers-$1
	[ ! -e "$root/etc/debian_version" ] || return 0
	say "making a $1 root with its compiler"
	mkdir -p "$CACHE/roots"
	rm -rf --one-file-system "$root.new"
	debian_root "$1" "$root.new" make,linux-headers-amd64
	mv "$root.new" "$root"
}

# "NAME VERSION SUITE FILE DEPENDS" of all header packages and what they stand on, the newest version of each name first.
offered() {
	private_apt apt-cache dumpavail | awk '
		/^Package: linux-(headers|kbuild)-[0-9]/ { name = $2; deps = "" }
		/^Version: / { version = $2 }
		/^Depends: / { $1 = ""; gsub(/,[ ]*/, " "); gsub(/\([^)]*\)/, ""); deps = $0 }
		/^Filename: / { file = $2; sub(/.*\//, "", file) }
		/^$/ { if (name) print name, version, file, deps; name = "" }' | sort -u -k1,1V -k2,2Vr | awk '!seen[$1]++'
}

# The files that a header package consists of.
files_of() { # NAME
	local dep
	echo "${file[$1]}"
	for dep in ${depends[$1]}; do
		[ -z "${file[$dep]:-}" ] || echo "${file[$dep]}"
	done
}

fetch() {
	local name version deb rest missing=() release
	declare -gA file=() depends=()
	while read -r name version deb rest; do
		file[$name]=$deb depends[$name]=$rest
		[ -e "$debs/$deb" ] || missing+=("$name=$version")
	done < <(offered)
	if [ ${#file[@]} -eq 0 ]; then
		echo "no package of kernel headers is known; the package lists could not be read" >&2
		return 1
	fi
	mkdir -p "$debs"
	if [ ${#missing[@]} -gt 0 ]; then
		say "fetching ${#missing[@]} packages of kernel headers"
		(cd "$debs" && private_apt apt-get download "${missing[@]}") >"$debs/log" 2>&1 ||
			{ grep '^[WE]:' "$debs/log" | head -n 5 >&2; return 1; }
		# apt writes a colon of a version as %3a; the lists do not.
	fi
	find "$debs" -name '*.deb' | while read -r deb; do
		[[ " ${file[*]} " == *" ${deb##*/} "* ]] || rm "$deb"
	done
	for name in "${!file[@]}"; do
		[[ $name == linux-headers-[0-9]*.*-amd64 ]] || continue
		[[ $name != linux-headers-6.12-* ]] || continue # names the newest one
		case $name in
		*+deb14*) release=sid ;;
		*+deb13*) release=trixie ;;
		*) release=bookworm ;;
		esac
		echo "$release ${name#linux-headers-} $(files_of "$name" | xargs)"
	done | sort -k1,1 -k2,2V
}

apt_refresh || [ -e "$APT/sources.list" ]
for suite in bookworm trixie sid; do locked "root-headers-$suite" make_root "$suite"; done
locked headers fetch
