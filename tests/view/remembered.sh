#!/bin/bash
# What nobody can change is remembered for good: names, attributes, missing names and pages of images
# that are mounted read-only. What can change is not.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c 'mkdir "$0/m" "$0/n" "$0/tree" "$0/tree/a" "$0/plain" && seq 20000 >"$0/tree/a/file" && echo one >"$0/tree/a/small"' "$work"
as_user mke2fs -q -F -t ext4 -d "$work/tree" "$work/ext4" 8M >/dev/null
as_user genisoimage -quiet -R -o "$work/iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/vfat" 4096 >/dev/null
as_user sh -c 'truncate -s 4M "$0" && mkntfs -qQF "$0"' "$work/ntfs" >/dev/null 2>&1
as_user tar -cf "$work/archive" -C "$work/tree" a
view_start a
in_view a "cd $work" >/dev/null
for type in vfat ntfs; do
	in_view a "mount -t $type $type m && cp -r tree/a m && umount m" >/dev/null
done
servers() { # the processes of the view's servers of a program
	local pid
	for pid in $(processes | grep -F " $1" | cut -d' ' -f1); do
		[ "$(ps -o ppid= -p "$pid")" -eq "$keeper" ] && echo "$pid"
	done
}
keeper=$(pgrep -x view-servers -P "$(pgrep -x view-keeper -P "$(in_view a 'viewctl info --json | jq .manager')")")
# Does a mount answer while its server is stopped?
sum=$(sha256sum <"$work/tree/a/file" | cut -d' ' -f1)
remembers() { # TYPE COMMAND-IN-FRONT-OF-A-MISSING-NAME COMMAND-IN-FRONT-OF-READING
	local pids said status
	in_view a "mount -r -t $1 $1 m && stat m/a m/a/file m/a/small && cat m/a/file | sha256sum && ! stat m/a/missing" >/dev/null || return
	pids=$(servers "$(program "$1")")
	[ -n "$pids" ] || { echo "no server"; processes; return 1; }
	sleep 1.2 # longer than servers have things remembered by default
	kill -STOP $pids
	said=$(in_view a "timeout 20 sh -c 'stat -c %s m/a/file; $2 stat m/a/missing; stat -c %F m/a; $3 sha256sum m/a/file' 2>&1")
	status=$?
	kill -CONT $pids
	in_view a 'umount m' >/dev/null
	[ $status -eq 0 ] && [[ $said == *108894*directory* ]] && [[ -n $2 || $said == *"m/a/missing': No such file"* ]] &&
		[[ -n $3 || $said == *"$sum"* ]] ||
		{ echo "$said"; return 1; }
}
program() {
	case $1 in
	ext4) echo fuse2fs ;; iso9660) echo fuseiso ;; squashfs) echo squashfuse_ll ;; vfat) echo fusefat ;;
	ntfs) echo ntfs-3g ;; exfat) echo mount.exfat-fuse ;; archive) echo archivemount ;;
	esac
}
for type in ext4 iso9660 squashfs vfat; do
	ok "$type, read-only: attributes, missing names and opening cost no request" remembers $type '' ''
done
ok "archive, which is opened by its server: attributes and missing names" remembers archive '' :
ok "ntfs, whose server cannot do it for missing names: attributes" remembers ntfs : :
is "an image that is written is not remembered" "$(in_view a 'mount ext4 m && grep -c -e kernel_cache.*negative /proc/self/mounts;
	ln m/a/small m/a/second && stat -c %h m/a/small && rm m/a/second && stat -c %h m/a/small && ! stat m/new 2>/dev/null &&
	touch m/new && stat -c %s m/new; umount m' | paste -sd' ')" '0 2 1 0'
given() { tr '\0' ' ' <"/proc/$(servers "$1" | head -n 1)/cmdline"; }
in_view a 'mount -t mirror plain m && mount ext4 n' >/dev/null
for server in bindfs fuse2fs; do
	ok "$server, of what can change, is not told to remember" eval "given=\$(given $server); [ -n \"\$given\" ] && [[ \$given != *_timeout=* ]]"
done
ok "what appears in a mirrored directory is seen" in_view a "! stat m/late && touch plain/late && timeout 20 sh -c 'until stat m/late; do sleep 0.1; done'"
in_view a 'umount m n' >/dev/null
# Also when the user's own table tells it to: a directory is not locked, so it can change.
remember='remember attr_timeout=86400,entry_timeout=86400,negative_timeout=86400'
as_user sh -c 'mkdir "$HOME/.viewos" && printf "mirror: bindfs: bindfs -o %%o %%i %%t\n\t%s\next4: fuse2fs: fuse2fs %%i %%t -o fakeroot,%%o\n\t%s\n" \
	"$0" "$0" >"$HOME/.viewos/fstypes"' "$remember"
in_view a 'mount -r -t mirror plain m && mount -r -t ext4 ext4 n' >/dev/null
like "an image, read-only, is remembered by the user's table" "$(given fuse2fs)" 'attr_timeout=86400'
like "a directory has a server, by the same table" "$(given bindfs)" '^bindfs '
is "but is not remembered, read-only as it is" "$(given bindfs | grep -o '[a-z]*_timeout=[0-9]*')" ''
in_view a 'umount m n' >/dev/null
as_user rm -r "$work/home/.viewos"

# many files, by many processes; and after the kernel has forgotten them
as_user sh -c 'mkdir "$0/lots" && cd "$0/lots" && for i in $(seq 120); do seq $((i * 50)) >f$i; done' "$work"
as_user mke2fs -q -F -t ext4 -d "$work/lots" "$work/lots.ext4" 8M >/dev/null
sums=$(cd "$work/lots" && find . -name 'f*' -print0 | sort -z | xargs -0 sha256sum | sort)
in_view a 'mount -r -t ext4 lots.ext4 m' >/dev/null
is "read by many at once" "$(in_view a '(cd m && find . -name "f*" -print0 | xargs -0 -P8 -n3 sha256sum) | sort')" "$sums"
echo 2 >/proc/sys/vm/drop_caches
is "and after they were forgotten" "$(in_view a '(cd m && find . -name "f*" -print0 | xargs -0 -P8 -n3 sha256sum) | sort')" "$sums"
is "mapped" "$(in_view a "python3 -c 'import hashlib, mmap, sys
f = open(\"m/f77\", \"rb\"); print(hashlib.sha256(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)).hexdigest())'")" "$(sha256sum <"$work/lots/f77" | cut -d' ' -f1)"
in_view a 'umount m' >/dev/null

# files beyond the memory, pages that were dropped
as_user mke2fs -q -F -t ext4 -b 4096 -N 64 "$work/big" 48G >/dev/null 2>&1
in_view a 'mount big m && truncate -s 40G m/huge && printf begin | dd of=m/huge conv=notrunc status=none &&
	printf "the end" | dd of=m/huge oflag=seek_bytes seek=42949672953 conv=notrunc status=none; umount m' >/dev/null
is "a file of 40 GiB" "$(in_view a 'mount -r big m && stat -c %s m/huge && head -c 5 m/huge && tail -c 7 m/huge; umount m' | tr '\n' ' ')" \
	'42949672960 beginthe end '
is "pages that were dropped are read again" "$(in_view a 'mount -r squashfs m && sha256sum <m/a/file && dd if=m/a/file iflag=nocache count=0 status=none &&
	sha256sum <m/a/file; umount m' | uniq | wc -l)" 1

# the image changes: at the next mount it is seen
ok "changed by somebody who does not heed the lock" in_view a 'mount -r ext4 m && cat m/a/small && stat m/a/file'
as_user debugfs -w -R 'rm /a/small' "$work/ext4" 2>/dev/null
like "what was remembered stays" "$(in_view a 'stat -c %s m/a/small m/a/file | paste -sd" "')" '^4 108894$'
ok "the mount goes on" in_view a 'ls m >/dev/null && umount m'
like "after remounting the change is seen" "$(in_view a 'mount -r ext4 m && stat m/a/small; umount m')" 'No such file'
in_view a 'mount ext4 m && echo two >m/a/small && umount m' >/dev/null
is "and one made by mounting it to write" "$(in_view a 'mount -r ext4 m && cat m/a/small; umount m')" two
in_view a 'cd /' >/dev/null
outside_unchanged "by what is remembered"
view_end a
nothing_left
done_testing
