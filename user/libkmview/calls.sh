#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Make the tables of calls.c from calls.txt and the numbers in the kernel's headers.
#
# usage: calls.sh CALLS.TXT OUTPUT      CC: the compiler whose headers give the numbers
set -eu
numbers() { # TABLE HEADER
	echo "#include <asm/$2>" | ${CC:-cc} -E -dM - |
	sed -nE "s/^#define __NR_([a-z0-9_]+) \(?(__X32_SYSCALL_BIT \+ )?([0-9]+)\)?$/$1 \1 \3/p"
}
{
	numbers 0 unistd_64.h
	numbers 1 unistd_32.h
	numbers 2 unistd_x32.h
	grep -Ev '^(#|$)' "$1"
} | awk '
	/^[012] [a-z0-9_]+ [0-9]+$/ { number[$1, $2] = $3; next }
	{
		name = $1; family = ""
		if (match(name, /=.*/)) {
			for (table = 0; table < 3; table++)
				number[table, substr(name, 1, RSTART - 1)] = substr(name, RSTART + 1)
			name = substr(name, 1, RSTART - 1)
		}
		if (match(name, /:.*/)) {
			family = substr(name, RSTART + 1); name = substr(name, 1, RSTART - 1)
		}
		if (family == "") family = name
		flags = "0"
		if ($2 ~ /i/) flags = flags " | KMVIEW_CALL_INTERRUPTIBLE"
		if ($2 ~ /l/) flags = flags " | KMVIEW_CALL_NOFOLLOW"
		if ($2 ~ /n/) flags = flags " | KMVIEW_CALL_NORETURN"
		args = ""
		for (i = 4; i <= NF; i++) args = args "KMVIEW_T_" toupper($i) ", "
		printf "\t{ \"%s\", \"%s\", {", name, family
		for (table = 0; table < 3; table++) {
			nr = (table, name) in number ? number[table, name] : -1
			if (nr >= 0) by[table, nr] = rows + 1
			printf " %d,", nr
		}
		printf " }, %d, %s, KMVIEW_T_%s, { %s} },\n", NF - 3, flags, toupper($3), args
		rows++
	}
	BEGIN { print "static const struct kmview_syscall calls[] = {" }
	END {
		print "};\n\n/* index into calls, plus 1; 0: none */"
		print "static const unsigned short by_number[KMVIEW_ABIS][KMVIEW_CALLS] = {"
		for (table = 0; table < 3; table++) {
			printf "\t{"
			for (nr = 0; nr < 560; nr++) if ((table, nr) in by) printf " [%d] = %d,", nr, by[table, nr]
			print " },"
		}
		print "};"
	}' >"$2"
