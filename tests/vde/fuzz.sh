#!/bin/bash
# Fuzz what the switch reads (fuzz_switch.c) for SECONDS, from a few good inputs on.
# timeout: 4000
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
dir=$(mktemp -d)
at_exit "rm -rf $dir"
mkdir "$dir/corpus"
seed() { printf "$2" >"$dir/corpus/$1"; }
seed request '\0\xce\xfa\xed\xfe\3\0\0\0\0\0\0\0\1\0/tmp/x'
truncate -s 131 "$dir/corpus/request"
seed console '\1vlan/create 10\nvlan/addport 10 2\nport/setvlan 1 10\nport/print\nimpair/set 1 delay LR10+2K N[0]\nfstp/setfstp 1\nfstp/print\n'
seed ports '\1port/mirror 1 2 both\nport/limit 1 broadcast 7\nport/settag 3 802.1ad\njson vlan/allprint\nport/sethub 1\nhash/print'
seed frame '\2\1\0\100\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x81\0\0\xa\x88\xb5........\2\0\100\2\0\0\0\0\1\2\0\0\0\0\2\x88\xa8\0\xa'
seed config '\3{"numports": 8, "vlans": [{"vlan": 5, "tagged": [2], "edge": [1], "bonus": {"1": 7}}], "ports": [{"port": 2, "untagged_vlan": 0, "name": "a", "limits": {"rate": 5}, "impairment": {"fifo": false, "nodes": [{"in": {"loss": {"value": 1}}, "edges": {}}]}}]}'
seed plugins '\1pdump/filename f\npdump/buffered 1\niplog/ipadd 10.0.0.0/8\niplog/ipdel fd00::/16\niplog/list\niplog/ipport 1\niplog/ipuser root\niplog/ipsearch fd00::1\niplog/logfile g\niplog/setexpire 9\niplog/iplist\nplugin/del dump.so\nplugin/list\n'
seed addresses '\2\1\0\52\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\6\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\n\0\0\1\2\0\76\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\xa\x86\xdd`\0\0\0\0\0;@\xfd'
seed session '\5debug/list\nport/print\r\njson plugin/list\n\n# no\nhelp port\nlogout\n'
seed bpdu '\4\1\x80\xc2\0\0\0\2\0\0\0\0\1\0\x27\x42\x42\3\0\0\2\2\x7c\x80\0\2\0\0\0\0\1\0\0\0\1\x80\0\2\0\0\0\0\1\x80\1\0\0\x14\0\2\0\xf\0\0'
# The shuffling of libFuzzer itself is seeded, so that a failure repeats. Leaks are looked for at the
# end: a switch keeps what it learns, which after each input looks like one and takes most of the time.
fuzz=$PWD/build/fuzz/vde_switch
mkdir "$dir/work" && cd "$dir/work" || exit 2
ok "${SECONDS_TO_RUN:-20} s of fuzzing" "$fuzz" -max_total_time="${SECONDS_TO_RUN:-20}" \
	-seed="${FUZZ_SEED:-1}" -max_len=8192 -timeout=20 -rss_limit_mb=3000 -detect_leaks=0 -artifact_prefix="$dir/" "$dir/corpus"
for input in "$dir"/crash-* "$dir"/timeout-* "$dir"/leak-*; do
	[ ! -e "$input" ] || base64 "$input" | sed 's/^/# input: /'
done
done_testing
