#!/bin/bash
# The first act of the demonstration: a disk image in a view, by an ordinary user.
#
# usage: tests/demo/view.sh umview|kmview      as root, who becomes the user 1000
set -u
cd "$(dirname "$0")/../.." || exit 2
top=$PWD engine=$1 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

tell() { printf '    %s\n' "$*"; }
run() { # show a command, run it as the user, show what it prints
	printf '\n  $ %s\n' "$*"
	(cd "$work" && setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME="$work" USER=user LANG=C.UTF-8 \
		PATH="$top/build/bin:/usr/bin:/bin:/usr/sbin:/sbin" bash -c "$*") 2>&1 | sed 's/^/  | /'
	[ "${PIPESTATUS[0]}" -eq 0 ] || { failed=1; tell "(this failed)"; }
}

mkdir "$work/files" "$work/m"
cp -r /etc/network "$work/files/" 2>/dev/null
cp /bin/uname "$work/files/"
chown -R 1000:1000 "$work"
cat >"$work/story" <<'END'
set -e
echo "# mounted with mount(8), as anybody may here:"
mount -t ext4 disk.img m
findmnt -o TARGET,FSTYPE,OPTIONS m
ls m
echo "# edited, at once:"
echo "written in the view" >m/note
cat m/note
echo "# strace, then gdb, on a program that is in the image:"
strace -e trace=uname,write m/uname -s
gdb -q -batch -ex 'break uname' -ex run -ex 'info symbol $pc' -ex continue --args m/uname -s 2>&1 | grep -v warning
echo "# unmounted: the directory is the host's again, and empty:"
umount m
ls -A m
END
tell "An ext4 image, made of real files by $(id -un 1000 2>/dev/null || echo the user), who may not mount it:"
run "mke2fs -q -t ext4 -d files -E root_owner=1000:1000 disk.img 16M; ls -l disk.img; mount -t ext4 disk.img m 2>&1 | head -n1"
tell "A view ($engine), and in it:"
run "$engine -q bash story"
tell "Another view of it, while a second shell, outside, looks at the same directory:"
run "mkfifo go back; (read <go; echo \"outside: \$(ls -A m | wc -l) files in m\"; echo >back) & $engine -q sh -c 'mount -t ext4 disk.img m; echo \"inside:  \$(ls m | tr \"\\n\" \" \")\"; echo >go; read line <back' || { kill %1; false; } && wait"
tell "The image is clean, and the note is in it:"
run "/sbin/fsck.ext4 -fn disk.img 2>&1 | tail -n1; debugfs -R 'cat /note' disk.img 2>/dev/null"
left=$(grep -lzsF "HOME=$work" /proc/[0-9]*/environ)
if [ -z "$left" ] && ! grep -q "$work" /proc/self/mounts; then
	tell "No process and no mount is left of the views."
else
	failed=1
	tell "This is left of the views: $left $(grep "$work" /proc/self/mounts)"
fi
exit $failed
