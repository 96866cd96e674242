#!/bin/bash
# All scenarios, one after the other, in a guest, on the engine kmview.
#
# usage: tests/view/guest.sh [SCENARIO...]
cd "$(dirname "$0")/../.." || exit 2
export VIEW_ENGINE=kmview
status=0
[ $# -gt 0 ] || set -- tests/view/scenario_*.sh \
	tests/view/{services,control,mount_api,ids,names,options,programs,sharing,remembered,authority,flush,hanging,sources,stacked,living,guard}.sh
for script in "$@"; do
	echo "# $script"
	start=$SECONDS
	"$script" || status=1
	echo "# $script: $((SECONDS - start)) s"
done
exit $status
