#!/bin/bash
# One line of build/bench/AREA.jsonl.
#
# usage: row.sh BENCH PEER UNIT WHERE higher|lower "OURS..." "THEIRS..."
#
# OURS and THEIRS are the figures of alternating rounds, at least five each; their medians are
# written. "higher" says that a larger figure is better, "lower" that a smaller one is; the ratio is
# turned so that larger is better for us. PEER is the peer's name, a blank and its version; WHERE is
# "native" or "emulated KERNEL".
set -eu
[ $# -eq 7 ] || { sed -n '4,4s/^# //p' "$0" >&2; exit 2; }
median() {
	printf '%s\n' $1 | sort -g |
	awk '{ v[NR] = $1 } END { if (NR < 5) exit 1
		print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }' ||
	{ echo "$0: $2: fewer than five rounds: $1" >&2; exit 1; }
}
ours=$(median "$6" "$1") || exit 1
theirs=$(median "$7" "$1") || exit 1
jq -cn --arg bench "$1" --arg peer "$2" --arg unit "$3" --arg where "$4" --arg better "$5" \
	--argjson ours "$ours" --argjson theirs "$theirs" '
	{bench: $bench, ours: $ours, peer: $peer, theirs: $theirs, unit: $unit,
	 ratio: ((if $better == "higher" then $ours / $theirs else $theirs / $ours end) * 1000 | round / 1000),
	 where: $where}'
