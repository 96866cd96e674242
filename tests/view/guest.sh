#!/bin/bash
# Tests of views, one after the other, in a guest, on the engine kmview.
#
# usage: tests/view/guest.sh TEST...
cd "$(dirname "$0")/../.." || exit 2
export VIEW_ENGINE=kmview
status=0
for script in "$@"; do
	echo "# $script"
	start=$SECONDS
	"$script" || status=1
	echo "# $script: $((SECONDS - start)) s"
done
exit $status
