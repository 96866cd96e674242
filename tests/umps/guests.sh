# SPDX-License-Identifier: GPL-2.0-only
# Building guests and machine files for tests; source it after tap.sh. shellcheck shell=bash
#
#   guests_start                 a directory for this test, $dir, removed at exit; $umps is the program
#   guest NAME [FLAGS]           build tests/umps/guests/NAME.c into $dir/NAME.core.umps (and ELF, symbols)
#   machine NAME KERNEL [JSON]   write $dir/NAME.json: KERNEL.core.umps, its symbols, terminal 0 to NAME.term, and more
guests_start() {
	dir=$(mktemp -d) || exit 1
	at_exit 'rm -rf "$dir"'
	umps=build/bin/umps
}

guest() {
	GUEST_CFLAGS=${2:-} tests/umps/guests/build.sh "$dir/$1" "tests/umps/guests/$1.c" >"$dir/$1.build" 2>&1 ||
	{ cat "$dir/$1.build"; echo "Bail out! guest $1 does not build"; exit 1; }
}

machine() { # NAME KERNEL MORE-KEYS MORE-DEVICES
	cat >"$dir/$1.json" <<-END
	{
	    "boot": { "load-core-file": true, "core-file": "$2.core.umps" },
	    "symbol-table": { "file": "$2.stab.umps", "asid": 64 },
	    ${3:+$3,}
	    "devices": { ${4:+$4,} "terminal0": { "enabled": true, "file": "$1.term" } }
	}
	END
}
