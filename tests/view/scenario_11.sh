#!/bin/bash
# Names: what is set inside is seen by static and dynamic programs inside only.
set -u
. "$(dirname "$0")/lib.sh"

host=$(uname -n)
view_start a
ok "hostname sets the name" in_view a 'hostname virtual'
is "a dynamic program sees it" "$(in_view a 'uname -n')" virtual
is "a static one as well" "$(in_view a 'busybox uname -n')" virtual
is "and python" "$(in_view a "python3 -c 'import os; print(os.uname().nodename)'")" virtual
is "outside it is what it was" "$(uname -n)" "$host"
ok "domainname by viewctl" in_view a 'viewctl names domainname=example.org'
is "is seen by viewctl" "$(in_view a 'viewctl names domainname')" example.org
[ "$engine" = kmview ] || is "and by the kernel's file" "$(in_view a 'cat /proc/sys/kernel/domainname')" example.org
like "names that are too long are refused" "$(in_view a 'viewctl names nodename=$(printf %65s | tr " " x)')" \
	'cannot set nodename: '
is "a view inside begins with the names of the outer one" "$(in_view a "$engine -q hostname")" virtual
is "and has its own" "$(in_view a "$engine -q sh -c 'hostname inner; hostname'; hostname")" "inner
virtual"
view_start b
is "another view has the host's" "$(in_view b 'hostname')" "$host"
if [ "$engine" = kmview ]; then
	ok "release and machine" in_view a 'viewctl names release=9.8.7 machine=pdp11 sysname=PlanX version=v1'
	is "a dynamic program sees all" "$(in_view a 'uname -srvm')" "PlanX 9.8.7 v1 pdp11"
	is "a static one as well" "$(in_view a 'busybox uname -srvm')" "PlanX 9.8.7 v1 pdp11"
	is "the other view does not" "$(in_view b 'uname -r')" "$(uname -r)"
else
	like "release says which engine can" "$(in_view a 'viewctl names release=9.8.7')" 'only the engine kmview can'
fi
is "vuname shows names and view" "$(in_view a 'vuname -nN')" "virtual a"
like "and that this is a view" "$(in_view a 'vuname -o')" '^GNU/Linux/View-OS$'
# as files
ok "names as files" in_view a 'mkdir ~/names && mount -t ummiscuname none ~/names'
is "one each" "$(in_view a 'ls ~/names | paste -sd" "')" 'domainname machine nodename release sysname version'
is "which hold them" "$(in_view a 'cat ~/names/nodename')" virtual
is "and set them" "$(in_view a 'echo filed >~/names/nodename && hostname && cat ~/names/nodename')" "filed
filed"
ok "as often as one likes" in_view a 'echo virtual >~/names/nodename && [ "$(hostname)" = virtual ]'
like "what cannot be set is refused" "$(in_view a 'printf "a\nb" | dd of=$HOME/names/nodename conv=notrunc')" 'Invalid argument'
ok "unmounted" in_view a 'umount ~/names'
is "uname fields as JSON" "$(in_view a 'viewctl names --json | jq -r .nodename')" virtual
outside_unchanged "of names"
view_end a
view_end b
nothing_left
done_testing
