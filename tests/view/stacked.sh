#!/bin/bash
# timeout: 200
# What we stacked is unmounted as one: patches of a tree that has mounts below, and mount points that do not
# exist; what is in use stays whole, and a mount that fails leaves nothing behind.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c "cd $work && mkdir -p tree/a/b tree/c layer other m && echo tree >tree/file && mke2fs -q -F -t ext4 image 8M"
mounts() { in_view a "grep -c ' $work' /proc/self/mounts" || :; }
view_start a
ok "a tree with mounts below" in_view a "mount -t tmpfs none $work/tree/a && mkdir $work/tree/a/b && mount -t tmpfs none $work/tree/a/b &&
	touch $work/tree/a/b/inner && mount $work/image $work/tree/c"
before=$(mounts)
for options in cow merge mincow cow,ro; do
	ok "viewfs -o $options over it" in_view a "mount -t viewfs -o $options $work/layer $work/tree && ls $work/tree/a/b/inner $work/tree/c/lost+found"
	in_view a "cd $work/tree/a/b" >/dev/null
	like "while it is used it stays" "$(in_view a "umount $work/tree")" 'busy'
	ok "whole" in_view a "ls inner $work/tree/c/lost+found && cd /"
	ok "then it is unmounted" in_view a "umount $work/tree"
	is "and nothing more nor less" "$(mounts)" "$before"
	ok "the tree is as it was" in_view a "ls $work/tree/a/b/inner $work/tree/c/lost+found"
done
ok "a tree moved over another" in_view a "mount -t viewfs -o move $work/tree $work/other && ls $work/other/a/b/inner"
ok "is unmounted" in_view a "umount $work/other"
is "and nothing more nor less" "$(mounts)" "$before"
ok "what is mounted on top" in_view a "mount -t viewfs -o cow $work/layer $work/tree && mkdir $work/tree/top && mount -t tmpfs none $work/tree/top"
like "has to go first" "$(in_view a "umount $work/tree")" 'busy'
ok "as ever" in_view a "umount $work/tree/top && umount $work/tree"
ok "the mounts below go one by one" in_view a "umount $work/tree/c && umount $work/tree/a/b && umount $work/tree/a"

# ---- mount points that do not exist
before=$(mounts)
for point in "$work/m/new" "$work/m/x/y/z" m/new ./m/new "$work//m/./new"; do
	ok "a missing mount point $point" in_view a "cd $work && mount image $point && ls $point/lost+found"
	ok "and its end" in_view a "umount $point && ! ls -d $point 2>/dev/null"
	is "which leaves nothing" "$(mounts)" "$before"
done
like "a mount that fails says why" "$(in_view a "cd $work && mount -t ext4 nothing.img m/new")" 'nothing\.img'
is "and leaves nothing at a missing point" "$(mounts)" "$before"
like "directly under / it is said what to do" "$(in_view a "mount $work/image /nothing-here")" '/nothing-here does not exist, and nothing can be shown in the root'
like "the same by a relative name" "$(in_view a "cd / && mount $work/image nothing-here")" 'nothing-here does not exist, and'
in_view a 'cd /' >/dev/null
outside_unchanged "by all this"
view_end a
nothing_left
done_testing
