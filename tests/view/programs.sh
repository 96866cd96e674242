#!/bin/bash
# mount, umount and busybox in a view: their own bytes for who reads them, whichever way, while who runs
# them can mount without being root.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c 'mkdir "$0/m" "$0/rootfs" "$0/copies"' "$work"
as_user mke2fs -q -F -t ext4 "$work/image" 4M >/dev/null
programs='/bin/mount /bin/umount /bin/busybox'
sums=$(sha256sum $programs)
cat >"$work/mapped.py" <<'END'
import hashlib, mmap, sys
for name in sys.argv[1:]:
    with open(name, 'rb') as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE) as data:
        print(hashlib.sha256(data).hexdigest() + '  ' + name)
END
cat >"$work/by_descriptor.py" <<'END'
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.set_inheritable(file, True)
os.execve(file, sys.argv[2:], os.environ)
END
view_start a
in_view a "cd $work" >/dev/null
for round in before after; do
	is "$round they have run, they are read as they are" "$(in_view a "sha256sum $programs")" "$sums"
	is "mapped" "$(in_view a "python3 mapped.py $programs")" "$sums"
	is "copied" "$(in_view a "cp $programs copies && (cd copies && sha256sum mount umount busybox)")" "${sums//\/bin\//}"
	is "in an archive" "$(in_view a "tar -chf - $programs 2>/dev/null | tar -xf - --to-stdout | sha256sum")" "$(cat $programs | sha256sum)"
	is "with size, time and permissions" "$(in_view a "stat -c '%n %s %Y %A %i' $programs")" "$(stat -Lc '%n %s %Y %A %i' $programs)"
	for mount in mount /bin/mount 'busybox mount' '/bin/busybox mount' 'env -i /usr/bin/mount'; do
		ok "$mount mounts" in_view a "$mount -t ext4 $work/image $work/m && mountpoint -q m && umount m"
	done
	ok "umount by the path of another directory" in_view a 'mount image m && /usr/bin/../bin/umount m'
	ok "a link that is named mount" in_view a 'ln -sf /bin/busybox copies/link && mkdir -p links && ln -sf /bin/busybox links/mount &&
		links/mount -t ext4 image m && umount m'
	ok "run by descriptor" in_view a 'python3 by_descriptor.py /bin/mount mount image m && python3 by_descriptor.py /bin/umount umount m'
	is "busybox does all else" "$(in_view a 'busybox echo all else; echo words | busybox tr a-z A-Z; busybox sh -c "echo \$0 \$1" zero one')" "all else
WORDS
zero one"
done
is "a root made inside has the machine's busybox" "$(in_view a "cp /bin/busybox rootfs/ && rootfs/busybox sha256sum rootfs/busybox" | cut -c 1-64)" \
	"$(sha256sum </bin/busybox | cut -c 1-64)"
like "which is no stand-in" "$(in_view a 'rootfs/busybox mount -t ext4 image m')" 'ermitted|denied'
like "they cannot be written" "$(in_view a 'echo >>/bin/mount')" 'Read-only|denied'
ok "a view inside has them, too" in_view a "$engine -q -N sh -c 'mount image m && umount m && sha256sum $programs' | grep -q '${sums%% *}'"
ok "many at once" in_view a 'for i in {1..40}; do busybox true & cmp -s /bin/busybox copies/busybox || echo differs; done; wait'
kill_server() { for pid in $(running view-programs); do kill -KILL "$pid"; done; }
ok "their server may die" eval 'kill_server; in_view a "busybox true && mount image m && umount m"'
# While it works on something, too: what it was asked is not lost.
(for i in {1..300}; do kill_server; done) &
killing=$!
is "at any moment" "$(in_view a 'for i in {1..60}; do timeout 20 busybox true && cmp -s /bin/busybox copies/busybox || echo "$i: $?"; done')" ""
wait $killing
in_view a 'cd /' >/dev/null
outside_unchanged "of the programs"
view_end a

# In a view of root's, others run them as well, and are told what they may.
said=$("$top/build/bin/$engine" -q -N sh -c "setpriv --reuid 1000 --clear-groups sh -c 'busybox echo runs; sha256sum /bin/mount; mount -t ext4 $work/image $work/m'" 2>&1)
like "another user's process runs them" "$said" '^runs$'
like "and reads them" "$said" "^${sums%% *}"
like "and may not mount" "$said" 'may not change'
nothing_left
done_testing
