#!/bin/bash
# Layers: an ISO image inside a mounted ext4 image is mounted in turn; views inside views.
set -u
. "$(dirname "$0")/lib.sh"
image=$work/image

as_user mkdir "$work/tree" "$work/inner" "$work/outer" "$work/third"
as_user sh -c "echo deep >$work/tree/file"
as_user genisoimage -quiet -R -o "$work/image.iso" "$work/tree"
as_user mke2fs -q -F -t ext4 "$image" 16M >/dev/null
view_start a
ok "the ext4 image" in_view a "mount -t ext4 $image $work/outer && cp $work/image.iso $work/outer/"
ok "the ISO image that is in it" in_view a "mount -t iso9660 $work/outer/image.iso $work/inner"
is "its file" "$(in_view a "cat $work/inner/file")" deep
like "the lower image cannot be unmounted first" "$(in_view a "umount $work/outer")" 'busy'
in_view a "umount $work/inner" >/dev/null
ok "after the upper one it can" in_view a "umount $work/outer"
ok "both again" in_view a "mount -t ext4 $image $work/outer && mount -t iso9660 $work/outer/image.iso $work/inner"
ok "the lower one lazily" in_view a "umount -l $work/outer"
ok "it is out of sight" in_view a "! ls $work/outer/image.iso"
like "its image cannot be mounted a second time while its server works" \
	"$(in_view a "mount -t ext4 $image $work/third")" 'is mounted already'
is "the upper one still works" "$(in_view a "cat $work/inner/file")" deep
ok "and is unmounted" in_view a "umount $work/inner"
ok "a directory in use" in_view a "mount -t ext4 $image $work/outer && cd $work/outer"
like "holds its file system" "$(in_view a "umount $work/outer")" busy
ok "until it is left" in_view a "cd / && umount $work/outer"

# Views inside views.
ok "a mount of the outer view" in_view a "mount -t ext4 $image $work/outer"
is "is seen in the inner view" "$(in_view a "$engine -q -V inner ls $work/outer/image.iso")" "$work/outer/image.iso"
is "which adds its own" \
	"$(in_view a "$engine -q -V inner sh -c 'mount -t iso9660 $work/outer/image.iso $work/inner && cat $work/inner/file'")" deep
ok "that the outer one does not see" in_view a "! ls $work/inner/file"
is "the inner view has its name" "$(in_view a "$engine -q -V inner viewctl name")" inner
is "and says which one it is in" "$(in_view a "$engine -q viewctl info --json | jq .parent")" 0
is "there is one manager" "$(in_view a "$engine -q viewctl info --json | jq .manager")" \
	"$(in_view a 'viewctl info --json | jq .manager')"
ok "both alive: the inner one is started" in_view a "$engine -q -V inner sh -c \
	'mount -t iso9660 $work/outer/image.iso $work/inner && touch $work/ready && while [ -e $work/ready ]; do sleep 0.1; done' &"
ok "and ready" until_true 60 test -e "$work/ready"
ok "the outer one does not see its mount" in_view a "! grep -q ' $work/inner ' /proc/mounts"
ok "the outer one mounts at the same place" in_view a "mount -t tmpfs none $work/inner && touch $work/inner/mine"
ok "and lists processes of both" in_view a \
	"viewctl who --json | jq -e '[.[].view] | unique | length == 2'"
outside_unchanged "while two views are one in the other"
as_user rm "$work/ready"
ok "the inner one ends" in_view a wait
is "its status is its command's" "$(in_view a "$engine -q sh -c 'exit 5'; echo \$?")" 5
is "three deep" "$(in_view a "$engine -q $engine -q viewctl info --json | jq .view")" \
	"$(($(in_view a "$engine -q $engine -q viewctl info --json | jq .view") - 2))"
is "one engine inside the other is the outer one" \
	"$(in_view a "kmview -q viewctl info --json | jq -r .engine; umview -q viewctl info --json | jq -r .engine")" \
	"$engine
$engine"
view_end a
ok "fsck finds nothing" fsck.ext4 -fn "$image"
nothing_left
done_testing
