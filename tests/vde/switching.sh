#!/bin/bash
# What happens to frames: learning, hub, VLANs, 802.1ad, mirrors. Limits, impairments and captures are in lines.sh.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh

switch s || exit 1
do_all() { local c; for c; do [ "$(status s "$c")" = '1000 Success' ] || { echo "$c: $(status s "$c")"; return 1; }; done; }
frames() { build/tests/vde/frames "$dir/s.sw" "$1"; }
gone() { until_true 5 has_ports s 0; }

ok 'known addresses are sent to one port, unknown ones to all' frames learning
gone
ok 'hub mode' do_all 'port/sethub 1'
ok 'a hub sends everything everywhere, untouched' frames hub
gone
ok 'VLANs are set up' do_all 'port/sethub 0' 'vlan/create 10' 'vlan/create 20' 'port/setvlan 1 10' \
	'port/setvlan 2 4095' 'vlan/addport 10 2' 'port/setvlan 3 20'
ok 'tags are added, taken off and respected' frames vlans
gone
ok 'a provider network' do_all 'port/settag 2 802.1ad' 'port/settag 3 802.1ad' \
	'port/settag 1 802.1ad' 'port/setvlan 3 4095' 'vlan/addport 10 3'
ok 'carries customers'"'"' tags in 802.1ad' frames provider
gone
ok 'ports as they were' do_all 'port/remove 1' 'port/remove 2' 'port/remove 3' 'port/create 1' \
	'port/create 2' 'port/create 3' 'port/mirror 1 3 both'
ok 'a mirror shows a port both ways, once' frames mirror
like 'mirrors do not lead in a circle' "$(status s port/mirror 3 1)" '^1040'
ask s port/mirror 2 3 both >/dev/null
ok 'two mirrored ports show a frame once, and the mirror takes no part' frames mirrors
ask s port/mirror 2 off >/dev/null
gone
stop s
done_testing
