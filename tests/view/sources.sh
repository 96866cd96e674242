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
if [ "$engine" = umview ]; then # an ordinary user's keeper has no other root with the module
	ok "after chroot" in_view a "cd $work/tree && for d in bin lib lib64 usr proc dev; do mkdir -p \$d && { [ ! -e /\$d ] || mount --rbind /\$d \$d; }; done &&
	viewsudo chroot . python3 -c 'import ctypes, os
libc = ctypes.CDLL(None)
for image, point in (b\"only-here.img\", b\"m\"), (b\"/only-here.img\", b\"/m\"):
    assert libc.mount(image, point, b\"auto\", 0, None) == 0 and os.listdir(\"/m\") == [\"lost+found\"] and libc.umount2(point, 0) == 0
'"
fi
like "a name that is not there" "$(in_view a "cd $work/images && mount nothing.img $work/m2")" 'nothing\.img'

# ---- an image that lacks its end
as_user sh -c "cd $work && mke2fs -q -F -t ext4 cut.ext4 8M && mkfs.vfat -C cut.vfat 8192 >/dev/null && truncate -s 8M cut.ntfs && mkntfs -qQF cut.ntfs >/dev/null 2>&1 &&
	mke2fs -q -F -t ext4 part.ext4 4M && { head -c 1M /dev/zero; cat part.ext4; } >whole.img && truncate -s 5M cut.ext4 cut.vfat cut.ntfs"
for type in ext4 vfat ntfs; do
	said=$(in_view a "cd $work && mount cut.$type m2; findmnt -no OPTIONS m2; touch m2/new; umount m2")
	like "a cut-off $type: said" "$said" "cut.$type is cut off: its file system has 83[0-9]* bytes, and 5242880 are there; it is mounted read-only"
	like "a cut-off $type: nothing is written to it" "$said" "^touch: .*Read-only|^touch: .*cannot"
done
said=$(in_view a "cd $work && mount -o offset=1M whole.img m2 && touch m2/new && umount m2")
is "one that is whole, behind something else, is written to" "$said" ""
said=$(in_view a "cd $work && mount -o offset=1M,sizelimit=3M whole.img m2; touch m2/new; umount m2")
like "of which less is to be used: not" "$said" 'whole.img is cut off: its file system has 4194304 bytes, and 3145728 are there'

# ---- who looks at it
in_view a "cd / && umount $work/m" >/dev/null
manager=$(in_view a 'viewctl info --json | jq .manager')
strace -f -qq -o "$work/trace" -p "$manager" 2>/dev/null &
tracer=$!
until_true 60 grep -q "^TracerPid:.$tracer" "/proc/$manager/status"
ok "an image whose type is looked for" in_view a "mount $work/images/disk.img $work/m && umount $work/m"
kill $tracer
wait $tracer 2>/dev/null
child=$(grep -m1 'PR_SET_SECCOMP, SECCOMP_MODE_FILTER' "$work/trace" | cut -d' ' -f1)
like "is read by a process of its own, which seccomp confines" \
	"$(sed -n "s/^${child:-none} *\([a-z0-9_]*\)(.*/\1/p" "$work/trace" | sed '1,/^prctl/d' | sort -u | tr '\n' ' ')" 'exit_group .*(pread64|read)'
is "and opens nothing" "$(sed -n "/^${child:-none} .*PR_SET_SECCOMP/,\$p" "$work/trace" | grep "^${child:-none} " | grep -c 'open.*) = [0-9]')" 0
confined=$(grep 'PR_SET_SECCOMP, SECCOMP_MODE_FILTER' "$work/trace" | cut -d' ' -f1 | sort -u | paste -sd'|')
is "while the manager reads none of it" "$(grep -Ev "^(${confined:-none}) " "$work/trace" | grep -c 'pread64')" 0
outside_unchanged "by all this"
in_view a "umount -l $work/tree/proc; cd /" >/dev/null
view_end a
nothing_left
done_testing
