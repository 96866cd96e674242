#!/bin/bash
# Names of all kinds (lib/evil_names.sh) as image, directory, mount point and layer, with each type of
# the table and each mode of viewfs: every one is mounted, and nothing else happens.
set -u
. "$(dirname "$0")/lib.sh"
. tests/view/lib/evil_names.sh
tools=$top/tests/view/lib/names_inside.sh
# In a guest, where all takes long, each kind has all names, but each name in one way only.
short=''
[ "$engine" = umview ] || short=1
inside() { # KIND TYPE: sets $said
	said=$(in_view a "EVIL_SHORT=$short $tools $1 $2 $work")
}
as_user sh -c 'mkdir "$0/i" "$0/t" "$0/m" "$0/tree" && echo words >"$0/tree/file"' "$work"

# ---- one image of each type, which then gets one name after the other
as_user mke2fs -q -F -t ext4 -d "$work/tree" "$work/ext4" 4M >/dev/null
as_user genisoimage -quiet -R -o "$work/iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/vfat" 4096 >/dev/null
as_user sh -c 'truncate -s 4M "$0" && mkntfs -qQF "$0"' "$work/ntfs" >/dev/null 2>&1
as_user sh -c 'truncate -s 4M "$0" && mkfs.exfat "$0"' "$work/exfat" >/dev/null 2>&1
as_user tar -cf "$work/archive" -C "$work/tree" file

view_start a
for type in ext4 iso9660 squashfs vfat ntfs exfat archive; do
	[ -s "$work/$type" ] || continue
	inside image $type
	is "$type: images, mount points and both with odd names" "$said" ''
done
inside directory mirror
is "mirror: directories with odd names" "$said" ''
if command -v gocryptfs >/dev/null; then
	as_user sh -c 'mkdir "$0/cipher" && cd "$0" && gocryptfs -q -init -scryptn 10 -extpass "echo secret" cipher' "$work"
	inside gocryptfs gocryptfs
	is "gocryptfs: directories with odd names" "$said" ''
fi
inside ramfile ramfile
is "ramfile: files with odd names" "$said" ''
for mode in move merge merge,ro cow mincow cow,vstat hide; do
	inside viewfs $mode
	is "viewfs $mode: SOURCE, TARGET and exceptions with odd names" "$said" ''
done
inside listed ext4
is "an image whose name is no text is listed" "$said" ''
inside refused ext4
like "and named when it is refused" "$said" 'i/not.xff.xfeutf is no ext4 image'
is "a host's name is no option" "$(in_view a "mount -t sshfs -- '-oProxyCommand=touch $work/pwned:' $work/m; ls $work/pwned" 2>&1 | grep -c ProxyCommand)" 1
ok "no name was run as a command" test -z "$(find "$work" "$top" -maxdepth 2 -name pwned)"
in_view a 'cd /' >/dev/null
outside_unchanged "by odd names"
view_end a
nothing_left
done_testing
