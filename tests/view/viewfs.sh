#!/bin/bash
# timeout: 120
# viewfs: each mode by hand, what the layer holds afterwards, exceptions, old layers, errors.
as_user=1
. "$(dirname "$0")/lib/viewfs.sh"

make_target() {
	rm -rf target source
	mkdir -p target/dir/sub target/spool/mail target/lib target/empty source
	echo one >target/one
	echo two >target/two
	echo in >target/dir/in
	echo deep >target/dir/sub/deep
	echo mail >target/spool/mail/me
	echo lib >target/lib/lib
	ln -s one target/link
	truncate -s 1M target/sparse
	printf x | dd of=target/sparse bs=1 seek=900000 conv=notrunc status=none
	touch -d '2001-02-03 04:05:06.7' target/one target/dir/in target/dir
	setfattr -n user.color -v red target/one
}
names() { (cd "$1" && find . -mindepth 1 | sort | tr '\n' ' '); }
refused() { # ERROR COMMAND...: it fails, and says so
	local error=$1 out
	shift
	out=$("$@" 2>&1) && { echo "it worked"; return 1; }
	grep -q "$error" <<<"$out" || { echo "$out"; return 1; }
}

# ---- move: hide, replace, with exceptions (scenario 7)
make_target
mkdir -p source/new
echo replaced >source/one
ok "move mounts" mount_view mode=move,except=spool,except=dir/sub source target
is "only SOURCE and the exceptions show" "$(names target)" \
	"./dir ./dir/sub ./dir/sub/deep ./new ./one ./spool ./spool/mail ./spool/mail/me "
is "SOURCE's file" "$(cat target/one)" replaced
ok "writes" eval 'echo more >>target/one; echo m >target/spool/mail/you; mv target/one target/new/one'
ok "a directory that is only the way to an exception refuses names" refused Read-only touch target/dir/x
ok "nothing leaves an exception by renaming" refused '' \
	python3 -c 'import os; os.rename("target/spool/mail/you", "target/you")'
ok "unmounts" umount_view target
is "writes went to SOURCE" "$(cat source/new/one)" "replaced
more"
is "and to TARGET in the exception" "$(cat target/spool/mail/you)" m

# ---- merge
make_target
mkdir -p source/dir source/only
echo source >source/one
echo new >source/dir/new
ok "merge mounts" mount_view mode=merge source target
is "names of both, each once" "$(ls target target/dir | sort | tr '\n' ' ')" \
	" dir empty in lib link new one only sparse spool sub target/dir: target: two "
is "SOURCE wins" "$(cat target/one)" source
for command in 'echo x >>target/one' 'rm target/one' 'mv target/one target/x' 'mv target/two target/one' \
	'chmod 600 target/one' 'touch target/only/x' 'rm -r target/only' 'truncate -s 0 target/dir/new'; do
	ok "read-only file system: $command" refused Read-only bash -c "$command"
done
ok "other names are written" eval 'echo x >>target/two; echo n >target/dir/n; mv target/lib target/lib2;
	rm target/dir/in; mkdir target/dir/made; ln target/two target/three; chmod 600 target/two'
ok "unmounts" umount_view target
is "in TARGET" "$(names target)" "./dir ./dir/made ./dir/n ./dir/sub ./dir/sub/deep ./empty ./lib2 ./lib2/lib \
./link ./one ./sparse ./spool ./spool/mail ./spool/mail/me ./three ./two "
is "SOURCE is as it was" "$(names source)" "./dir ./dir/new ./one ./only "

# ---- copy on write (scenario 8)
make_target
hash=$(tree_hash target)
ok "cow mounts" mount_view mode=cow source target
number=$(stat -c %i target/one)
mkdir -p full
cat >changes <<'END'
echo more >>one
rm two
mv dir/in dir/moved
mv dir renamed
chmod 640 lib/lib
ln -s nowhere new-link
rm -r spool
mkdir spool
printf y | dd of=sparse bs=1 seek=10 conv=notrunc status=none
mkdir fresh
echo f >fresh/f
ln one fresh/one
END
cp -a target/. full/
exec 8<target/one
ok "changes" eval '(cd target && bash -e ../changes)'
(cd full && bash -e ../changes)
is "who had the file open reads the new data" "$(cat <&8)" "one
more"
exec 8<&-
is "a directory removed and remade is empty" "$(ls -A target/spool)" ""
is "the copied file has kept its inode number" "$(stat -c %i target/one)" "$number"
is "and its attribute" "$(getfattr --only-values -n user.color target/one)" red
ok "writing takes set-ID bits away" eval 'echo x >target/setid; chmod 6755 target/setid; stat target/setid
	echo y >>target/setid; [ "$(stat -c %a target/setid)" = 755 ]; rm target/setid'
ok "the bookkeeping cannot be seen" refused 'No such file' ls target/.-
ok "nor made" refused 'not permitted' mkdir target/.-
ok "the view is what the changes make of a copy" "$same" -c target full
ok "unmounts" umount_view target
is "TARGET's hash is unchanged" "$(tree_hash target)" "$hash"
is "the layer holds only the changes" "$(cd source && find . -mindepth 1 ! -path './.-*' | sort | tr '\n' ' ')" \
	"./fresh ./fresh/f ./fresh/one ./lib ./lib/lib ./new-link ./one ./renamed ./renamed/moved ./sparse ./spool "
ok "a copy keeps its holes" [ "$(stat -c %b source/sparse)" -lt 1000 ]
ok "mounted again" mount_view mode=cow source target
ok "the changes are back" "$same" -c target full
ok "ro refuses" umount_view target
ok "mounted read-only" mount_view mode=cow,ro source target
ok "nothing can be written" refused Read-only touch target/x
ok "and it reads the same" "$same" -c target full
umount_view target

# ---- minimal copy on write over the machine's own tree, as an ordinary user
rm -rf source
mkdir source root
outside=$(sha1sum </etc/passwd)
ok "mincow mounts over a copy of /" mount_view "mode=mincow,tree=/" source root
ok "a file of root's is changed" eval 'echo guest:x:3000:3000::/:/bin/sh >>root/etc/passwd'
like "seen inside" "$(tail -n 1 root/etc/passwd)" ^guest
is "and not outside" "$(sha1sum </etc/passwd)" "$outside"
ok "a file is removed" rm root/etc/hostname
ok "a file is made where that is not permitted" eval 'echo v >root/usr/bin/viewfs-test'
ok "a directory is renamed" mv root/usr/lib/os-release root/usr/lib/os-release.old
is "the layer holds three files" "$(cd source && find . -type f ! -path './.-*' | sort | tr '\n' ' ')" \
	"./etc/passwd ./usr/bin/viewfs-test ./usr/lib/os-release.old "
mkdir -p inside
ok "what is permitted is done in TARGET" eval "echo t >root$PWD/inside/t"
is "really" "$(cat inside/t 2>&1)" t
is "a program runs from it" "$(root/usr/bin/env printf '%s' ran)" ran
is "submounts show through" "$(head -c 6 root/proc/version)" Linux\ 
ok "the mount seen from inside is the directory it covers" eval 'timeout 20 touch "root$PWD/root/y" && [ -e root/../root ]'
mkdir elsewhere
ok "one layer, one server" refused 'another viewfs has' "$viewfs" -o cow source elsewhere
umount_view root
ok "where that was done" [ -e root/y ]

# ---- TARGET is changed from outside
make_target
mkdir -p beside
mount --bind target beside
mount_view mode=cow source target
cat target/one target/two >/dev/null
echo changed >beside/two
mkdir beside/dir/late
ok "changed data shows" until_true 5 grep -q changed target/two
ok "a new name shows" until_true 5 [ -d target/dir/late ]
pid=$(server_of target)
kill -TERM "$pid"
ok "a server that is told to end takes its mount along" until_true 10 eval '! mountpoint -q target'
umount beside

# ---- virtual attributes
make_target
rm -rf full
ok "vstat mounts" mount_view mode=cow,vstat source target
ok "permissions" chmod 4711 target/one
is "show" "$(stat -c %a target/one)" 4711
# In a user namespace the kernel lets nobody call mknod(2) for a device.
ok "a device is made" eval 'touch target/null && chmod 644 target/null &&
	setfattr -n system.viewfs.stat -v "type=c
rdev=42,44" target/null'
is "it shows as one" "$(stat -c '%F %t %T' target/null)" "character special file 2a 2c"
is "also to find, which asks directories only" "$(find target -type c)" target/null
ok "an owner nobody here has is set by the attribute" \
	setfattr -n system.viewfs.stat -v $'uid=2000\ngid=4000' target/two
like "and read by it" "$(getfattr --only-values -n system.viewfs.stat target/two | tr '\n' ' ')" \
	'uid=2000 gid=4000'
ok "the file can be written whatever its permissions" eval 'chmod 000 target/two && echo t >>target/two'
ok "renaming takes the attributes along" eval 'mv target/null target/dir/null; mv target/dir target/dir2'
ok "unmounts" umount_view target
is "nothing was copied for attributes alone" "$(find source -name one)" ""
like "they are noted as text" "$(cat source/.-/one$'\x7f')" '^mode=04711$'
ok "mounted again" mount_view mode=cow source target
is "they show again" "$(stat -c '%a %F' target/one target/dir2/null | tr '\n' ' ')" \
	"4711 regular file 644 character special file "
umount_view target

ok "in place: SOURCE is TARGET" mount_view vstat target target
ok "attributes" eval 'chmod 4755 target/one && touch target/b && chmod 644 target/b &&
	setfattr -n system.viewfs.stat -v "type=b
rdev=7,9" target/b'
is "show" "$(stat -c '%a %F' target/one target/b | tr '\n' ' ')" "4755 regular file 644 block special file "
umount_view target
is "a plain file stands for the device" "$(stat -c %F target/b)" "regular empty file"

make_target
ok "nochcopy" mount_view mode=cow,nochcopy source target
ok "attributes" eval 'chmod 600 target/one && touch -h -d 2011-01-01 target/one'
is "are noted" "$(stat -c '%a %y' target/one | cut -c1-14)" "600 2011-01-01"
ok "no copy" [ ! -e source/one ]
echo x >>target/one
is "a copy has them" "$(stat -c %a source/one)" 600
umount_view target

# ---- a file whose only name that was looked at is removed while it is open; the kernel, or its user,
# changes it then: its other name has what the file had, and the change
make_target
rm -rf source/* source/.-
ln target/one target/twin
ok "cow with vstat mounts" mount_view mode=cow,vstat source target
ok "an open file without a name changes mode" python3 -c '
import os
fd = os.open("target/one", os.O_RDONLY)
os.unlink("target/one")
os.fchmod(fd, 0o451)'
is "its other name: mode" "$(stat -c %a target/twin)" 451
is "and extended attribute" "$(getfattr --only-values -n user.color target/twin)" red
ok "unmounts" umount_view target
ok "mounts again" mount_view mode=cow,vstat source target
is "the same after a mount anew" \
	"$(stat -c %a target/twin) $(getfattr --only-values -n user.color target/twin)" "451 red"
umount_view target

# ---- layers of both old generations
make_target
mkdir -p source/.-/dir
: >source/.-/two
: >source/.-/dir/in
printf 'mode=0751\nuid=%d\ntype=c\nrdev=4,5\n' 0 >source/.-/one$'\x7f'
printf '000081ed00000000        ' >source/.-/sparse$'\xff'
ln -s '000061b600000000000000000000070f' source/.-/lib/lib$'\xff' 2>/dev/null || {
	mkdir source/.-/lib
	ln -s '000061b600000000000000000000070f' source/.-/lib/lib$'\xff'
}
ok "an old layer" mount_view mode=cow source target
is "deleted names" "$(ls target target/dir | tr '\n' ' ')" \
	"target: dir empty lib link one sparse spool  target/dir: sub "
is "attributes as text" "$(stat -c '%F %a %t,%T' target/one)" "character special file 751 4,5"
is "as hexadecimal digits" "$(stat -c '%F %a' target/sparse)" "regular file 755"
is "in a symbolic link" "$(stat -c '%F %a %t,%T' target/lib/lib)" "block special file 666 7,f"
umount_view target

# ---- the kernel opens without asking (cow): what it keeps, and what it must not
make_target
rm -rf source low && mkdir source && mv target low && mkdir target
ok "cow of a tree elsewhere" mount_view "mode=cow,tree=$PWD/low" source target
server=$(server_of target)
requests() { awk '/^syscr/ { print $2 }' "/proc/$server/io"; } # each request is one read(2)
cat target/one >/dev/null
ls target/dir >/dev/null
before=$(requests)
cat target/one{,,,,,,,,,,,,,,,,,,,} >/dev/null
ok "twenty more openings are no twenty requests" eval "after=\$(requests); echo \$before \$after; [ \$((after - before)) -lt 15 ]"
exec 7<target/one 8>>target/one
echo more >&8
is "who has a file open to read sees what another writes" "$(cat <&7 | tail -n 1)" more
is "TARGET's file is as it was" "$(cat low/one)" one
exec 7<target/two 8<>target/two
rm target/two
echo gone >&8
is "a file without a name is written and read" "$(cat <&7)" gone
exec 7<&- 8>&-
is "TARGET's, too" "$(cat low/two)" two
(umask 0333 && echo locked >target/locked)
is "a file is made that nobody may write afterwards" "$(stat -c %a target/locked) $(cat target/locked)" "444 locked"
echo changed >low/dir/in
ok "what others change in TARGET is seen" until_true 10 grep -q changed target/dir/in
echo new >target/dir/sub/new # now both layers have that directory
ls target/dir target/dir/sub >/dev/null
touch low/dir/late low/dir/sub/late
ok "so is what they add to a directory" until_true 10 eval 'ls target/dir | grep -q late'
ok "also to one that both have" until_true 10 eval 'ls target/dir/sub | grep -q late'
rm low/dir/sub/late
ok "and remove there" until_true 10 eval '! ls target/dir/sub | grep -q late'
mkdir target/many && (cd target/many && touch $(seq 500))
exec 7<target/many
python3 - target/many <<'END' && status=0 || status=1
import os, sys
# Two go through one directory while half of it goes: none misses or sees twice what stays.
one, two, seen, again = os.scandir(sys.argv[1]), os.scandir(sys.argv[1]), [], []
for i in range(100):
    seen.append(next(one).name)
    again.append(next(two).name)
for i in range(0, 500, 2):
    os.unlink(sys.argv[1] + '/' + str(i + 1))
seen += [e.name for e in one]
again += [e.name for e in two]
stay = {str(i) for i in range(2, 501, 2)}
sys.exit(not (len(set(seen)) == len(seen) and len(set(again)) == len(again) and stay <= set(seen) and stay <= set(again)))
END
is "two list a directory while names go" $status 0
exec 7<&-
ok "rm -r" rm -r target/many
mkdir target/shut && chmod 0 target/shut
ok "an unreadable directory that is empty is removed" rmdir target/shut
ok "and it is unmounted" umount_view target
rm -rf low

# ---- errors, each one sentence
make_target
ok "no SOURCE" refused 'cannot open SOURCE "nowhere": No such file' "$viewfs" nowhere target
ok "a file" refused 'is no directory; for a single file' "$viewfs" source target/one
ok "an unknown mode" refused 'the modes are' "$viewfs" -o mode=x source target
ok "two modes" refused 'only one of the modes' "$viewfs" -o cow,merge source target
ok "an exception elsewhere" refused 'is not below' "$viewfs" -o except=/usr source target
ok "a bad number" refused 'timeout needs a number' "$viewfs" -o timeout=x source target
ok "--help" "$viewfs" --help
ok "--version" "$viewfs" --version
is "nothing was mounted by them" "$(grep -c viewfs /proc/mounts)" 0
done_testing
