#!/bin/bash
# timeout: 300
# Servers that ask, hang or stop do not take the view with them: a password at mount(8), umount -f and -l of
# a server that does not answer, the end of the view with processes that wait for one, a time limit.
set -u
. "$(dirname "$0")/lib.sh"
as_user mkdir "$work/m" "$work/cipher" "$work/far" "$work/.ssh"
as_user mke2fs -q -F -t ext4 "$work/image" 8M >/dev/null
server() { processes | grep " fuse2fs " | cut -d' ' -f1 | sort -n | tail -n1; }

# ---- a password, asked at the terminal
as_user sh -c "echo secret >$work/password && gocryptfs -q -init -scryptn 10 -passfile $work/password $work/cipher" >/dev/null
said=$(as_user python3 tests/view/lib/terminal.py 'assword' 'secret\n' "$engine" -q -N sh -c "mount -t gocryptfs $work/cipher $work/m && echo in >$work/m/file && cat $work/m/file")
like "gocryptfs asks for its password at the terminal of mount(8)" "$said" 'assword'
like "and is mounted with it" "$said" 'in.*status 0|in
.*status 0'
nothing_left
said=$(as_user python3 tests/view/lib/terminal.py 'assword' '\x03' "$engine" -q -N bash -c "mount -t gocryptfs $work/cipher $work/m; echo after; mount -t ext4 $work/image $work/m && ls $work/m; umount $work/m")
like "Ctrl-C at the question ends the mount, and others work" "$said" 'status (0|-?2|130)|lost.found'
nothing_left
is "without a terminal it fails, and the view goes on" "$(view -N sh -c "mount -t gocryptfs $work/cipher $work/m </dev/null 2>/dev/null; echo status \$?
	mount -t ext4 $work/image $work/m && ls $work/m && umount $work/m" | paste -sd' ')" "status 32 lost+found"
is "a password from its standard input" "$(view -N sh -c "mount -t gocryptfs $work/cipher $work/m <$work/password && cat $work/m/file")" in
# DetectQuirks: what the file system below cannot do, which is worth a word.
is "a server that did mount says nothing of how" "$(view -N sh -c "mount -t gocryptfs $work/cipher $work/m <$work/password" 2>&1 |
	grep -v DetectQuirks)" ''
is "its options are its own" "$(view -N sh -c "mount -t gocryptfs -o ro,passfile=$work/password $work/cipher $work/m && cat $work/m/file && touch $work/m/new" 2>&1 |
	sed '/DetectQuirks/d; s/^touch: .*Read-only.*/touch: read-only/')" "in
touch: read-only"
like "a wrong password is told, all of it" "$(view -N sh -c "echo wrong | mount -t gocryptfs $work/cipher $work/m" 2>&1)" 'assword incorrect'

# ---- ssh asks by the program that its user chose
as_user sh -c "ssh-keygen -q -t ed25519 -N '' -f $work/host && ssh-keygen -q -t ed25519 -N secret -f $work/key && cp $work/key.pub $work/.ssh/authorized_keys
	printf '#!/bin/sh\necho secret\n' >$work/askpass && chmod +x $work/askpass && echo far >$work/far/file"
port=$((20000 + $$ % 20000))
mkdir -p /run/sshd
as_user /usr/sbin/sshd -D -p $port -h "$work/host" -o ListenAddress=127.0.0.1 -o AuthorizedKeysFile="$work/.ssh/authorized_keys" \
	-o PidFile="$work/sshd.pid" -o StrictModes=no -o UsePAM=no 2>/dev/null &
sshd=$!
at_exit '[ ! -s "$work/sshd.pid" ] || kill "$(cat "$work/sshd.pid")"'
options="IdentityFile=$work/key,UserKnownHostsFile=/dev/null,StrictHostKeyChecking=no,Port=$port,IdentitiesOnly=yes"
until_true 60 eval "exec 9<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
exec 9>&-
view_start a
is "sshfs asks by the program in SSH_ASKPASS" "$(in_view a "SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=:0 \
	mount -t sshfs -o $options $(id -un 1000)@127.0.0.1:$work/far $work/m && cat $work/m/file" | tail -n1)" far

# ---- a far end that is stopped
for pid in $(processes | grep -E 'sftp-server|sshd-session|sshd: ' | cut -d' ' -f1); do kill -STOP "$pid"; done
in_view a "{ timeout -s KILL 200 ls $work/m/nothing >/dev/null 2>&1 & }" >/dev/null
ok "umount -l of what does not answer returns" in_view a "timeout 60 umount -l $work/m"
ok "and it is gone" in_view a "! grep -q ' $work/m ' /proc/mounts"
for pid in $(processes | grep -E 'sftp-server|sshd-session|sshd: ' | cut -d' ' -f1); do kill -CONT "$pid"; done
view_end a
kill "$(cat "$work/sshd.pid")" && until_true 20 eval '[ ! -e "$work/sshd.pid" ]'
wait "$sshd" 2>/dev/null
nothing_left

# ---- a stopped server, and somebody who waits for it
view_start b
stopped() { # in view $1
	in_view "$1" "mount -t ext4 -o ro${2:-} $work/image $work/m" || return
	kill -STOP "$(server)" && until_true 60 grep -q '^State:.T' "/proc/$(server)/status"
	rm -f "$work/waited"
	in_view "$1" "{ ls $work/m/nothing >$work/waited 2>&1 & }" >/dev/null
	# With a time limit it may have been told before we look.
	until_true 60 eval '[ -s "$work/waited" ] || processes | grep -q " ls $work/m/nothing"'
}
ok "mounted, and its server stopped" stopped b
ok "umount -f returns" in_view b "timeout 60 umount -f $work/m"
ok "and frees who waited" until_true 60 eval '! processes | grep -q " ls $work/m/nothing"'
ok "it is gone" in_view b "! grep -q ' $work/m ' /proc/mounts"
ok "mounted, with the shell in it" in_view b "mount -t ext4 -o ro $work/image $work/m && cd $work/m"
kill -STOP "$(server)"
ok "and its server stopped, it can be unmounted lazily" in_view b "timeout 60 umount -l $work/m; cd /; ! grep -q ' $work/m ' /proc/mounts"
for pid in $(processes | grep ' fuse2fs ' | cut -d' ' -f1); do kill -9 "$pid"; done
ok "mounted with a time limit, and its server stopped" stopped b ,timeout=2
ok "who waits gets an error" until_true 60 eval '! processes | grep -q " ls $work/m/nothing"'
like "which is EIO" "$(cat "$work/waited")" 'Input/output error'
like "so does whoever comes, and it is EIO" "$(in_view b "timeout 60 ls $work/m")" 'Input/output error'
ok "and it is unmounted" in_view b "timeout 60 umount $work/m"
like "an odd limit" "$(in_view b "mount -t ext4 -o timeout=soon $work/image $work/m")" 'timeout=soon: .* seconds'
is "a server that answers keeps its mount beyond the limit" \
	"$(in_view b "mount -t ext4 -o ro,timeout=2 $work/image $work/m && sleep 5 && ls $work/m && umount $work/m")" 'lost+found'
# What a server has taken is answered as well: one that waits for another, which is stopped.
as_user sh -c "cd $work && mkdir m2 in out && head -c 12M /dev/urandom >in/big && mke2fs -q -F -t ext4 -d in out/inner 20M && mke2fs -q -F -t ext4 -d out outer 32M" >/dev/null
ok "an image in an image, with a time limit" in_view b "mount -r -t ext4 $work/outer $work/m && mount -t ext4 -o ro,timeout=2 $work/m/inner $work/m2"
outer=$(running fuse2fs | sort -n | head -n1)
kill -STOP "$outer"
like "who waits for what the server has taken gets EIO" "$(in_view b "timeout 60 tail -c 1 $work/m2/big")" 'Input/output error'
kill -CONT "$outer"
ok "both are unmounted" in_view b "timeout 60 umount $work/m2 && timeout 60 umount $work/m"
view_end b
nothing_left

# ---- the end of a view with somebody who waits
for how in exit TERM KILL; do
	view_start c
	manager=$(in_view c 'viewctl info --json | jq .manager')
	ok "mounted and stopped, before $how" stopped c
	start=$SECONDS
	case $how in
	exit) echo exit >&"${view_in[c]}" ;;
	*) kill "-$how" "$manager" ;;
	esac
	wait "${view_pid[c]}" 2>/dev/null
	unset 'view_pid[c]' 'view_in[c]' 'view_out[c]'
	ok "ends the view" until_true 90 no_process
	echo "# after $((SECONDS - start)) s"
	nothing_left
done
done_testing
