#!/bin/bash
# Scenarios of views with kmview, and what users type, on the kernel "6.12"; servers-6.12.sh is the rest.
# timeout: 1500
cd "$(dirname "$0")/../.." && exec tests/vm/run 6.12 --mem 1024 --time 1400 tests/view/guest.sh \
	tests/view/scenario_*.sh tests/view/{services,control,mount_api,ids,names,options}.sh
