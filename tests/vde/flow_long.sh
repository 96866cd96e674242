#!/bin/bash
# Fifty million frames, each byte of each checked, none lost, doubled or out of order.
# timeout: 3000
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=build/bin/vde_switch
switch s || exit 1
ok '30 million small frames' $traffic flow "$dir/s.sw" "$dir/s.sw" 30000000 60
ok '15 million full frames of 1,000 addresses' $traffic flow "$dir/s.sw" "$dir/s.sw" 15000000 1514 1000
ok '5 million jumbo frames' $traffic flow "$dir/s.sw" "$dir/s.sw" 5000000 9230
stop s
done_testing
