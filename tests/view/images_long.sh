#!/bin/bash
# timeout: 1800
# Images of each format with random bytes changed, hundreds of them: mounting and reading ends, with an
# error or without, the view goes on, and nothing is left. IMAGES=N of each format, SEED=N.
set -u
. "$(dirname "$0")/lib.sh"
count=${IMAGES:-60} seed=${SEED:-$RANDOM}
as_user sh -c 'mkdir "$0/m" "$0/tree" && cd "$0/tree" && mkdir a b && seq 20000 >a/file && ln -s file a/link && ln a/file b/hard' "$work"
as_user mke2fs -q -F -t ext4 -d "$work/tree" "$work/good.ext4" 8M >/dev/null
as_user genisoimage -quiet -R -o "$work/good.iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/good.squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/good.vfat" 4096 >/dev/null
as_user sh -c 'truncate -s 4M "$0" && mkntfs -qQF "$0"' "$work/good.ntfs" >/dev/null 2>&1
as_user tar -cf "$work/good.archive" -C "$work" tree

# One to forty bytes, in the first block, the first 64 KiB or anywhere; some are cut off as well.
damage() { # FROM TO SEED
	python3 - "$@" <<'END'
import random, sys
random.seed(int(sys.argv[3]))
data = bytearray(open(sys.argv[1], 'rb').read())
for _ in range(random.choice((1, 4, 40))):
    at = random.randrange(min(len(data), random.choice((2048, 65536, len(data)))))
    data[at] = random.choice((0, 0xff, data[at] ^ 1 << random.randrange(8), random.randrange(256)))
if random.random() < .2:
    del data[random.randrange(len(data)):]
open(sys.argv[2], 'wb').write(data)
END
}

view_start a
for type in ext4 iso9660 squashfs vfat ntfs archive; do
	mode=-w
	case $type in iso9660 | squashfs | archive) mode=-r ;; esac
	mounted=0 bad=0
	for i in $(seq "$count"); do
		damage "$work/good.$type" "$work/bad.$type" $((seed + i))
		chown 1000:1000 "$work/bad.$type"
		in_view a "timeout 60 mount $mode -t $type $work/bad.$type $work/m" >/dev/null
		status=$?
		if [ $status -eq 0 ]; then
			mounted=$((mounted + 1))
			in_view a "timeout 60 sh -c 'find $work/m -ls; cat $work/m/a/* $work/m/tree/a/*' 2>/dev/null" >/dev/null
			status=$?
			in_view a "umount $work/m || umount -l $work/m" >/dev/null || status=umount
		fi
		case $status in 124 | 125 | umount)
			echo "# $type, seed $((seed + i)): status $status"
			bad=$((bad + 1))
			;;
		esac
	done
	is "$type: $count damaged images ($mounted of them mounted), from seed $((seed + 1)) on: each is done with" $bad 0
	ok "$type: the view goes on" in_view a "mount $mode -t $type $work/good.$type $work/m && umount $work/m"
done
in_view a 'cd /' >/dev/null
outside_unchanged "by damaged images"
view_end a
nothing_left
done_testing
