#!/bin/bash
# timeout: 240
# Views that live: without a terminal, joined from outside; changes of a directory shown, kept or thrown away;
# what can be mounted here; the installation covered by a mount.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c "cd $work && mkdir m run dir dir/sub && chmod 700 run && echo one >dir/one && echo two >dir/two && echo three >dir/sub/three && mke2fs -q -F -t ext4 image 8M"
user() { as_user env XDG_RUNTIME_DIR="$work/run" "$@"; }

# ---- detached
ok "a view without a terminal" user "$engine" -q --detach -N -V lab
ok "returns at once, and is listed" eval 'user view list | grep -q "^lab  *$engine  *[0-9]"'
like "its name is taken" "$(user "$engine" -q --detach -N -V lab 2>&1; echo $?)" '^125$'
like "a name is needed" "$(user "$engine" -q --detach 2>&1)" 'needs a name'
like "one with a slash is none" "$(user "$engine" -q --detach -V a/b 2>&1)" 'is no name'
is "joined, it is the view of its name" "$(user "$engine" --join lab viewctl name)" lab
ok "what is mounted there" user "$engine" --join lab sh -c "mount $work/image $work/m && echo written >$work/m/file"
is "is there for the next who joins" "$(user "$engine" --join lab cat "$work/m/file")" written
outside_unchanged "while a view lives without a terminal"
is "the status is the command's" "$(user "$engine" --join lab sh -c 'exit 7'; echo $?)" 7
is "the working directory is where it was" "$(cd "$work/dir" && user "$engine" --join lab pwd)" "$work/dir"
is "standard input and output are the caller's" "$(echo through | user "$engine" --join lab cat)" through
ok "who joins has no_new_privs" user "$engine" --join lab grep -q '^NoNewPrivs:.1' /proc/self/status
[ "$engine" = kmview ] || ok "and no capabilities" user "$engine" --join lab grep -q '^CapEff:.0*$' /proc/self/status
like "another user does not find it" "$(XDG_RUNTIME_DIR=$work/run setpriv --reuid 1001 --regid 1001 --clear-groups build/bin/"$engine" --join lab true 2>&1)" \
	'cannot join|no view lab'
chmod 711 "$work/run" "$work/run/vsquare-view"
chmod 666 "$work/run/vsquare-view/lab"
ok "nor is let in where the file system would let him" eval '! setpriv --reuid 1001 --regid 1001 --clear-groups env XDG_RUNTIME_DIR="$work/run" \
	python3 -c "import socket, os; os.chdir(\"$work/run/vsquare-view\"); s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(\"lab\")
s.send(bytes([1, 0, 0, 0, 1] + [0] * 11)); assert s.recv(1000)" 2>/dev/null'
chmod 700 "$work/run" "$work/run/vsquare-view"
like "no such view" "$(user "$engine" --join nothing true 2>&1)" 'no view nothing that can be joined'
user "$engine" --join lab sleep 1000 &
sleeper=$!
until_true 60 eval 'processes | grep -q "sleep 1000"'
user "$engine" --join lab viewctl shutdown 1
wait $sleeper
is "shut down, it ends who joined" $? 143
ok "and is gone from the list" until_true 60 eval '! user view list | grep -q "^lab"'
is "what was written is in the image" "$(debugfs -R 'cat /file' "$work/image" 2>/dev/null)" written
ok "a command without a terminal" user "$engine" -q --detach -N -V job sh -c "echo done >$work/run/done"
ok "runs" until_true 60 [ -s "$work/run/done" ]
ok "and its view ends" until_true 60 eval '! user view list | grep -q "^job"'
rm -rf "$work/run/done"
nothing_left

# ---- process ids of its own
if [ "$engine" = umview ]; then
	is "in a view with process ids of its own there are only its own" "$(view -N --pid sh -c 'test $$ -lt 20 && ps -e -o comm= | grep -c -x -e bash -e setpriv')" 0
	ok "images are mounted there" view -N --pid sh -c "mount $work/image $work/m && ls $work/m/lost+found && umount $work/m"
	is "ids are exchanged" "$(view -N --pid viewctl sudo id -u)" 0
	is "the status is the command's" "$(view -N --pid sh -c 'exit 9'; echo $?)" 9
	is "its end is that of all" "$(view -N --pid sh -c 'sleep 1000 & exit 0'; echo $?)" 0
	is "shut down" "$(view -N --pid sh -c 'viewctl shutdown 1; sleep 1000'; echo $?)" 143
	ok "without a terminal" user "$engine" -q --detach -N --pid -V lab
	is "who joins has them, too" "$(user "$engine" --join lab sh -c 'ps -e -o comm= | grep -c -x -e sleep -e sh')" 2
	user "$engine" --join lab viewctl shutdown 1
	ok "the end of its manager is the end" until_true 60 eval '! user view list | grep -q "^lab"'
else
	like "process ids of its own only umview has, which is said" "$(view -N --pid true 2>&1; echo $?)" 'only have with the engine umview'
fi
nothing_left

# ---- changes kept apart
changes="-N --cow $work/dir"
edit="cd $work/dir && echo uno >one && rm two && mkdir new && echo x >new/x && chmod 600 sub/three; cd /"
# shellcheck disable=SC2086
said=$(view $changes sh -c "$edit; viewctl diff")
is "changes are shown" "$said" "A new
M one
M sub/three
D two"
is "and are not in the directory" "$(cat "$work/dir/one" "$work/dir/two" | tr '\n' ' ')" "one two "
# shellcheck disable=SC2086
is "they are there the next time" "$(view $changes sh -c 'viewctl diff --json | jq -r ".[] | .change + \" \" + .path"')" "added new
changed one
changed sub/three
deleted two"
# shellcheck disable=SC2086
is "thrown away, there are none" "$(view $changes sh -c "viewctl discard && viewctl diff; cat $work/dir/one")" one
# shellcheck disable=SC2086
is "applied, there are none either" "$(view $changes sh -c "$edit; viewctl apply && viewctl diff; cat $work/dir/one")" uno
is "as they are in the directory" "$(cd "$work/dir" && find . -printf '%p %m ' | sed 's/ [67]55 / d /g; s/ 644 / f /g' | tr ' ' '\n' | grep '^\.' | sort | tr '\n' ' '; cat one new/x; stat -c %a sub/three)" \
	". ./new ./new/x ./one ./sub ./sub/three uno
x
600"
# shellcheck disable=SC2086
like "in use they are not thrown away" "$(view $changes sh -c "cd $work/dir && echo y >y && viewctl discard; viewctl diff" 2>&1)" 'in use.*|A y'
like "a directory that is not there" "$(view -N --cow "$work/nothing" true 2>&1; echo $?)" '^125$'
like "without --cow this is said" "$(view -N viewctl diff 2>&1)" 'umview --cow'
nothing_left

# ---- what can be mounted
like "types are listed with their programs" "$(build/bin/viewctl types)" '^ext4 +fuse2fs'
is "and as JSON" "$(build/bin/viewctl types --json | jq -r '.[] | select(.type == "ext4").ready')" true
as_user sh -c "mkdir -p $work/home/.viewos && echo 'plan9: plan9-tools: /nonexistent/plan9fs %s %t' >$work/home/.viewos/fstypes"
like "what is missing is said with its package" "$(as_user viewctl types)" '^plan9 .* the package plan9-tools'
like "and what nobody serves" "$(build/bin/viewctl types)" '^xfs  .*none'

# ---- something mounted over the installation
view_start a -N
ok "the installation covered" in_view a "umount() { command /bin/umount \"\$@\"; }; mount -t tmpfs none $top/build/lib"
ok "can be uncovered" in_view a "umount $top/build/lib && mount $work/image $work/m && umount $work/m"
view_end a
nothing_left
done_testing
