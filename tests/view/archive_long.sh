#!/bin/bash
# timeout: 1200
# An archive of half a gigabyte, mounted, written to, and left to the end of the view: it is whole afterwards,
# however long its server takes, and meanwhile it is said what is waited for.
set -u
. "$(dirname "$0")/lib.sh"
archive=$work/a.tar.gz
as_user mkdir "$work/m" "$work/t"
as_user sh -c "head -c 500M /dev/urandom >$work/t/big && cd $work/t && tar -c big | gzip -1 >$archive"
sum=$(sha256sum <"$work/t/big")
rm "$work/t/big"
start=$SECONDS
view sh -c "mount -t archive $archive $work/m && echo new >$work/m/new" 2>"$work/said"
is "the status of the view" $? 0
echo "# the end took $((SECONDS - start)) s"
is "the archive has all its files" "$(tar -tzf "$archive" | tr '\n' ' ')" "big new "
is "and the old one's content" "$(tar -xzOf "$archive" big | sha256sum)" "$sum"
like "what was waited for was said" "$(cat "$work/said")" "waiting for archivemount, .* $archive .*[0-9] s, [0-9.]+ MB"
nothing_left
done_testing
