#!/bin/bash
# Inside a guest: what a C build takes, alone and under kmtrace guard with rules of every kind that its manual page shows.
# One line for each round: "native NS guard NS".
#
# usage: bench_guard.sh ROUNDS
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for i in $(seq 30); do
	printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n' >"$work/$i.c"
	for f in $(seq 60); do
		printf 'int f%s_%s(const char *s, int n)\n{\n\tint sum = 0;\n\tfor (int i = 0; i < n; i++)\n\t\tsum += s[i] * %s;\n\treturn sum + (int)strlen(s);\n}\n' "$i" "$f" "$f"
	done >>"$work/$i.c"
done
printf 'all: %s\n%%.o: %%.c\n\t@tcc -c -o $@ $<\n' "$(seq -s' ' -f %g.o 30)" >"$work/Makefile"
cat >"$work/rules" <<-'END'
	on read "/home/*/.ssh/id_*", "/root/.ssh/id_*": mark secret
	on connect if secret: deny EACCES, log "a key could leave"
	on write "/usr/**" not by "/usr/bin/dpkg": deny
	on listen: mark server
	on exec "/bin/sh", "/bin/bash" if server: kill
END
# Timed inside, so that the beginning of a session is not in it.
cat >"$work/build.sh" <<-'END'
	cd "$1" && rm -f *.o
	start=$(date +%s%N)
	make -s all >/dev/null || echo "the build failed" >&2
	echo $(($(date +%s%N) - start))
END
build() { "$@" bash "$work/build.sh" "$work"; } # COMMAND...
build env >/dev/null
for ((round = 0; round < $1; round++)); do
	echo "native $(build env) guard $(build build/bin/kmtrace guard -q "$work/rules" --)"
done
