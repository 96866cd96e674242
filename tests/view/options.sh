#!/bin/bash
# What people type at mount(8) in a view: options of each type as fstypes(5) has them, partitions and
# parts, files that cannot be written, tables of mounts, labels, remounting, formats without a server,
# servers that die or warn.
set -u
. "$(dirname "$0")/lib.sh"
table=$top/user/view/services/fstypes manual=$top/user/view/man/fstypes.5

# ---- the table and its manual page say the same
# Lines "TYPES|kind|words" of each.
of_table() {
	awk 'BEGIN { title = "All types that have rules"
		name["take"] = "taken"; name["become"] = "changed"; name["drop"] = "accepted"
		name["note"] = "without effect"; name["refuse"] = "refused"; name["reads"] = "read-only" }
	/^#/ || /^$/ { next }
	/^[ \t]/ { kind = $1; sub(/^[ \t]+[a-z]+[ \t]*/, ""); sub(/: .*/, "")
		if (kind == "reads") print title "|read-only|"
		else if (kind in name) for (n = split($0, w, " "); n; n--) print title "|" name[kind] "|" w[n]
		next }
	{ split($0, f, /:/); title = f[1] }' "$table" | sort
}
of_manual() {
	awk '/^\.Ss / { title = substr($0, 5) }
	/^\.Sh / { title = "" }
	title == "" { next }
	/^\.It / { kind = substr($0, 5); if (kind == "read-only") print title "|read-only|" }
	/^\.Li / { for (n = split(substr($0, 5), w, " "); n; n--) print title "|" kind "|" w[n] }' "$manual" | sort
}
is "fstypes(5) has the options that the table has" "$(diff <(of_table) <(of_manual))" ''
words() { of_table | awk -F'|' -v t="$1" -v k="$2" '$1 == t && $2 == k { print $3 }'; }

# ---- images
as_user sh -c 'mkdir "$0/m" "$0/n" "$0/tree" && echo words >"$0/tree/file"' "$work"
as_user mke2fs -q -F -t ext4 -L letters -U 01234567-89ab-cdef-0123-456789abcdef -d "$work/tree" "$work/ext4" 4M >/dev/null
as_user genisoimage -quiet -R -V DISC -o "$work/iso9660" "$work/tree" 2>/dev/null
as_user mksquashfs "$work/tree" "$work/squashfs" -quiet -no-progress >/dev/null
as_user mkfs.vfat -C "$work/vfat" 4096 >/dev/null
as_user sh -c 'truncate -s 4M "$0" && mkntfs -qQF "$0"' "$work/ntfs" >/dev/null 2>&1
as_user sh -c 'truncate -s 4M "$0" && mkfs.exfat "$0"' "$work/exfat" >/dev/null 2>&1
as_user tar -cf "$work/archive" -C "$work/tree" file
view_start a
in_view a "cd $work" >/dev/null

# An option that takes any value gets one.
valued() { sed 's/=$/=1/; s/\*$/any/' | paste -sd,; }
types='ext4 squashfs iso9660 vfat exfat ntfs'
for type in $types; do
	title=$(sed -n "s/^\\([a-z0-9 -]*\\b$type\\b[a-z0-9 -]*\\):.*/\\1/p" "$table" | head -n 1)
	options=$({ words "$title" accepted; words 'All types that have rules' accepted; } | valued)
	ok "$type: the options that are accepted" in_view a "mount -t $type -o '$options' $type m && umount m"
	options=$(words "$title" 'without effect' | valued)
	[ -z "$options" ] || is "$type: those without effect are told" \
		"$(in_view a "mount -t $type -o '$options' $type m && umount m" | grep -c 'has no effect here')" \
		"$(words "$title" 'without effect' | wc -l)"
	refused=0 all=0
	for option in $({ words "$title" refused; words 'All types that have rules' refused; } | sed 's/=$/=1/'); do
		all=$((all + 1))
		said=$(in_view a "mount -t $type -o $option $type m") || [[ $said != *"the option $option cannot be had here: "* ]] ||
			refused=$((refused + 1))
	done
	is "$type: $all that are refused, each with its reason" $refused $all
	like "$type: and one that nobody knows" "$(in_view a "mount -t $type -o nonsense $type m")" \
		"^mount: $type: the option nonsense is not known"
done
ok "noload becomes norecovery" in_view a 'mount -o ro,noload ext4 m && cat m/file && umount m'
ok "exfat is written" in_view a 'mount -t exfat exfat m && echo words >m/file && umount m && mount exfat m && grep words m/file && umount m'
is "its mount has the image's name" "$(in_view a 'mount exfat m && findmnt -n -o SOURCE m; umount m')" "$work/exfat"

# ---- parts of a disk
as_user sh -c 'truncate -s 16M "$0/mbr" && printf "2048,8192,83\n10240,8192,c\n,,5\n,4096,83\n" | sfdisk -q "$0/mbr" &&
	truncate -s 16M "$0/gpt" && printf "label:gpt\n2048,8192\n10240,8192\n" | sfdisk -q "$0/gpt"' "$work" >/dev/null
for disk in mbr gpt; do
	as_user dd if="$work/ext4" of="$work/$disk" bs=512 seek=2048 conv=notrunc status=none
	as_user dd if="$work/vfat" of="$work/$disk" bs=512 seek=10240 conv=notrunc status=none
	for how in '' '-t ext4' '-t vfat'; do
		like "$disk: mount $how says that it is a disk, and what is on it" "$(in_view a "mount $how $disk m")" \
			"$disk is a whole disk with a ${disk^^} table.*1 \(ext4, 4096 KiB\), 2 \(vfat, 4096 KiB\).*partition=N"
	done
	ok "$disk: partition 1 is written" in_view a "mount -o partition=1 $disk m && echo one >m/one && umount m"
	ok "$disk: partition 2 as well" in_view a "mount -o loop,partition=2 $disk m && echo two >m/two && umount m"
	is "$disk: both have what was written" "$(in_view a "mount -o ro,partition=1 $disk m && mount -o ro,partition=2 $disk n &&
		cat m/one n/two | paste -sd' '; umount m n")" 'one two'
	like "$disk: there is no partition 7" "$(in_view a "mount -o partition=7 $disk m")" 'has no partition 7: there are 1 \(ext4'
	as_user dd if="$work/$disk" of="$work/cut" bs=512 skip=2048 count=8192 status=none
	ok "$disk: and a good file system" fsck.ext4 -fn "$work/cut"
	cmp -s <(head -c 1048576 "$work/$disk" | tail -c +1025 | head -c 16384) <(head -c 16384 /dev/zero) || [ $disk = gpt ]
	ok "$disk: nothing between is touched" [ $? -eq 0 ]
done
for offset in 1M 1048576 1024K 2048s 0x100000; do
	ok "offset=$offset" in_view a "mount -t ext4 -o offset=$offset mbr m && cat m/one && umount m"
done
ok "offset= without a type" in_view a 'mount -o loop,offset=5M mbr m && cat m/two && umount m'
for type in $types; do
	as_user sh -c 'head -c 123904 /dev/zero >"$0/moved"; cat "$0/$1" >>"$0/moved"; printf %5000d 0 >>"$0/moved"' "$work" $type
	ok "$type in the middle of a file" in_view a \
		"mount -t $type -o offset=121K,sizelimit=$(stat -c %s "$work/$type") moved m && ls m && umount m"
done

# ---- files that cannot be written
for type in ext4 vfat exfat ntfs; do
	as_user chmod 444 "$work/$type"
	like "$type: mounted read-only, with a word" "$(in_view a "mount $type m && touch m/x; umount m")" \
		"^mount: $type is write-protected: it is mounted read-only"
	as_user chmod 644 "$work/$type"
done

# ---- tables of mounts
as_user sh -c 'mkdir "$0/home/.viewos" && printf "%s\n" "$0/ext4 $0/m ext4 loop,noatime,user,noauto 0 0" "LABEL=DISC $0/n auto ro 0 0" \
	"$0/iso9660 $0/tree iso9660 noauto 0 0" "/nowhere/at/all $0/tree ext4 nofail 0 0" "none none swap sw 0 0" >"$0/tab"' "$work"
ok "mount -T TABLE TARGET" in_view a 'mount -T tab m && cat m/file && umount m'
ok "mount -T TABLE SOURCE" in_view a "mount -T tab $work/ext4 && cat m/file && umount m"
ok "mount -a mounts what is not there yet, by label" in_view a 'mount -a -T tab && cat n/file && ! mountpoint -q m'
like "and a second time nothing" "$(in_view a 'mount -a -v -T tab')" '/n *: already mounted'
ok "mount -a of other types" in_view a 'umount n && mount -a -T tab -t noauto && ! mountpoint -q n'
in_view a 'cp tab ~/.viewos/fstab' >/dev/null
ok "the user's own table" in_view a 'mount m && cat m/file && umount m'
for source in LABEL=letters UUID=01234567-89AB-CDEF-0123-456789abcdef '-L letters' '--source ext4 --target'; do
	ok "$source" in_view a "mount $source m && cat m/file && umount m"
done
like "a label that nothing has" "$(in_view a 'mount LABEL=none m')" 'LABEL=none: no image that is named'
like "a target that is in no table" "$(in_view a 'mount /srv')" '/srv is in no table'
in_view a 'rm ~/.viewos/fstab' >/dev/null

# ---- remounting
ok "remount,ro" in_view a 'mount ext4 m && touch m/one && mount -o remount,ro m && ! touch m/two && mount -o remount,rw m && touch m/two'
like "not while a file is written" "$(in_view a 'exec 7>m/open; mount -o remount,ro m')" 'm: files are open there for writing'
in_view a 'exec 7>&-; umount m' >/dev/null
like "nor back, when it began read-only" "$(in_view a 'mount -r ext4 m && mount -o remount,rw m; umount m')" 'its server cannot write'
like "nor other options" "$(in_view a 'mount ext4 m && mount -o remount,minixdf m; umount m')" 'minixdf cannot be changed while it is mounted'

# ---- archives, by what they hold; by a second server, and where the first is not installed
as_user sh -c 'cd "$0" && tar -czf x.tgz -C tree file && tar -cJf x.txz -C tree file && (cd tree && ls file | cpio -o -H newc --quiet >../x.cpio) &&
	python3 -m zipfile -c x.zip tree/file' "$work"
for archive in archive x.tgz x.txz x.cpio x.zip; do
	is "$archive is known by its content" "$(in_view a "mount -r $archive m && cat m/file; umount m")" words
	is "$archive by avfs" "$(in_view a "mount -t avfs $archive m && cat m/file; umount m")" words
done
is "a zip archive is written by fuse-zip" "$(in_view a 'mount -t fuse-zip x.zip m && echo more >m/more && umount m && mount -r x.zip m && cat m/more; umount m')" more
as_user sh -c 'printf "%s\n" "packed: nothing: /nonexistent/packfs %i %t" "packed: archivemount: archivemount -o %o %s %t" >"$0/home/.viewos/fstypes"' "$work"
is "the next line of a type is for who has not got the program of the first" "$(in_view a 'mount -r -t packed archive m && cat m/file; umount m')" words

# ---- what is no image, has no server, or belongs to the machine
for type in xfs btrfs f2fs udf hfsplus swap LVM2_member; do
	like "$type: a sentence" "$(in_view a "mount -t $type ext4 m")" "there is no server for $type: .{20}"
done
ok "it is the same for what is found" in_view a 'truncate -s 1M swapped && mkswap -q swapped && ! mount swapped m 2>said && grep "no server for swap" said'
like "the wrong type" "$(in_view a 'mount -t ext4 squashfs m')" '^mount: squashfs is no ext4 image: it holds squashfs$'
like "no image at all, and no advice" "$(in_view a 'mount -t ext4 tab m')" '^mount: tab is no ext4 image'
like "none that is there" "$(in_view a 'mount nothing m')" '^mount: nothing cannot be opened: No such file'
for type in proc sysfs; do
	ok "$type" in_view a "mount -t $type none m && ls m >/dev/null && mountpoint -q m && umount m"
done
is "proc shows the processes" "$(in_view a 'mount -t proc proc m && cat m/$$/comm; umount m')" bash

# ---- servers that die, that warn
as_user sh -c 'printf "#!/bin/sh\necho last words\nkill -SEGV \$\$\n" >"$0/dies" && chmod +x "$0/dies" &&
	echo "dying: none: $0/dies %i %t" >"$0/home/.viewos/fstypes"' "$work"
like "a server that dies says how" "$(in_view a 'mount -t dying ext4 m')" 'dies of ext4 on .*m was ended by SIGSEGV \(Segmentation fault\): last words'
as_user debugfs -w -R 'set_super_value state 0' "$work/ext4" 2>/dev/null
like "a server that warns is heard" "$(in_view a 'mount ext4 m && umount m')" '^mount: .*[Uu]nchecked'
in_view a 'cd /' >/dev/null
outside_unchanged "by options"
view_end a
nothing_left
done_testing
