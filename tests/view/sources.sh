#!/bin/bash
# timeout: 200
# The source of a mount is the file that the caller means: from its working directory, in what only the
# view shows, after chroot(2); and it is looked at by a process that can do nothing else.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c "cd $work && mkdir images m m2 tree tree/m && mke2fs -q -F -t ext4 images/disk.img 8M &&
	mksquashfs home images/inner.img -quiet -no-progress >/dev/null && echo garbage >images/name.img && truncate -s 20M images/disk.img && resize2fs images/disk.img >/dev/null 2>&1 && mke2fs -q -F -t ext4 tree/only-here.img 4M"
view_start a
ok "a relative name, without a type" in_view a "cd $work/images && mount disk.img $work/m && cp inner.img $work/m/inner.img"
ok "an image in a mounted image" in_view a "mount -r $work/m/inner.img $work/m2 && umount $work/m2"
ok "by a relative name" in_view a "cd $work/m && mount -r inner.img $work/m2 && umount $work/m2; s=\$?; cd /; exit_status() { return \$s; }; exit_status"
ok "what is bound over a name" in_view a "mount --bind $work/m/inner.img $work/images/name.img && cd $work/images && mount -r name.img $work/m2 &&
	umount $work/m2 && umount name.img"
ok "after chroot" in_view a "cd $work/tree && for d in bin lib lib64 usr proc; do mkdir -p \$d && { [ ! -e /\$d ] || mount --rbind /\$d \$d; }; done &&
	viewsudo chroot . sh -c 'cd / && mount only-here.img m && ls m && umount m && mount /only-here.img m && umount m'"
like "a name that is not there" "$(in_view a "cd $work/images && mount nothing.img $work/m2")" 'nothing\.img'

# ---- who looks at it: the server of the image's file system answers slowly meanwhile
in_view a "cd / && cp $work/tree/only-here.img $work/m/inner.ext4 && umount $work/m && mount $work/images/disk.img $work/m" >/dev/null
server=$(processes | grep " fuse2fs " | cut -d' ' -f1 | sort -n | tail -n1)
manager=$(in_view a 'viewctl info --json | jq .manager')
slowly() { while sleep 0.1; do kill -CONT "$server"; sleep 0.005; kill -STOP "$server"; done 2>/dev/null; }
kill -STOP "$server"
slowly &
slow=$!
in_view a "{ mount -r $work/m/inner.ext4 $work/m2 & }" >/dev/null
confined() { # is there a child of the manager that can do nothing
	local pid
	for pid in $(pgrep -P "$manager"); do
		grep -q '^Seccomp:.2' "/proc/$pid/status" && [ "$(ls "/proc/$pid/fd" | wc -l)" -le 2 ] && return
	done
	return 1
}
ok "an image is looked at by a process that seccomp confines and that has two files open" until_true 60 confined
kill $slow
wait $slow 2>/dev/null
kill -CONT "$server"
ok "which does not hinder the mount" in_view a "wait; umount $work/m2 && umount $work/m"
outside_unchanged "by all this"
in_view a "umount -l $work/tree/proc; cd /" >/dev/null
view_end a
nothing_left
done_testing
