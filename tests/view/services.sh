#!/bin/bash
# The interface of services: the example as a student compiles it, the unreal tree, adding and removing.
set -u
. "$(dirname "$0")/lib.sh"

cat user/view/examples/ramfile.c | as_user tee "$work/ramfile.c" >/dev/null
ok "the example is of about fifty lines" [ "$(wc -l <"$work/ramfile.c")" -le 60 ]
ok "and compiled in one" as_user cc -shared -fPIC -I "$top/user/view" -o "$work/ramfile.so" "$work/ramfile.c"
as_user touch "$work/motd"

view_start a -p "$work/ramfile.so,loud"
like "it is listed" "$(in_view a 'viewctl list')" '^ramfile: files in memory, and no accounting$'
ok "its mount" in_view a "mount -t ramfile none $work/motd"
is "is a file to write and read" "$(in_view a "echo hello >$work/motd; cat $work/motd")" hello
is "in the view only" "$(cat "$work/motd")" ''
like "while it is there the service stays" "$(in_view a 'viewctl remove ramfile')" 'ramfile is in use'
like "its mistakes are said in its words" "$(in_view a "mount -t ramfile -o size=1 none $work/motd")" \
	'mount: a file in memory has no options, not "size=1"'
like "it answers a call" "$(in_view a 'python3 -c "import ctypes; l = ctypes.CDLL(None, use_errno=True); l.acct(None); print(ctypes.get_errno())"')" '^1$'
ok "unmounted" in_view a "umount $work/motd"
ok "it goes" in_view a 'viewctl remove ramfile'
ok "and its mounts with it: what had the type before has it again" in_view a \
	"mount -t ramfile -o size=64k none $work/motd && umount $work/motd"
if [ "$engine" = umview ]; then
	like "added later it cannot watch calls, which is said" "$(in_view a "viewctl add $work/ramfile.so")" \
		'start the view with -p ramfile'
else
	ok "added later it works as well" in_view a "cd $work && viewctl add ./ramfile.so,loud && viewctl remove ramfile"
fi

sed 's/"acct"/"acct_of_tomorrow"/' "$work/ramfile.c" | as_user tee "$work/later.c" >/dev/null
as_user cc -shared -fPIC -I "$top/user/view" -o "$work/later.so" "$work/later.c"
view_start b -p "$work/later.so"
like "a service that claims a call unknown here does no harm" "$(in_view b 'viewctl list')" '^ramfile: '
view_end b

# unreal
as_user mkdir "$work/unreal"
ok "the service unreal" in_view a 'um_add_service unreal'
ok "the tree once more" in_view a "mount -t unreal none $work/unreal"
wanted=$(stat -c '%d %i' /etc/passwd)
is "holds the same files" "$(in_view a "stat -c '%d %i' $work/unreal/etc/passwd")" "$wanted"
is "and again" "$(in_view a "stat -c '%d %i' $work/unreal$work/unreal/etc/passwd")" "$wanted"
is "but no third time" "$(in_view a "ls $work/unreal$work/unreal$work/unreal")" ''
ok "programs run there" in_view a "chroot $work/unreal /bin/true || viewsudo chroot $work/unreal /bin/true"
is "a file written in one is in all" \
	"$(in_view a "echo x >$work/unreal$work/new; cat $work/new $work/unreal$work/unreal$work/new")" "x
x"
like "in use it stays" "$(in_view a 'viewctl remove unreal')" 'unreal is in use'
outside_unchanged "while the tree is there three times"
ok "unmounted with all that is in it" in_view a "umount -l $work/unreal"
ok "it goes then" in_view a 'viewctl remove unreal'

# mistakes
like "no such service" "$(in_view a 'viewctl add nothing')" 'there is no service nothing in ~/.viewos/services'
like "no such file" "$(in_view a "viewctl add $work/nothing.so")" "cannot find $work/nothing.so"
as_user cp "$work/motd" "$work/empty.so"
like "no shared object" "$(in_view a "viewctl add $work/empty.so")" 'cannot load .*empty.so'
as_user sh -c "echo 'int x;' | cc -shared -fPIC -x c -o $work/other.so -"
like "no service" "$(in_view a "viewctl add $work/other.so")" 'no service of views'
like "twice" "$(in_view a 'viewctl add umfuse')" 'umfuse is there already'
like "a service that is not there" "$(in_view a 'viewctl remove nothing')" 'there is no service nothing'
ok "services of the user's own by name" in_view a \
	"mkdir -p ~/.viewos/services && cp $top/build/lib/vsquare/view/services/unreal.so ~/.viewos/services/mine.so && viewctl add mine && um_ls_service | grep '^unreal:' && viewctl remove unreal"
# standard ones that are no FUSE servers
ok "a file in memory over a file" in_view a "echo real >$work/real && mount -t ramfile none $work/real && echo virtual >$work/real"
is "what is there" "$(in_view a "cat $work/real; umount $work/real; cat $work/real" | paste -sd' ')" "virtual real"
ok "no larger than it may be" in_view a "mount -t umfuseramfile -o size=64k none $work/real &&
	! head -c 100000 /dev/zero 2>/dev/null >$work/real && umount $work/real"
view_end a
nothing_left
done_testing
