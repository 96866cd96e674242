#!/bin/bash
# Unmodified FUSE programs, started in a view as their own manuals say; calls on their files do what
# they do on a plain FUSE mount.
set -u
. "$(dirname "$0")/lib.sh"
point=$work/point

as_user mkdir "$work/tree" "$work/tree/sub" "$point"
as_user sh -c "for i in 1 2 3 4 5 6 7 8 9; do seq \$i 1000 >$work/tree/sub/file\$i; done; head -c 100000 /dev/urandom >$work/tree/random"
as_user mksquashfs "$work/tree" "$work/image.squash" -quiet -no-progress >/dev/null
as_user tar -C "$work/tree" -czf "$work/archive.tar.gz" .
as_user mke2fs -q -F -t ext4 -d "$work/tree" -E root_owner=1000:1000 "$work/image" 16M >/dev/null
as_user mke2fs -q -F -t ext4 -E root_owner=1000:1000 "$work/empty" 16M >/dev/null
as_user cp "$work/empty" "$work/plain"
listing='find . ! -name lost+found | sort; find . -type f ! -path "*/lost+found*" -exec sha256sum {} + | sort -k 2'
wanted=$(cd "$work/tree" && eval "$listing")

# same DESCRIPTION COMMAND [UNMOUNT]: is what COMMAND mounts the same tree?
same() {
	ok "$1 is started" in_view a "$2"
	is "$1: list and sums are the source's" "$(in_view a "cd $point && { $listing; }; cd /")" "$wanted"
	ok "$1 is unmounted" in_view a "${3:-fusermount3 -u $point}"
}

view_start a
same squashfuse "squashfuse $work/image.squash $point"
same archivemount "archivemount -o ro $work/archive.tar.gz $point" "fusermount -u $point"
same fuse2fs "fuse2fs $work/image $point -o ro,fakeroot" "umount $point"

# sshfs, to a server of the user's own
as_user ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
as_user ssh-keygen -q -t ed25519 -N '' -f "$work/key"
as_user cp "$work/key.pub" "$work/authorized"
until port=$((20000 + RANDOM % 10000)) && ! grep -q ":$(printf %04X $port) " /proc/net/tcp; do :; done
as_user tee "$work/sshd_config" >/dev/null <<-END
	ListenAddress 127.0.0.1
	Port $port
	HostKey $work/host_key
	AuthorizedKeysFile $work/authorized
	StrictModes no
	UsePAM no
	PidFile none
	Subsystem sftp internal-sftp
END
ok "a server for ssh" in_view a "/usr/sbin/sshd -f $work/sshd_config -E $work/sshd_log"
same sshfs "sshfs -p $port -o IdentityFile=$work/key,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null \
	\$(id -un 1000)@127.0.0.1:$work/tree $point"
same "mount -t sshfs" "mount -t sshfs -o port=$port,IdentityFile=$work/key,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null \
	\$(id -un 1000)@127.0.0.1:$work/tree $point" "umount $point"

# mount(8) finds programs by the type's name
same "mount -t fuse.squashfuse" "mount -t fuse.squashfuse $work/image.squash $point" "umount $point"

# calls
# Until somebody has looked at it, the root of a program that mounts by itself may belong to nobody.
ok "an empty image for calls" in_view a "fuse2fs $work/empty $point -o fakeroot && ls -ld $point"
calls=$(in_view a "$top/build/tests/view/file_calls $point")
plain=$(unshare -m setpriv --reuid 1000 --regid 1000 --clear-groups sh -c "fuse2fs $work/plain $point -o fakeroot >/dev/null &&
	$top/build/tests/view/file_calls $point; fusermount3 -u $point")
is "calls on its files do what they do on a plain mount" "$calls" "$plain"
like "among them mv into a directory" "$calls" '^rename into a directory: ok$'
like "NOREPLACE" "$calls" '^rename over one with NOREPLACE: E(EXIST|INVAL)$'
like "shared maps" "$calls" '^what was stored: 12 bytes, through map!$'
outside_unchanged "while an unmodified program serves"
ok "unmounted" in_view a "umount $point"
view_end a
ok "fsck finds nothing" fsck.ext4 -fn "$work/empty"
nothing_left
done_testing
