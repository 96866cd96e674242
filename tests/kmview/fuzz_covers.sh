#!/bin/bash
# The fuzzer of the device has each command, flag and verdict of the protocol: what the header gains is fuzzed from its
# first day on.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

header=kmod/kmview/uapi/kmview.h

# Names that a manager or a program can send: ioctls; flags; enumerators of what is sent.
names() {
	sed -nE 's/^#define (KMVIEW_[A-Z0-9_]+)[ \t]+_IO[RW]*\(.*/\1/p' "$header"
	sed -nE 's/^#define (KMVIEW_(INIT|RULE|ANSWER|EXCHANGE|FORMAT)_[A-Z0-9_]+)[ \t]+\(1u << .*/\1/p' "$header"
	sed -nE 's/^#define (KMVIEW_BPF_[A-Z]+)[ \t]+[0-9] *(\/\*.*)?$/\1/p' "$header"
	for enum in kmview_action kmview_verdict kmview_copy; do
		sed -nE "/^enum $enum \\{/,/^\\}/s/^\t(KMVIEW_[A-Z0-9_]+),.*/\\1/p" "$header"
	done
}

missing() { # FILE: names that it has not
	local name
	while read -r name; do
		grep -qw "$name" "$1" || echo "$name"
	done < <(names)
}

count=$(names | wc -l)
ok "the header's names are found ($count)" test "$count" -ge 45
for name in KMVIEW_INIT KMVIEW_STATS KMVIEW_INIT_WATCH KMVIEW_RULE_WAIT KMVIEW_BPF_CHANGE KMVIEW_COPY_BUFFER KMVIEW_INSTALL \
	KMVIEW_EXCHANGE_WAIT KMVIEW_ANSWER_EXIT; do
	is "$name is among them" "$(names | grep -x "$name")" "$name"
done
is "the fuzzer has all of them" "$(missing tests/kmview/fuzz.c)" ""
done_testing
