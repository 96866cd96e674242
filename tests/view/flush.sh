#!/bin/bash
# timeout: 300
# What is written is not lost: the end of a view, umount, shutdown and the manager's death wait as long as
# a server works, say so, and when a server is ended before, which image is incomplete.
#
# archivemount writes its whole archive when it is unmounted. It is slowed down by stopping it most of the
# time, as a busy machine would.
set -u
. "$(dirname "$0")/lib.sh"
archive=$work/a.tar.gz
as_user mkdir "$work/m" "$work/t"
# Emulated machines are slow, and so is the test that looks at them.
[ "$engine" = umview ] && size=12000000 stop=3.5 || size=4000000 stop=4
head -c $size /dev/urandom >"$work/t/big"
(cd "$work/t" && tar -czf "$work/new.tar.gz" big)
# So much that it takes seconds, however coarse the times are that it is stopped and runs.
head -c 16000000 /dev/urandom >"$work/t/big"
(cd "$work/t" && tar -czf "$work/long.tar.gz" big)
fresh() { as_user cp "$work/${1:-new}.tar.gz" "$archive"; }
chmod 644 "$work/new.tar.gz" "$work/long.tar.gz"

complete() { tar -tzf "$archive" 2>/dev/null | tr '\n' ' '; }
server() { running archivemount | tail -n1; }
# Let the server run one part of its time, until it ends; or until a file has what is said about the wait, if one is named.
slow_down() { # RUN STOP [FILE]
	local pid
	until_true 60 eval 'pid=$(server); [ -n "$pid" ]'
	# What goes to the background is another process.
	while [ -n "$pid" ]; do
		while kill -STOP "$pid" 2>/dev/null; do
			sleep "$2"
			kill -CONT "$pid" 2>/dev/null
			if [ -n "${3-}" ] && grep -q 'waiting for' "$3"; then return; fi
			sleep "$1"
		done
		pid=$(server)
	done
}
mount_and_write="mount -t archive $archive $work/m && echo new >$work/m/new"

# ---- the end of a view
fresh long
: >"$work/said"
slow_down 0.02 "$stop" "$work/said" &
slow=$!
start=$SECONDS
view sh -c "$mount_and_write" 2>"$work/said"
status=$?
wait $slow
echo "# the end took $((SECONDS - start)) s"
is "a view waits for a server that still writes" "$status" 0
is "whose archive is whole" "$(complete)" "big new "
like "and says for what, and how far it is" "$(cat "$work/said")" "waiting for archivemount, .* $archive .*[0-9] s, [0-9.]+ MB"
nothing_left

# ---- a time limit, and Ctrl-C
fresh
slow_down 0.05 6 &
slow=$!
view --flush-limit 2 sh -c "$mount_and_write" 2>"$work/said"
is "--flush-limit ends it with status 125" $? 125
kill $slow 2>/dev/null
wait $slow
like "and names the archive that is incomplete" "$(cat "$work/said")" "$archive is incomplete: archivemount"
like "an odd limit" "$(view --flush-limit soon true 2>&1)" '"soon" is no number of seconds'
fresh
slow_down 0.05 6 &
slow=$!
as_user setsid --wait "$engine" -q sh -c "$mount_and_write" 2>"$work/said" &
ended=$!
until_true 60 grep -q 'waiting for' "$work/said"
kill -INT -- "-$(running "$engine" | head -n1)"
wait $ended
is "so does Ctrl-C" $? 125
kill $slow 2>/dev/null
wait $slow
like "which names it as well" "$(cat "$work/said")" "$archive is incomplete"
nothing_left

# ---- a terminal that stops who writes in the background
fresh
slow_down 0.1 "${STOP:-$stop}" &
slow=$!
said=$(as_user python3 tests/view/lib/terminal.py nothing '' sh -c "stty tostop; exec $engine -q -N sh -c '$mount_and_write'")
like "the wait is told at a terminal that is set to tostop, and ends" "$said" "waiting for archivemount.*
.*status 0"
kill $slow 2>/dev/null
wait $slow
nothing_left

# ---- a server that waits for what it writes to, longer than a stopped one has
as_user mke2fs -q -F -t ext4 "$work/slow" 32M >/dev/null
as_user mkdir "$work/far"
fresh
view_start s
ok "an archive in an image" in_view s "mount -t ext4 $work/slow $work/far && cp $archive $work/far/a.tar.gz"
far=$(running fuse2fs | head -n1)
(
	until_true 60 grep -q '^State:.T' "/proc/$far/status"
	sleep 14 # more than KEEPER_STALL_MS
	kill -CONT "$far"
) &
slow=$!
is "a server that does nothing for 14 seconds, but can go on, is waited for" "$(in_view s "$engine -q -N sh -c 'mount -t archive $work/far/a.tar.gz $work/m &&
	echo new >$work/m/new && kill -STOP $far' 2>/dev/null; echo \$?")" 0
wait $slow
is "and its archive is whole" "$(in_view s "tar -tzf $work/far/a.tar.gz" | tr '\n' ' ')" "big new "
view_end s
nothing_left

# ---- a server that does nothing any more
fresh
view_start a
ok "mounted" in_view a "$mount_and_write"
kill -STOP "$(server)"
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
fresh long
view_start b
ok "mounted" in_view b "$mount_and_write"
as_user touch "$work/told"
slow_down 0.02 "$stop" "$work/told" &
slow=$!
said=$(in_view b "umount $work/m 2>$work/told; echo status \$?")
is "umount returns when the archive is whole" "$(complete)" "big new "
like "and has said what it waits for" "$(cat "$work/told")" "waiting for the server of $archive, which still writes(.*)"
like "its status is 0" "$said" 'status 0'
wait $slow

# ---- shutdown, and the death of the manager
fresh
ok "mounted once more" in_view b "$mount_and_write"
slow_down 0.1 0.5 &
slow=$!
in_view b 'viewctl shutdown 1' >/dev/null
wait "${view_pid[b]}"
is "shutdown waits, too" "$(complete)" "big new "
unset 'view_pid[b]' 'view_in[b]' 'view_out[b]'
wait $slow
fresh
view_start c
ok "mounted, and the manager to be killed" in_view c "$mount_and_write"
manager=$(in_view c 'viewctl info --json | jq .manager')
slow_down 0.1 0.5 &
slow=$!
kill -9 "$manager"
wait "${view_pid[c]}" 2>/dev/null
unset 'view_pid[c]' 'view_in[c]' 'view_out[c]'
wait $slow
ok "its keeper lets the server end" until_true 60 eval '[ -z "$(server)" ]'
is "and the archive is whole" "$(complete)" "big new "

# ---- both with a time limit
for how in shutdown KILL; do
	fresh
	view_start d --flush-limit 2
	ok "mounted, before $how" in_view d "$mount_and_write"
	manager=$(in_view d 'viewctl info --json | jq .manager')
	slow_down 0.05 6 &
	slow=$!
	case $how in
	shutdown) said=$(in_view d 'viewctl shutdown 1') ;;
	KILL) said='' && kill -9 "$manager" ;;
	esac
	out=${view_out[d]}
	said+=$(timeout 60 cat <&"$out")
	wait "${view_pid[d]}" 2>/dev/null
	status=$?
	[ $how = KILL ] || is "the status after $how is 125" $status 125
	like "$how: the archive that is incomplete is named" "$said" "$archive is incomplete: archivemount"
	unset 'view_pid[d]' 'view_in[d]' 'view_out[d]'
	kill $slow 2>/dev/null
	wait $slow
	nothing_left
done

# ---- a server that somebody in the view started himself: it writes after it was unmounted
fresh
slow_down 0.05 3 &
slow=$!
view sh -c "archivemount $archive $work/m && until echo new >$work/m/new; do sleep 0.1; done; ls -l $work/m" 2>"$work/said" >/dev/null
is "a server that the user started is waited for" $? 0
wait $slow
is "and its archive is whole" "$(complete)" "big new "
nothing_left
done_testing
