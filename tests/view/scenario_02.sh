#!/bin/bash
# Two views, one mount point: an ISO image in one, a squashfs in the other.
set -u
. "$(dirname "$0")/lib.sh"

as_user mkdir "$work/iso" "$work/squash"
as_user sh -c "echo iso >$work/iso/which; echo squash >$work/squash/which"
as_user genisoimage -quiet -R -o "$work/image.iso" "$work/iso"
as_user mksquashfs "$work/squash" "$work/image.squash" -quiet -no-progress >/dev/null

view_start a
view_start b
ok "one view mounts an ISO image" in_view a "mount -t iso9660 $work/image.iso /mnt"
ok "the other a squashfs at the same place" in_view b "mount -t squashfs $work/image.squash /mnt"
is "the first sees the ISO image" "$(in_view a 'cat /mnt/which')" iso
is "the second sees the squashfs" "$(in_view b 'cat /mnt/which')" squash
is "the first has one line for it in its table" "$(in_view a 'grep -c " /mnt " /proc/mounts')" 1
like "which is the ISO image's" "$(in_view a 'grep " /mnt " /proc/mounts')" fuseiso
is "the second has one line as well" "$(in_view b 'grep -c " /mnt " /proc/mounts')" 1
like "which is the squashfs's" "$(in_view b 'grep " /mnt " /proc/mounts')" squash
outside_unchanged "while both are mounted"
ok "no process of one view is in the other's list" \
	in_view a "! viewctl who --json | jq -e '.[] | select(.program == \"squashfuse\")'"
first=$(in_view a 'viewctl info --json | jq .manager')
ok "they have managers of their own" [ "$first" != "$(in_view b 'viewctl info --json | jq .manager')" ]
ok "nobody reaches the control socket of a view from outside" \
	[ "$(as_user viewctl info 2>&1)" = "viewctl info: this process is in no view; start one with umview, kmview or view" ]
ok "one unmounts" in_view a 'umount /mnt'
is "the other still sees its own" "$(in_view b 'cat /mnt/which')" squash
ok "and unmounts" in_view b 'umount /mnt'
view_end a
view_end b
nothing_left
done_testing
