#!/bin/bash
# timeout: 300
# viewfs: the server is killed, the disk is full, names go while they are read; nothing is lost.
as_user=1
. "$(dirname "$0")/lib/viewfs.sh"

make_target() {
	rm -rf target source
	mkdir -p target source
	for i in {1..40}; do
		mkdir -p target/d$i/e
		head -c 5000 /dev/zero | tr '\0' x >target/d$i/f
		echo $i >target/d$i/e/g
	done
	echo original >target/kept
}

# What each name shows in the end is what it was before or after the step that was cut off.
# It stands in the mount, so that nothing of it reaches TARGET when the mount is gone.
storm() {
	local i=0
	cd target || return
	while :; do
		i=$((i % 40 + 1))
		mv d$i moved && mv moved d$i
		echo new >>d$i/f
		mv d$i/e e && mv e d$i/e
		chmod 700 d$i
		rm -f d$i/e/g && echo $i >d$i/e/g
	done 2>/dev/null
}

sound() {
	local dir i f
	[ "$(cat target/kept)" = original ] || return
	for dir in target/d* target/moved; do
		[ -d "$dir" ] || continue
		f=$dir/f
		[ "$(head -c 5000 "$f" | tr -d x | wc -c)" -eq 0 ] || { echo "$f is damaged"; return 1; }
		[ "$(stat -c %s "$f")" -ge 5000 ] || { echo "$f is short"; return 1; }
		tail -c +5001 "$f" | grep -qvx new && { echo "$f has something else"; return 1; }
	done
	i=$(find target -name f | wc -l)
	[ "$i" -eq 40 ] || { echo "$i files f"; find target -maxdepth 1; return 1; }
	i=$(find target -name e -type d | wc -l)
	[ "$i" -eq 40 ] || { echo "$i directories e"; return 1; }
}

make_target
hash=$(tree_hash target)
for round in 1 2 3 4 5; do
	mount_view mode=cow,vstat source target
	storm &
	storm=$!
	until_true 10 [ -e source/d$((round * 2))/f ]
	pid=$(server_of target)
	kill -9 "$pid"
	until_true 10 gone "$pid"
	kill "$storm"
	wait "$storm" 2>/dev/null
	ok "a dead server's mount says so" until_true 10 eval 'ls target 2>&1 | grep -q "not connected"'
	umount -l target
	mount_view mode=cow,vstat source target
	ok "killed, mounted again, all is there" sound
	umount_view target
done
is "TARGET is untouched" "$(tree_hash target)" "$hash"
echo fresh >target/fresh
# The first file that is copied clears what was left.
is "nothing half made is left" "$(mount_view mode=cow source target; echo more >>target/fresh; umount_view target
	ls source/.-/$'\x7f\x7f' source/.-/$'\x7f\x7f\x7f' 2>/dev/null | tr '\n' ' ')" \
	"source/.-/"$'\x7f\x7f'": "

# ---- the layer's disk is full
make_target
rm -rf small
mkdir small
mount -t tmpfs -o size=300k tmpfs small
mkdir small/source
head -c 200000 /dev/urandom >target/big
sum=$(sha1sum <target/big)
mount_view mode=cow small/source target
ok "a small file is changed" eval 'echo new >>target/d1/f'
head -c 150000 /dev/zero >small/ballast
ok "a big one is refused: no space" eval '! echo x 2>/dev/null >>target/big'
ok "truncation as well" eval '! truncate -s 199000 target/big 2>/dev/null'
is "it is what it was" "$(sha1sum <target/big)" "$sum"
is "so is the small one" "$(tail -c 4 target/d1/f)" new
head -c 200000 /dev/zero >>small/ballast 2>/dev/null
ok "renaming, making and removing are refused or done, never half" eval '
	for i in {2..40}; do mv target/d$i target/m$i; rm target/d$i/e/g; mkdir target/n$i; done 2>/dev/null
	[ "$(find target -name f | wc -l)" = 40 ]'
rm small/ballast
ok "with room again, it is changed" eval 'echo x >>target/big'
is "the rest of it is there" "$(head -c 200000 target/big | sha1sum)" "$sum"
is "every file is there" "$(find target -name f | wc -l)" 40
umount_view target
mount_view mode=cow small/source target
is "also after a mount anew" "$(find target -name f | wc -l)" 40
umount_view target
umount small

# ---- names go while they are read, and many at a time
make_target
mount_view mode=cow source target
mkdir target/many
(cd target/many && seq 1 3000 | xargs touch)
is "three thousand names" "$(ls target/many | wc -l)" 3000
ok "rm -r" rm -r target/many
for i in 1 2 3 4; do
	(for j in {1..40}; do cp -r target/d$j target/c$i-$j && rm -r target/c$i-$j || echo "$i $j"; done) >out$i 2>&1 &
done
wait $(jobs -p)
is "four at once" "$(cat out?)" ""
exec 7>>target/gone 8<target/d1
rm -r target/gone target/d1
ok "an open file outlives its name" eval 'echo x >&7 && [ "$(stat -L -c %h-%s /dev/fd/7)" = 0-2 ]'
is "and so does a directory" "$(ls -A /dev/fd/8/)" ""
exec 7>&- 8<&-
ok "no descriptor is left open" eval '[ "$(ls /proc/'"$(server_of target)"'/fd | wc -l)" -lt 400 ]'
ok "locks: flock" eval 'exec 9>target/lock; flock -n 9 && ! flock -n target/lock true; exec 9>&-'
umount_view target

# ---- few descriptors
make_target
mkdir -p target/deep
(cd target/deep && for i in {1..300}; do mkdir $i; echo $i >$i/f; done)
(ulimit -n 64; mount_view mode=cow source target)
is "hundreds of directories on 64 descriptors" "$(cat target/deep/*/f | wc -l)" 300
ok "and changed" eval 'for i in {1..300}; do echo x >>target/deep/$i/f; mv target/deep/$i target/deep/m$i; done'
is "all" "$(cat target/deep/*/f | wc -l)" 600
umount_view target
done_testing
