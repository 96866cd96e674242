#!/bin/bash
# Views in bad conditions: broken images, full disks, missing servers, forbidden namespaces, crowds.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c 'mkdir "$0/m" "$0/layer" "$0/tree" "$0/many" && echo tree >"$0/tree/file" && echo content >"$0/content"' "$work"
mounts=${MOUNTS:-100}
view_start a

# broken images of each format: an error, not a hang, and the view goes on
as_user mke2fs -q -F -t ext4 "$work/good.ext4" 8M >/dev/null
as_user genisoimage -quiet -R -o "$work/good.iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/good.squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/good.vfat" 4096 >/dev/null
as_user sh -c 'truncate -s 4M "$0" && mkntfs -qQF "$0"' "$work/good.ntfs" >/dev/null 2>&1
as_user tar -cf "$work/good.archive" -C "$work" tree
for type in ext4 iso9660 squashfs vfat ntfs archive; do
	good=$work/good.$type
	mode=-w
	[ $type = iso9660 ] || [ $type = squashfs ] && mode=-r
	ok "$type: a good image" in_view a "mount $mode -t $type $good $work/m && umount $work/m"
	head -c 700 "$good" >"$work/short.$type"
	cp "$good" "$work/flipped.$type"
	dd if=/dev/urandom of="$work/flipped.$type" bs=512 count=72 conv=notrunc status=none
	chown 1000:1000 "$work/short.$type" "$work/flipped.$type"
	for broken in short flipped; do
		said=$(in_view a "timeout 60 mount -t $type $work/$broken.$type $work/m")
		status=$?
		# archivemount takes what it can of anything; the others must say which image it is.
		if [ $status -eq 0 ]; then
			ok "$type, $broken: mounted all the same, and unmounted" in_view a "ls $work/m; umount $work/m"
		else
			like "$type, $broken: refused with its name (status $status)" "$said" "$broken\.$type"
		fi
	done
done
ok "the view goes on" in_view a true

# one sentence each
like "no such image" "$(in_view a "mount -t ext4 $work/none $work/m")" "$work/none"
like "a type that nobody knows" "$(in_view a "mount -t umfusebogus x $work/m")" 'no server is known for file systems of type bogus'
in_view a "mkdir -p $work/home/.viewos && echo 'plan9: plan9-tools: /nonexistent/plan9fs %s %t' >$work/home/.viewos/fstypes" >/dev/null
like "a server that is not installed" "$(in_view a "mount -t plan9 x $work/m")" 'needs the program /nonexistent/plan9fs: install the package plan9-tools'
like "an image that is mounted already" \
	"$(in_view a "mount -t ext4 $work/good.ext4 $work/m && mount -t ext4 $work/good.ext4 $work/tree; umount $work/m")" 'mounted already'
if [ "$engine" = umview ]; then
	like "user namespaces forbidden" "$(as_user unshare -Urm sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; exec umview true' 2>&1)" 'user namespaces.*user\.max_user_namespaces'
	ok "its status is 125" [ "$(as_user unshare -Urm sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; umview true 2>/dev/null; echo $?')" = 125 ]
fi

# a full disk under the layer
ok "a small disk" in_view a "mkdir $work/small && mount -t tmpfs -o size=1m none $work/small && mkdir $work/small/layer"
ok "a layer on it" in_view a "mount -t viewfs -o cow $work/small/layer $work/tree && echo kept >$work/tree/kept"
like "it fills up" "$(in_view a "head -c 4194304 /dev/zero >$work/tree/big")" 'No space left'
is "what was written before is there" "$(in_view a "cat $work/tree/kept $work/tree/file | tr '\n' ' '")" 'kept tree '
ok "after making room it goes on" in_view a \
	"rm $work/tree/big && timeout 20 sh -c 'until echo more >$work/tree/more; do sleep 0.1; done' 2>/dev/null && umount $work/tree && umount $work/small"

# crowds
ok "two hundred mount at once" in_view a "cd $work && cp good.squashfs many/image && mkdir many/{1..200} &&
	for i in {1..200}; do squashfuse many/image many/\$i & done; wait; test \$(grep -c ' $work/many/' /proc/mounts) = 200"
ok "by services, too" in_view a "for i in {1..200}; do umount many/\$i & done; wait; ! grep -q ' $work/many/' /proc/mounts &&
	for i in {1..200}; do mount -r -t squashfs many/image many/\$i & done; wait; test \$(grep -c ' $work/many/' /proc/mounts) = 200"
ok "and unmount at once" in_view a "for i in {1..200}; do umount many/\$i & done; wait; ! grep -q ' $work/many/' /proc/mounts"
descriptors() { manager=$(in_view a "viewctl info --json | jq .manager"); ls "/proc/$manager/fd" | wc -l; }
before=$(descriptors)
mount_often() { # in parts, each of which has its time
	local left=$mounts
	for ((; left > 0; left -= 50)); do
		in_view a 'for i in {1..50}; do mount -r -t squashfs many/image m && umount m || exit 1; done' || return
	done
}
ok "$mounts mounts and unmounts" mount_often
is "leak no descriptor of the manager" "$(descriptors)" "$before"

cd / || exit
in_view a 'cd /' >/dev/null
outside_unchanged "by faults"
view_end a
ok "the image is clean" fsck.ext4 -fn "$work/good.ext4"
nothing_left
done_testing
