#!/bin/bash
# Image mount: an ext4 image in a view, written and read, unmounted and mounted again.
set -u
. "$(dirname "$0")/lib.sh"
image=$work/image

as_user mke2fs -q -F -t ext4 "$image" 16M >/dev/null
view_start a
ok "mount of an ext4 image" in_view a "mount -t ext4 $image /mnt"
like "lost+found is there" "$(in_view a 'ls /mnt')" '^lost\+found$'
ok "a file is written" in_view a 'echo words >/mnt/file'
is "and read" "$(in_view a 'cat /mnt/file')" words
like "the view's table has the mount" "$(in_view a 'grep " /mnt " /proc/mounts')" ' fuse'
like "findmnt has it" "$(in_view a 'findmnt -n -o FSTYPE /mnt')" fuse
like "df has it" "$(in_view a 'df /mnt | tail -1')" ' /mnt$'
like "viewctl has it as it was asked for" "$(in_view a 'viewctl mounts')" "^ext4 +$image +/mnt$"
is "and as what the kernel has it" "$(in_view a 'viewctl mounts --json | jq -r ".[0].by"')" fuse.ext4
outside_unchanged "while the image is mounted"
ok "unmount" in_view a 'umount /mnt'
ok "nothing is mounted any more" in_view a '! grep -q " /mnt " /proc/mounts'
is "/mnt is the host's again" "$(in_view a 'ls -a /mnt')" "$(ls -a /mnt)"
ok "the image is clean as soon as umount has ended" fsck.ext4 -fn "$image"

# An older system lost what was written right after the mount.
ok "mount again, written at once" in_view a "mount -t ext4 $image /mnt && echo at once >/mnt/second"
is "the first file is there" "$(in_view a 'cat /mnt/file')" words
ok "unmount again" in_view a 'umount /mnt'
is "the first file is in the image" "$(debugfs -R 'cat /file' "$image" 2>/dev/null)" words
is "the second as well" "$(debugfs -R 'cat /second' "$image" 2>/dev/null)" 'at once'

for how in 'mount -t umfuseext2 -o rw+' 'mount -t vufuseext2' 'mount -o loop' 'busybox mount -t ext4' 'viewmount -t ext4' \
	'vumount' 'viewctl mount'; do
	ok "$how" in_view a "$how $image /mnt && cat /mnt/file && umount /mnt"
done
ok "read only" in_view a "mount -t ext4 -o ro $image /mnt && ! touch /mnt/third && umount /mnt"
ok "mounted when the view ends" in_view a "mount -t ext4 $image /mnt && echo end >/mnt/end"
view_end a 7
is "what was written last is in the image" "$(debugfs -R 'cat /end' "$image" 2>/dev/null)" end
ok "fsck finds nothing" fsck.ext4 -fn "$image"
nothing_left
done_testing
