#!/bin/bash
# Files and sockets by name: what others may do in the same directories does not turn root's switch
# or root's commands into their tools, and only sockets are ever replaced.
#
#   attacker (nobody, of the switch's group) --- DIR, where both have names --- switch (root)
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
requests=build/tests/vde/requests
VDE=${VDE:-build/bin/vde}
chmod 711 "$dir"

# A member of the group exchanges the names of sockets that the switch is making for him.
switch s -m 660 -g nogroup || exit 1
touch "$dir/root-file"
ok "root's file stays root's" timeout 60 $requests "$dir/s.sw" swap "$dir/root-file"
is 'a directory that others write to is sticky' "$(stat -c %a "$dir/s.sw")" 3770
ok "ctl cannot be exchanged" test "$(runuser -u nobody -- rm -f "$dir/s.sw/ctl" 2>&1 | wc -l)" -gt 0 -a -S "$dir/s.sw/ctl"
ok "an abstract address must be the client's own" $requests "$dir/s.sw" abstract
stop s

# One user cannot have every port.
switch q -m 666 -n 8 --max-ports-per-user 2 || exit 1
is 'ports for each user are limited' "$($requests "$dir/q.sw" ports)" 2
for _ in 1 2 3; do plug q; done
ok "root's are not" until_true 5 has_ports q 3
stop q
switch q -m 666 -n 4 || exit 1
is 'to three quarters unless told' "$($requests "$dir/q.sw" ports)" 3
stop q

# A directory that another user prepared.
mkdir "$dir/theirs"
chown nobody "$dir/theirs"
timeout 10 "$SWITCH" --nostdin -s "$dir/theirs" </dev/null >"$dir/out" 2>&1
is "another user's directory is not taken" $? 1
like 'which is said' "$(cat "$dir/out")" 'belongs to user .*; remove it, or choose another with --sock'
ln -s "$dir" "$dir/link"
chown -h nobody "$dir/link"
timeout 10 "$SWITCH" --nostdin -s "$dir/link" </dev/null >"$dir/out" 2>&1
is 'nor a link of theirs' $? 1
mkdir "$dir/open"
chmod 777 "$dir/open"
"$SWITCH" --nostdin -s "$dir/o.sw" -M "$dir/open/o.mgmt" </dev/null >"$dir/out" 2>&1 &
warned=$!
ok 'a management socket that others can exchange is warned of' until_true 20 grep -q 'not sticky' "$dir/out"
kill $warned
wait $warned

# Ordinary files of the names of sockets stay what they are.
echo precious >"$dir/file"
mkdir "$dir/full"
cp "$dir/file" "$dir/full/ctl"
timeout 10 "$SWITCH" --nostdin -s "$dir/n.sw" -M "$dir/file" </dev/null >"$dir/out" 2>&1
is '--mgmt with the name of a file fails' $? 1
like 'with the reason' "$(cat "$dir/out")" 'it is there and is not a socket'
timeout 10 "$SWITCH" --nostdin -s "$dir/full" </dev/null >/dev/null 2>&1
is 'so does a directory with a file ctl' $? 1
switch f || exit 1
timeout 10 $VDE filter -M "$dir/file" "$dir/f.sw" "$dir/f.sw" </dev/null >/dev/null 2>&1
is 'and vde filter --mgmt' $? 1
is 'the files are there' "$(cat "$dir/file" "$dir/full/ctl")" 'precious
precious'

# Process ids.
ln -s "$dir/file" "$dir/pid.link"
timeout 10 "$SWITCH" --nostdin -s "$dir/n.sw" -p "$dir/pid.link" </dev/null >"$dir/out" 2>&1
like 'a process id is not written through a link' "$?$(cat "$dir/out")" '^1.*symbolic link'
timeout 10 $VDE plug -P "$dir/pid.link" "$dir/f.sw" </dev/null >"$dir/out" 2>&1
like 'nor by vde' "$?$(cat "$dir/out")" '^1.*symbolic link'
is 'the file is as it was' "$(cat "$dir/file")" precious
"$SWITCH" --nostdin -s "$dir/n.sw" -p "$dir/pid" </dev/null >"$dir/out" 2>&1 &
holder=$!
ok 'a pid file' until_true 20 test -s "$dir/pid"
rm "$dir/pid"
echo successor >"$dir/pid"
kill $holder
wait $holder
is 'that became another file stays' "$(cat "$dir/pid")" successor

# The console's files are opened with the rights of the switch: not for every manager.
switch m --mgmtmode 660 --mgmtgroup nogroup || exit 1
as_nobody() {
	printf '%s\nlogout\n' "$1" | runuser -u nobody -g nogroup -- timeout 20 socat -t 10 - "UNIX-CONNECT:$dir/m.mgmt" |
		grep -oE '^(vde\$ )?1[0-9]{3} .*' | sed 's/^vde. //' | head -n 1
}
is 'a member of the group may manage' "$(as_nobody 'vlan/create 5')" '1000 Success'
for command in load config/load config/save capture/start; do
	is "but not name files: $command" "$(as_nobody "$command $dir/file")" '1001 Operation not permitted'
done
is 'which root may' "$(status m "config/save $dir/saved")" '1000 Success'
mknod "$dir/null" c 1 3
is 'a device is not replaced by a file' "$(status m "config/save $dir/null")" '1022 Invalid argument'
ln -s "$dir/file" "$dir/saved2.new"
like 'nothing is written through a link' "$(status m "config/save $dir/saved2")" '^1040'
is 'and the file stays' "$(cat "$dir/file")" precious
stop m
stop f

# A lab that another user made up is not run.
mkdir -p "$dir/run/vde-lab-0/trap"
echo 'lab trap' >"$dir/run/vde-lab-0/trap/lab.description"
chown -R nobody "$dir/run/vde-lab-0"
XDG_RUNTIME_DIR=$dir/run timeout 10 $VDE lab check trap >"$dir/out" 2>&1
like "another user's lab is refused" "$?$(cat "$dir/out")" '^1.*only we can write to'
done_testing
