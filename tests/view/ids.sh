#!/bin/bash
# timeout: 180
# Ranges of subordinate ids in a view: chown and what needs it work as with podman; without ranges, or
# without the programs that map them, there is one id, and it is said which package is missing.
if [ -z "${VIEW_IDS:-}" ]; then
	# In a mount namespace of its own, where the files of ranges are ours.
	VIEW_IDS=1 exec unshare -m "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

ranges() { # LINE of both files
	echo "$1" >"$work/ranges"
	for file in /etc/subuid /etc/subgid; do
		umount "$file" 2>/dev/null
		mount --bind "$work/ranges" "$file"
	done
}
map() { tr -s ' \n' ' ' | sed 's/^ //'; }
owner_outside() { stat -c '%u %g' "$work/$1"; }

ranges "1000:100000:65536"
if [ "$engine" = umview ]; then
	is "the user is himself, the others are his range" "$(view -N cat /proc/self/uid_map | map)" \
		"0 100000 1000 1000 1000 1 1001 101000 64536 "
	is "groups as well" "$(view -N cat /proc/self/gid_map | map)" "0 100000 1000 1000 1000 1 1001 101000 64536 "
	is "a view in a view has the same" "$(view -N umview -q -N cat /proc/self/uid_map | map)" \
		"0 0 1000 1001 1001 64536 1000 1000 1 "
fi
cd "$work" || exit 1
is "sudo: what is the user's is root's" "$(view -N sh -c 'touch mine; viewctl sudo stat -c "%u %g" mine')" "0 0"
is "and his outside" "$(owner_outside mine)" "1000 1000"
is "chown" "$(view -N viewctl sudo sh -c 'touch made; chown 2000:4000 made; stat -c "%u %g" made')" "2000 4000"
is "outside the owner is one of the range" "$(owner_outside made)" "101999 103999"
ok "tar keeps owners" view -N -s sh -c 'mkdir in out && touch in/a in/b && chown 7:8 in/a && tar -cf t.tar in &&
	tar -C out -xf t.tar && [ "$(stat -c "%u %g" out/in/a out/in/b | tr "\n" " ")" = "7 8 0 0 " ]'
is "who is root may be another" "$(view -N -s setpriv --reuid 33 --regid 34 --clear-groups sh -c 'id -u; id -g' | map)" "33 34 "
is "a number beyond the range" "$(view -N viewctl sudo -u '#70000' id -u)" 70000
refused=$(view -N viewctl sudo chown 70001 mine 2>&1)
like "an owner there is no id for" "$refused" 'Invalid argument'
ok "capabilities are none but in a namespace that was asked for" view -N sh -c 'grep -q "CapEff:.0*$" /proc/self/status'
ok "sudo gives no rights over others' files" eval '! view -N viewctl sudo sh -c "echo x >>/etc/hostname" 2>/dev/null'

# ---- a program that mounts by itself: its root directory is written to at once
if [ "$engine" = umview ]; then
	as_user mke2fs -q -t ext4 -E root_owner=1000:1000 image 8M >/dev/null
	mkdir m && chown 1000:1000 m
	ok "a file made right after the program mounted" view -N sh -c '
		for i in 1 2 3 4 5 6; do cp image image$i && fuse2fs image$i m -o fakeroot,rw 2>/dev/null && touch m/file && umount m || exit 1; done'
	umount "$work/m" 2>/dev/null
fi

# ---- one id
if [ "$engine" = umview ]; then
	ranges "1001:100000:65536"
	is "no range: one id" "$(view -N cat /proc/self/uid_map | map)" "1000 1000 1 "
	is "root to itself" "$(view -N -s cat /proc/self/uid_map | map)" "0 1000 1 "
	ranges "1000:100000:65536"
	mount --bind /dev/null "$(command -v newuidmap)"
	said=$(as_user umview -N cat /proc/self/uid_map 2>&1)
	like "the programs are missing: which package" "$said" 'newuidmap and newgidmap, of the package uidmap'
	like "and one id" "$(map <<<"$said")" ' 1000 1000 1 $'
	umount "$(command -v newuidmap)"
fi
umount /etc/subuid /etc/subgid
nothing_left
done_testing
