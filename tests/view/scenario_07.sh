#!/bin/bash
# Scenario 7, patchwork: hide all but one directory, replace one file, merge two trees, move one.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c 'mkdir -p "$0/tree/sub" "$0/layer/sub" "$0/moved" && echo tree >"$0/tree/both" && echo tree >"$0/tree/sub/tree" &&
	echo layer >"$0/layer/both" && echo layer >"$0/layer/sub/layer" && echo "nameserver 192.0.2.9" >"$0/resolv"' "$work"

view_start a
# hide
spool=$(ls -A /var/spool)
ok "all of /var is hidden but /var/spool" in_view a 'mount -t viewfs -o hide,except=/var/spool none /var'
is "only that is seen" "$(in_view a 'ls -A /var')" spool
is "it is the real one" "$(in_view a 'ls -A /var/spool')" "$spool"
ok "unmounted in one go" in_view a 'umount /var'
ok "all is back" in_view a 'test -d /var/lib'
ok "a directory is hidden by moving nothing over it" in_view a "mount -t viewfs none $work/tree && test -z \"\$(ls -A $work/tree)\" && umount $work/tree"

# one file by another
ok "one file in the place of another" in_view a "mount -t vufs $work/resolv /etc/resolv.conf"
is "it is read there" "$(in_view a 'cat /etc/resolv.conf')" 'nameserver 192.0.2.9'
ok "the first is back" in_view a "umount /etc/resolv.conf && ! grep -q 192.0.2.9 /etc/resolv.conf"

# merge
tree=$work/tree layer=$work/layer
ok "two trees are merged" in_view a "mount -t viewfs -o merge $layer $tree"
is "names of both" "$(in_view a "(cd $tree && find . -type f | sort | tr '\n' ' ')")" './both ./sub/layer ./sub/tree '
is "the source wins" "$(in_view a "cat $tree/both")" layer
like "and is read-only" "$(in_view a "echo x >$tree/both")" 'Read-only file system'
ok "other names are the tree's, to write" in_view a "echo new >$tree/new"
ok "unmounted" in_view a "umount $tree"
is "what was written is in the tree" "$(cat "$tree/new")" new
ok "the source has nothing of it" [ ! -e "$layer/new" ]
ok "merged without write" in_view a "mount -t viewfs -o merge,ro $layer $tree"
is "names of both, read only" "$(in_view a "(cd $tree && find . -type f | sort | tr '\n' ' ')")" './both ./new ./sub/layer ./sub/tree '
like "no name can be written" "$(in_view a "echo x >$tree/new")" 'Read-only file system'
is "by the kernel's overlay" "$(in_view a "findmnt -no FSTYPE $tree")" overlay
ok "unmounted again" in_view a "umount $tree"

# move
ok "a tree in the place of another" in_view a "mount -t viewfs -o move $layer $work/moved"
is "it is there" "$(in_view a "cat $work/moved/both")" layer
ok "it is the same file" in_view a "echo changed >$work/moved/both && grep -q changed $layer/both"
ok "unmounted at last" in_view a "umount $work/moved"

# a mount point that does not exist
ok "a mount point that does not exist" in_view a "mount -t viewfs -o move $layer $work/absent/deep && test -e $work/absent/deep/both"
ok "the rest of that directory is the real one" in_view a "test -e $work/tree/both && echo here >$work/beside"
is "and written to" "$(cat "$work/beside")" here
ok "it goes with the mount" in_view a "umount $work/absent/deep && test ! -e $work/absent"

outside_unchanged "by patchwork"
view_end a
nothing_left
done_testing
