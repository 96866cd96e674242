#!/bin/bash
# The part of names.sh that runs in a view: prints what went wrong, a line each, and nothing else.
#
# usage: names_inside.sh image|directory|gocryptfs|ramfile|viewfs|listed|refused TYPE DIRECTORY
set -u
. "$(dirname "$0")/evil_names.sh"
what=$1 type=$2 work=$3
cd "$work" || exit 1
flag=-w
case $type in iso9660 | squashfs | archive) flag=-r ;; esac

there() { # is the image's content at this place? FAT and the like are made empty
	case $type in
	vfat | ntfs | exfat) echo words >"$1/file" && [ "$(cat "$1/file")" = words ] && rm "$1/file" ;;
	*) [ "$(cat "$1/file")" = words ] ;;
	esac
}
# By an absolute path, by one without a directory in front, and with a mount point of that name. EVIL_SHORT: each
# name in one of these ways, the next name in the next.
by_absolute() { mount $flag -t "$type" "$PWD/i/$1" m && there m && umount m; }
by_name() { (cd i && mount $flag -t "$type" -- "$1" ../m) && there m && umount m; }
onto_absolute() { mount $flag -t "$type" "i/$1" "$PWD/t/$1" && there "t/$1" && umount "t/$1"; }
onto_name() { (cd t && mount $flag -t "$type" -- "../i/$1" "$1" && there "./$1" && umount -- "./$1"); }
image() {
	local way ways=(by_absolute by_name onto_absolute onto_name) status=0
	[ -z "${EVIL_SHORT:-}" ] || ways=("${ways[i % ${#ways[@]}]}")
	mv "$type" "i/$1" && mkdir "t/$1" || return
	for way in "${ways[@]}"; do
		$way "$1" || { status=$?; break; }
	done
	umount -l m 2>/dev/null
	umount -l "t/$1" 2>/dev/null
	mv "i/$1" "$type" && rmdir "t/$1" && return $status
}
directory() {
	mkdir "i/$1" "t/$1" && echo words >"i/$1/file" || return
	(cd i && mount -t "$type" -- "$1" ../m) && there m && umount m &&
		(cd t && mount -t "$type" -- "../i/$1" "$1") && there "t/$1" && umount "t/$1"
	local status=$?
	umount -l m 2>/dev/null
	umount -l "t/$1" 2>/dev/null
	rm -r "i/${1:?}" && rmdir "t/$1" && return $status
}
gocryptfs() {
	mv cipher "i/$1" && mkdir "t/$1" || return
	mount -t gocryptfs -o extpass='echo secret' "i/$1" "t/$1" && echo words >"t/$1/file" && there "t/$1" && umount "t/$1"
	local status=$?
	umount -l "t/$1" 2>/dev/null
	mv "i/$1" cipher && rmdir "t/$1" && return $status
}
ramfile() {
	touch "t/$1" && mount -t ramfile none "t/$1" && echo words >"t/$1" && umount "t/$1" && [ ! -s "t/$1" ]
	local status=$?
	umount -l "t/$1" 2>/dev/null
	rm "t/$1" && return $status
}
# What TARGET has, what SOURCE has, what is excepted; and a sibling whose name ends at the comma.
viewfs() {
	local source="i/$1" target="t/$1" sibling="t/${1%%[,:\\]*}" show=both
	local exception=$1 plain=1 excepted=1
	mkdir -p "$source" "$target/$1" && echo target >"$target/low" && echo source >"$source/high" &&
		echo kept >"$target/$1/kept" && mkdir -p "$sibling" || return
	case $type in
	move | hide) show=one ;;
	esac
	exception=${exception//\\/\\\\}
	exception=${exception//,/\\,}
	if [ "$type" = merge,ro ]; then
		excepted=''
	elif [ -n "${EVIL_SHORT:-}" ]; then
		[ $((i % 2)) = 1 ] && plain='' || excepted=''
	fi
	{ [ -z "$plain" ] || { (cd t && mount -t viewfs -o "$type" -- "../$source" "$1") && shows "$target" $show && umount "$target"; }; } &&
		{ [ -z "$excepted" ] || { mount -t viewfs -o "$type,except=$exception" "$source" "$target" && shows "$target" $show &&
			[ "$(cat "$target/$1/kept")" = kept ] && umount "$target"; }; } &&
		{ [ "$sibling" = "$target" ] || [ -z "$(ls -A "$sibling")" ]; }
	local status=$?
	umount -l "$target" 2>/dev/null
	rm -rf "./$source" "./$target" "./$sibling" && return $status
}
shows() { # DIRECTORY both|one
	case $type in
	hide) [ ! -e "$1/high" ] && [ ! -e "$1/low" ] || { echo "it is not hidden"; return 1; } ;;
	*) [ "$(cat "$1/high")" = source ] || return ;;
	esac
	[ "$2" = one ] || [ "$(cat "$1/low")" = target ] || return
	case $type in
	*ro | hide) ;;
	*) echo new >"$1/new" && [ "$(cat "$1/new")" = new ] || return ;;
	esac
}
# In a line of the kernel's table and in one line of ours.
listed() {
	mv "$type" "i/$1" && mount -t "$type" "i/$1" m || return
	[ "$(viewctl mounts --json | jq length)" = 1 ] && [ "$(viewctl mounts | wc -l)" -eq 2 ] &&
		[ "$(findmnt -n -o SOURCE m | wc -l)" = 1 ]
	local status=$?
	umount m
	mv "i/$1" "$type" && return $status
}
case $what in
refused)
	name=${evil_names[10]}
	echo nothing >"i/$name"
	mount -t "$type" "i/$name" m
	;;
*) each_evil "$what" ;;
esac
