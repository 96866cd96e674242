#!/bin/bash
# Scenario 8, copy on write over a tree; the minimal one over /.
set -u
. "$(dirname "$0")/lib.sh"
tree=$work/tree layer=$work/layer
as_user sh -c 'mkdir -p "$0/dir/deep" "$0/gone" "$0/again" "$1" "$2" && echo one >"$0/edit" && echo two >"$0/delete" && echo three >"$0/rename" &&
	echo four >"$0/dir/deep/file" && echo five >"$0/gone/file" && echo six >"$0/again/file" && chmod 640 "$0/edit"' "$tree" "$layer" "$work/minimal"
hash_of() { (cd "$1" && find . -printf '%p %y %m %s %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum; }
before=$(hash_of "$tree")
shown() { in_view a "(cd $tree && find . -type f -printf '%p ' -exec head -c9 {} \; | sort | tr '\n' ' ')"; }

view_start a
ok "copy on write over a tree" in_view a "mount -t viewfs -o cow $layer $tree"
ok "edit" in_view a "echo changed >>$tree/edit"
ok "delete" in_view a "rm $tree/delete"
ok "rename a file" in_view a "mv $tree/rename $tree/renamed"
ok "rename a directory" in_view a "mv $tree/dir $tree/directory && cat $tree/directory/deep/file"
ok "chmod" in_view a "chmod 755 $tree/edit && test -x $tree/edit"
ok "a symbolic link" in_view a "ln -s edit $tree/link && grep -q one $tree/link"
ok "remove a directory" in_view a "rm -r $tree/gone"
ok "remove one and make it anew" in_view a "rm -r $tree/again && mkdir $tree/again"
is "it is empty" "$(in_view a "ls -A $tree/again")" ''
with=$(shown)
ok "unmounted" in_view a "umount $tree"
is "the tree is as it was" "$(hash_of "$tree")" "$before"
ok "the layer has the changed file" [ -e "$layer/edit" ]
ok "and nothing that was not changed" [ ! -e "$layer/dir" ]
ok "mounted again" in_view a "mount -t viewfs -o cow $layer $tree"
is "the changes are back" "$(shown)" "$with"
like "the mode is" "$(in_view a "stat -c %a $tree/edit")" '^755$'
ok "unmounted again" in_view a "umount $tree"

passwd=$(sha256sum </etc/passwd)
ok "minimal copy on write over /" in_view a "mount -t viewfs -o mincow $work/minimal / && cd /"
ok "an ordinary user changes /etc/passwd" in_view a 'echo "view:x:4242:4242::/:/bin/sh" >>/etc/passwd'
like "and sees it" "$(in_view a 'tail -n1 /etc/passwd')" '^view:'
is "nobody else does" "$(sha256sum </etc/passwd)" "$passwd"
ok "what may be written is written" in_view a "echo real >$work/real"
is "for all" "$(cat "$work/real")" real

outside_unchanged "by copies"
view_end a
nothing_left
done_testing
