#!/bin/bash
# timeout: 240
# Who asks is who is served: in a view of root's an ordinary process changes no mounts and no names and
# asks for nothing that is root's; nor does another id of the user's ranges in a view of a user's.
if [ -z "${VIEW_IDS:-}" ]; then
	# In a mount namespace of its own, where the files of ranges are ours.
	VIEW_IDS=1 exec unshare -m "$0" "$@"
fi
set -u
. "$(dirname "$0")/lib.sh"

as_user sh -c "cd $work && mkdir -p m other && echo mine >passwd && printf '#!/bin/sh\nid -u >$work/ran\n' >command && chmod +x command"
chmod 755 "$work"
as_user mke2fs -q -F -t ext4 "$work/image" 8M >/dev/null
# Every call that mounts, by its number, with arguments that root would get another error for.
cat >"$work/calls.py" <<-'END'
	import ctypes, os
	libc = ctypes.CDLL(None, use_errno=True)
	calls = {"mount": (165, b"/", b"/mnt", b"tmpfs", 0, None), "umount2": (166, b"/proc/sys/nothing/", 0),
		"pivot_root": (155, b"/nothing", b"/nothing"), "open_tree": (428, -100, b"/mnt", 1),
		"move_mount": (429, -1, b"", -1, b"", 0), "fsopen": (430, b"tmpfs", 0),
		"fspick": (433, -100, b"/mnt", 0), "mount_setattr": (442, -100, b"/mnt", 0, None, 0),
		"sethostname": (170, b"x", 1), "setdomainname": (171, b"x", 1)}
	def outcome(number, *arguments): return "EPERM" if libc.syscall(number, *arguments) < 0 and ctypes.get_errno() == 1 else "other"
	print(*(name + " " + outcome(*call) for name, call in calls.items()), sep="\n")
END
chmod 644 "$work/calls.py"
# Whose processes the servers of the view are that this runs in.
cat >"$work/server_uid" <<-'END'
	#!/bin/sh
	parent() { awk '{ print $4 }' "/proc/$1/stat"; }
	keeper=$$
	until [ "$(cat /proc/$keeper/comm)" = view-keeper ]; do keeper=$(parent $keeper); done
	for pid in $(pgrep -x fuse2fs); do
		above=$pid
		until [ "$above" = $keeper ] || [ "${above:-1}" -le 1 ]; do above=$(parent "$above" 2>/dev/null); done
		[ "$above" != $keeper ] || stat -c %u /proc/$pid
	done
END
chmod 755 "$work/server_uid"

# ---- a view of root's, with an ordinary process in it
root_view() { # COMMAND: a line for sh
	env -i "$mark" HOME=/root LANG=C.UTF-8 TMPDIR="$work/tmp" PATH="$top/build/bin:/usr/bin:/bin:/usr/sbin:/sbin" "$engine" -q -N sh -c "$1" 2>&1
}
ordinary="viewctl sudo -u '#1000' -g '#1000'"
is "root in a view of root's is root" "$(root_view 'id -u')" 0
is "and an ordinary process an ordinary user" "$(root_view "$ordinary id -u")" 1000
said=$(root_view "$ordinary mount -t sshfs -o ssh_command=$work/command x: $work/m")
ok "an ordinary process runs no command as root by way of a server" [ ! -e "$work/ran" ]
like "the server is refused, and it is said whose the view is" "$said" 'not permitted|may not'
is "nothing is bound over /etc/passwd" \
	"$(root_view "$ordinary mount --bind $work/passwd /etc/passwd 2>/dev/null; head -c 4 /etc/passwd")" "$(head -c 4 /etc/passwd)"
is "what root mounted stays" "$(root_view "mount -t ext4 $work/image $work/m && { $ordinary umount $work/m 2>/dev/null
	$ordinary umount -l $work/m 2>/dev/null; grep -c ' $work/m ' /proc/mounts; }")" 1
is "every call that mounts or names is EPERM" "$(root_view "$ordinary python3 $work/calls.py" | grep -c ' EPERM$')" 10
is "the host name stays" "$(root_view "$ordinary hostname other 2>/dev/null; uname -n")" "$(uname -n)"
for command in 'shutdown 1' 'name other' 'add unreal' 'remove umfuse' 'alias a ext4' 'names nodename=other' 'attach 1'; do
	like "viewctl $command" "$(root_view "$ordinary viewctl $command; echo alive" | tr '\n' ' ')" 'for the user whose view it is.*alive'
done
like "what is no secret is told" "$(root_view "$ordinary viewctl list; $ordinary viewctl info")" '^umfuse: '
ok "root mounts as before" root_view "mount -t ext4 $work/image $work/m && umount $work/m"
if [ "$engine" = umview ]; then
	# A view of the user's own inside has the user's mounts, and not root's manager.
	is "in a view of its own inside it mounts, and the server is its own" "$(root_view "$ordinary umview -q -N sh -c \
		'mount -t ext4 $work/image $work/m && $work/server_uid && umount $work/m'")" 1000
	like "but adds nothing to root's manager" "$(root_view "$ordinary umview -q -N viewctl add unreal")" 'for the user whose view it is'
	cat >"$work/old.c" <<-'END'
		#include <view.h>
		#undef VIEW_ABI
		#define VIEW_ABI 1
		static int serve(struct view_call *call, void *data) { view_call_return(call, 42); return 0; }
		static const struct view_call_claim calls[] = {{"acct", serve}, {}};
		const struct view_service view_service = {.abi = VIEW_ABI, .name = "old", .calls = calls};
	END
	cc -shared -fPIC -I user/view -o "$work/old.so" "$work/old.c"
	sed 's/= VIEW_ABI/= 2/' "$work/old.c" >"$work/new.c"
	cc -shared -fPIC -I user/view -o "$work/new.so" "$work/new.c"
	acct='python3 -c "import ctypes; print(ctypes.CDLL(None).acct(None))"'
	is "a service of version 1 loads, and is not asked by others than the manager's user" \
		"$(env -i "$mark" PATH="$top/build/bin:/usr/bin:/bin" "$engine" -q -N -p "$work/old.so" sh -c "$acct; $ordinary $acct")" "42
-1"
	is "one of version 2 is asked by all" \
		"$(env -i "$mark" PATH="$top/build/bin:/usr/bin:/bin" "$engine" -q -N -p "$work/new.so" sh -c "$acct; $ordinary $acct")" "42
42"
fi

# ---- a view of a user's with a range of ids
echo "1000:100000:65536" >"$work/ranges"
mount --bind "$work/ranges" /etc/subuid
mount --bind "$work/ranges" /etc/subgid
cd "$work" || exit 1
other="setpriv --reuid 33 --regid 33 --clear-groups"
as_user sh -c 'echo secret >secret && chmod 600 secret && chmod 666 image'
rm -f ran
like "another id of the range is refused a server" "$(view -N -s $other mount -t sshfs -o ssh_command="$work/command" x: m 2>&1)" 'not permitted|may not'
ok "which does not run" [ ! -e ran ]
is "it runs what mount(8) and the like are, and reads them" "$(view -N -s $other sh -c 'busybox echo runs; sha256sum </bin/mount' 2>&1)" "runs
$(sha256sum </bin/mount)"
is "every call that mounts or names is EPERM" "$(view -N -s $other python3 calls.py | grep -c ' EPERM$')" 10
like "nor shuts it down" "$(view -N -s sh -c "$other viewctl shutdown 1; echo alive" 2>&1)" alive
is "nor is given the user's ids in a namespace of its own" \
	"$(view -N -s $other viewctl sudo cat /proc/self/uid_map 2>&1 | tr -s ' ')" " 0 33 1"
ok "root to itself mounts as before" view -N -s sh -c 'mount -t ext4 image m && umount m'
if [ "$engine" = umview ]; then
	is "with the right to mount it is served, and its server is its own" "$(view -N -s $other --inh-caps +sys_admin --ambient-caps +sys_admin \
		sh -c 'mount -t ext4 image m && ./server_uid && umount m' 2>&1)" 33
	as_user chmod 600 image
	ok "so what only the user may read is not served to it" eval "! view -N -s $other --inh-caps +sys_admin --ambient-caps +sys_admin \
		mount -t ext4 image m 2>/dev/null"
fi
cd "$top" || exit 1
umount /etc/subuid /etc/subgid
nothing_left
done_testing
