#!/bin/bash
# timeout: 300
# What is written is not lost: the end of a view, umount, shutdown and the manager's death wait as long as
# a server works, say so, and when a server is ended before, which image is incomplete.
#
# archivemount writes its whole archive when it is unmounted. The archive lies in an image that is mounted outside;
# the image's server is stopped before that, and goes on when what is tested has happened. So archivemount cannot
# be done before, however fast the machine is:
#
#	fuse2fs (stopped) <- far/a.tar.gz <- a view: archivemount, unmounted at its end
#
# What is mounted outside is so for this test only.
[ -n "${FLUSH_APART:-}" ] || FLUSH_APART=1 exec unshare --mount -- "$0" "$@"
set -u
. "$(dirname "$0")/lib.sh"
far=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-far.XXXXXX")
archive=$far/a.tar.gz
as_user mkdir "$work/m" "$work/t"
head -c 2000000 /dev/urandom >"$work/t/big"
(cd "$work/t" && tar -czf "$work/new.tar.gz" big)
chmod 644 "$work/new.tar.gz"
mke2fs -q -F -t ext4 -E root_owner=1000:1000 "$work/image" 32M >/dev/null
fuse2fs "$work/image" "$far" -o allow_other,rw >/dev/null 2>&1
disk=$(pgrep -f -- "^fuse2fs $work/image ")
end_disk() {
	kill -CONT "$disk"
	umount -l "$far"
	until_true 20 eval '! kill -0 "$disk"' || kill -9 "$disk"
	rmdir "$far"
}
at_exit end_disk

fresh() { rm -f "$far"/*.gz* && as_user cp "$work/new.tar.gz" "$archive"; }
complete() { tar -tzf "$archive" 2>/dev/null | tr '\n' ' '; }
mount_and_write="mount -t archive $archive $work/m && echo new >$work/m/new"
# From the end of this on, until these words have been said, nobody can write the archive.
hold() { # WORDS
	rm -f "$work/ready" "$work/held"
	as_user sh -c ": >$work/said"
	(
		until_true 120 test -e "$work/ready"
		kill -STOP "$disk" && until_true 60 grep -q '^State:.T' "/proc/$disk/status"
		touch "$work/held"
		until_true 120 grep -q -- "$1" "$work/said"
		kill -CONT "$disk"
	) &
	holder=$!
}
held="$mount_and_write && touch $work/ready && until [ -e $work/held ]; do sleep 0.05; done"

# ---- the end of a view
fresh
hold 'waiting for'
view sh -c "$held" 2>"$work/said"
is "a view waits for a server that still writes" $? 0
wait $holder
is "whose archive is whole" "$(complete)" "big new "
like "and says for what, and how far it is" "$(cat "$work/said")" "waiting for archivemount, .* $archive .*[0-9] s, [0-9.]+ MB"
nothing_left

# ---- a time limit, and Ctrl-C
fresh
hold incomplete
view --flush-limit 2 sh -c "$held" 2>"$work/said"
is "--flush-limit ends it with status 125" $? 125
wait $holder
like "and names the archive that is incomplete" "$(cat "$work/said")" "$archive is incomplete: archivemount"
like "an odd limit" "$(view --flush-limit soon true 2>&1)" '"soon" is no number of seconds'
nothing_left
fresh
hold incomplete
as_user setsid --wait "$engine" -q sh -c "$held" 2>"$work/said" &
ended=$!
until_true 120 grep -q 'waiting for' "$work/said"
kill -INT -- "-$(running "$engine" | head -n1)"
wait $ended
is "so does Ctrl-C" $? 125
wait $holder
like "which names it as well" "$(cat "$work/said")" "$archive is incomplete"
nothing_left

# ---- a terminal that stops who writes in the background
fresh
hold 'waiting for'
as_user python3 tests/view/lib/terminal.py nothing '' sh -c "stty tostop; exec $engine -q -N sh -c '$held'" >"$work/said"
wait $holder
like "the wait is told at a terminal that is set to tostop, and ends" "$(cat "$work/said")" "waiting for archivemount.*
.*status 0"
nothing_left

# ---- a server that waits for what it writes to, longer than a stopped one has
fresh
hold '(1[2-9] s' # more than KEEPER_STALL_MS
view sh -c "$held" 2>"$work/said"
is "a server that does nothing for 12 seconds, but can go on, is waited for" $? 0
wait $holder
is "and its archive is whole" "$(complete)" "big new "
nothing_left

# ---- a server that does nothing any more
fresh
view_start a
ok "mounted" in_view a "$mount_and_write"
kill -STOP "$(running archivemount | tail -n1)"
in=${view_in[a]} out=${view_out[a]}
echo "exit 0" >&"$in"
exec {in}>&-
said=$(cat <&"$out")
exec {out}<&-
wait "${view_pid[a]}"
is "a server that does nothing is not waited for for ever" $? 125
like "and it is said that it did nothing" "$said" "$archive is incomplete.*did nothing"
unset 'view_pid[a]' 'view_in[a]' 'view_out[a]'
nothing_left

# ---- umount
fresh
hold 'waiting for'
view sh -c "$held && umount $work/m && ls -A $work/m && cp $archive $work/early" 2>"$work/said"
is "umount waits for a server that still writes, and its status is 0" $? 0
wait $holder
is "the archive is whole when it returns" "$(tar -tzf "$work/early" 2>/dev/null | tr '\n' ' ')" "big new "
like "and has said what it waits for" "$(cat "$work/said")" "waiting for the server of $archive, which still writes(.*)"
nothing_left

# ---- shutdown, and the death of the manager
for how in 'viewctl shutdown 1' 'kill -9 $(viewctl info --json | jq .manager)'; do
	fresh
	hold 'waiting for'
	view sh -c "$held && $how" 2>"$work/said"
	wait $holder
	ok "${how%% *} of the manager: its keeper lets the server end" until_true 60 eval '[ -z "$(running archivemount)" ]'
	is "and the archive is whole" "$(complete)" "big new "
	nothing_left

	fresh
	hold incomplete
	view --flush-limit 2 sh -c "$held && $how" 2>"$work/said"
	status=$?
	wait $holder
	[[ $how = kill* ]] || is "with a time limit, the status is 125" $status 125
	like "${how%% *}: the archive that is incomplete is named" "$(cat "$work/said")" "$archive is incomplete: archivemount"
	nothing_left
done

# ---- a server that somebody in the view started himself: it writes after it was unmounted
fresh
hold 'has ended'
(
	until_true 120 test -e "$work/held"
	sleep 3 # enough for one that is not waited for to be killed
	echo 'the time has ended' >>"$work/said"
) &
timer=$!
view sh -c "archivemount $archive $work/m && until echo new >$work/m/new; do sleep 0.1; done; ${held#*new && }" >/dev/null 2>&1
is "a server that the user started is waited for" $? 0
wait $holder $timer
is "and its archive is whole" "$(complete)" "big new "
nothing_left
done_testing
