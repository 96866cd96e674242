#!/bin/bash
# Servers, programs and lives of views with kmview, on the kernel "6.12".
# timeout: 1500
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.12 --mem 1024 --time 1400 tests/view/guest.sh \
	tests/view/{programs,sharing,remembered,authority,flush,hanging,sources,stacked,living,guard}.sh
