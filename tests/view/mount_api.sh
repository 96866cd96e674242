#!/bin/bash
# The new mount API in a view: types that services claim, types of the kernel's, copies of trees.
set -u
. "$(dirname "$0")/lib.sh"
api=$top/build/tests/view/mount_api
as_user mkdir "$work/m" "$work/tree"
as_user sh -c 'echo content >"$0/tree/file"' "$work"
as_user mke2fs -q -F -t ext4 "$work/image" 8M >/dev/null
view_start a
ok "an ext4 image" in_view a "$api ext4 $work/image $work/m"
ok "it is there, to write" in_view a "test -d $work/m/lost+found && echo x >$work/m/x"
ok "unmounted" in_view a "umount $work/m"
ok "what was written is in the image" test -n "$(debugfs -R 'cat /x' "$work/image" 2>/dev/null)"
like "an image that is none" "$(in_view a "$api ext4 $work/tree/file $work/m")" 'fsmount: Input/output error'
ok "a tmpfs of the kernel's" in_view a "$api tmpfs none $work/m && touch $work/m/file && umount $work/m"
# With kmview the kernel makes the copy for the task itself, and its flags cannot be changed before it is moved.
copy=bind
[ "$engine" = umview ] || copy=plain-bind
ok "a copy of a tree" in_view a "$api $copy $work/tree $work/m && cat $work/m/file"
[ "$engine" = kmview ] || like "read-only" "$(in_view a "touch $work/m/new")" 'Read-only file system'
ok "unmounted at last" in_view a "umount $work/m"
like "a type that is none" "$(in_view a "$api bogus x $work/m")" 'fsopen: (No such device|Operation not permitted)'
outside_unchanged "by all that"
view_end a
nothing_left
done_testing
