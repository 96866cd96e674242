#!/bin/bash
# Life and death: services come and go, shutdown, kills at bad moments, set-user-ID, dead servers.
set -u
. "$(dirname "$0")/lib.sh"
image=$work/image

as_user mke2fs -q -F -t ext4 "$image" 16M >/dev/null
as_user mkdir "$work/point"
server() { processes | grep "${1:-fuse2fs}" | cut -d' ' -f1 | head -n1; }

view_start a
# services
like "a service is listed" "$(in_view a 'viewctl list')" '^umfuse: '
ok "mounted" in_view a "mount -t ext4 $image $work/point"
like "while in use it stays" "$(in_view a 'viewctl remove umfuse')" 'umfuse is in use: unmount'
ok "unmounted" in_view a "umount $work/point"
ok "it goes" in_view a 'um_del_service umfuse'
ok "it is not listed any more" in_view a '! um_ls_service | grep umfuse'
like "its mounts are not served" "$(in_view a "mount -t umfuseext2 $image $work/point")" 'unknown filesystem|No such device|not permitted'
ok "it comes back to stay" in_view a 'um_add_service -p umfuse'
like "it stays" "$(in_view a 'viewctl remove umfuse')" 'added to stay'

# a server that dies
ok "a server" in_view a "mount -t ext4 $image $work/point && ls $work/point"
kill -9 "$(server)"
ok "of which nothing is left" until_true 20 eval '[ -z "$(server)" ]'
like "leaves ENOTCONN" "$(in_view a "ls $work/point")" 'not connected'
ok "that can be unmounted" in_view a "umount $work/point"
ok "and mounted again" in_view a "mount -t ext4 $image $work/point && ls $work/point/lost+found && umount $work/point"

# nothing is gained
ok "set-user-ID gains nothing" in_view a "grep -q '^NoNewPrivs:.1' /proc/self/status && ! su -c true root"
is "nor virtual root anything outside" "$(in_view a "viewsudo touch $work/mine && stat -c %u $work/mine")" 1000
like "nor over files of others" "$(in_view a 'viewsudo sh -c "echo >>/etc/passwd"')" 'ermission denied'
ok "mounts are nosuid and nodev" in_view a \
	"mount -t tmpfs none $work/point && grep -q ' $work/point .*nosuid,nodev' /proc/mounts && umount $work/point"
if [ "$engine" = kmview ]; then
	# a shell that runs outside
	mkfifo "$work/commands"
	as_user bash "$work/commands" >"$work/said" &
	exec {commands}>"$work/commands"
	until_true 20 eval '[ -n "$(server "bash $work/commands")" ]'
	pid=$(server "bash $work/commands")
	echo "cd $work/point" >&$commands
	until_true 60 eval '[ "$(readlink "/proc/$pid/cwd")" = "$work/point" ]'
	ok "a name is set" in_view a 'viewctl names nodename=inside'
	ok "an image with a file is mounted" in_view a "mount -t ext4 $image $work/point && echo here >$work/point/file"
	ok "a running shell is attached" in_view a "viewctl attach $pid"
	ok "it is confined then" grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
	echo "uname -n; cat $work/point/file; cat file; echo mine >made; echo done" >&$commands
	ok "it goes on" until_true 60 grep -q done "$work/said"
	is "and has the names of the view, its mounts, there too where it was" "$(cat "$work/said")" "inside
here
here
done"
	is "what it writes is in the image" "$(in_view a "cat $work/point/made")" mine
	exec {commands}>&-
	ok "its end" until_true 60 eval '! [ -e "/proc/$pid" ]'
	ok "leaves nothing busy" in_view a "umount $work/point"
	as_user python3 -c 'import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); time.sleep(1000)' &
	until_true 60 eval 'pid=$(server threading); [ -n "$pid" ] && [ "$(ls "/proc/$pid/task" | wc -l)" = 2 ]'
	like "a process with threads keeps its mounts" "$(in_view a "viewctl attach $pid")" 'but not its mounts: it has threads'
	like "what cannot be attached" "$(in_view a 'viewctl attach 999999')" 'cannot attach process 999999: '
else
	like "attaching says which engine can" "$(in_view a 'viewctl attach 1')" 'only be attached with the engine kmview'
fi
view_end a
nothing_left

# shutdown
view_start b
ok "a server and a process that ignores SIGTERM and SIGHUP" in_view b \
	"mount -t ext4 $image $work/point && echo last >$work/point/last && { (trap '' TERM HUP; exec sleep 1000) & }"
start=$SECONDS
in_view b 'umshutdown 2' >/dev/null
wait "${view_pid[b]}"
is "shutdown ends the view with SIGTERM's status" $? 143
ok "not before the delay, for the one that ignores it" [ $((SECONDS - start)) -ge 1 ]
ok "nor long after" [ $((SECONDS - start)) -le 20 ]
is "what was written is in the image" "$(debugfs -R 'cat /last' "$image" 2>/dev/null)" last
unset 'view_pid[b]' 'view_in[b]' 'view_out[b]'
nothing_left

view_start b
in_view b "mount -t ext4 $image $work/point & umshutdown 2" >/dev/null
start=$SECONDS
wait "${view_pid[b]}"
ok "shutdown while a mount is under way" [ $((SECONDS - start)) -le 20 ]
unset 'view_pid[b]' 'view_in[b]' 'view_out[b]'
nothing_left
ok "leaves the image clean" fsck.ext4 -fn "$image"

# kill -9 of the manager, the keeper, the first process
for victim in manager keeper first; do
	view_start c
	ok "a mounted image, $victim to be killed" in_view c "mount -t ext4 $image $work/point && echo $victim >$work/point/$victim"
	manager=$(in_view c 'viewctl info --json | jq .manager')
	first=$(in_view c 'viewctl info --json | jq .first')
	keeper=$(awk '{ print $4 }' "/proc/$first/stat")
	kill -9 "${!victim}"
	wait "${view_pid[c]}" 2>/dev/null
	status=$?
	[ "$victim" = keeper ] || is "the status says so" $status 137
	unset 'view_pid[c]' 'view_in[c]' 'view_out[c]'
	nothing_left
	ok "the image is clean" fsck.ext4 -fn "$image"
	is "what was written is in it" "$(debugfs -R "cat /$victim" "$image" 2>/dev/null)" "$victim"
done

# where user namespaces are forbidden
if [ "$engine" = umview ]; then
	like "no user namespaces: one sentence says what to do" "$(unshare -Ur --map-users 1000,1000,1 true 2>&1
		unshare -U sh -c "echo 0 >/proc/sys/user/max_user_namespaces; exec build/bin/umview true" 2>&1)" \
		'user namespaces.*(sysctl|kmview)'
fi
done_testing
