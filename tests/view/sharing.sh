#!/bin/bash
# Images shared by views: who cannot write, or has a type that is only read, shares; who writes has it
# alone; who is refused is told by whom.
set -u
. "$(dirname "$0")/lib.sh"
as_user sh -c 'mkdir "$0/m" "$0/n" "$0/tree" && echo words >"$0/tree/file"' "$work"
as_user mke2fs -q -F -t ext4 -d "$work/tree" "$work/ext4" 4M >/dev/null
as_user genisoimage -quiet -R -o "$work/iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/vfat" 4096 >/dev/null
# The course's image: root's, for all to read.
cp "$work/ext4" "$work/course"
chown 0:0 "$work/course"
chmod 644 "$work/course"

views='a b c d'
for view in $views; do
	view_start $view
	in_view $view "cd $work" >/dev/null
done
everywhere() { for view in $views; do in_view $view "$1" || return; done; }
for image in course iso9660 squashfs; do
	ok "$image is mounted in all views, by a plain mount" everywhere "mount $image m && cat m/file"
	is "read-only" "$(in_view a 'findmnt -n -o OPTIONS m | cut -d, -f 1; touch m/x 2>/dev/null && echo written')" ro
	ok "with -w as well" in_view a "mount -w $image n && cat n/file && umount n"
	ok "and unmounted" everywhere 'umount m'
done
for view in a b; do ok "an image of one's own, read in $view" in_view $view 'mount -r ext4 m'; done
manager=$(in_view b 'viewctl info --json | jq .manager')
ok "is not locked for readers by them" in_view c 'mount -r ext4 m && umount m'
in_view a 'umount m' >/dev/null
like "who would write is told which view reads it, whose, by which process" "$(in_view c 'mount ext4 m')" \
	"^mount: ext4 is mounted already, in the view b of [a-z0-9 ]+ \(pid $manager\): unmount it there, or mount it read-only everywhere$"
in_view b 'umount m' >/dev/null
ok "one writes" in_view b 'mount ext4 m && touch m/written'
like "who would read is told the same" "$(in_view c 'mount -r ext4 m')" \
	"^mount: ext4 is mounted already, in the view b of [a-z0-9 ]+ \(pid $manager\): unmount it there, or mount it read-only there, too$"
like "in the same view the mount point is told" "$(in_view b 'mount ext4 n')" "^mount: ext4 is mounted already, in this view on m \(pid $manager\)"
ok "unmounted, it is free" in_view b 'umount m'
ok "for another" in_view c 'mount vfat m && mount ext4 n && umount m n'
# A user that is not the owner of the view: root's.
"$top/build/bin/$engine" -q -N -V roots sh -c "mount $work/ext4 $work/m && touch $work/mounted && read line <$work/go; umount $work/m" &
roots=$!
mkfifo "$work/go"
until_true 20 test -e "$work/mounted"
like "another user's view is named" "$(in_view a 'mount ext4 m')" 'in the view roots of root \(pid [0-9]+\)'
echo go >"$work/go"
wait $roots
is "it ends" $? 0
ok "a server that is left behind keeps its image" in_view a 'mount ext4 m && exec 7>m/open && umount -l m && ! mount ext4 n 2>said'
like "and is told of" "$(in_view a 'cat said; exec 7>&-')" 'ext4 is mounted already'
ok "until it has ended" in_view a 'mount ext4 n && umount n'
for view in $views; do
	in_view $view 'cd /' >/dev/null
	view_end $view
done
outside_unchanged "by sharing"
nothing_left
done_testing
