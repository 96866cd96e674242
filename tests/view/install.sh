#!/bin/bash
# The installed tree works from where it was put, deep as the path may be, with its pages and completion.
set -u
. "$(dirname "$0")/lib.sh"
prefix=$work/$(printf 'long%.0s' $(seq 20))/$(printf 'path%.0s' $(seq 20))

ok "installed" make -s install PREFIX="$prefix"
chown -R root:root "$prefix"
chmod -R go+rX "$work"
installed() { as_user env -u _ PATH="$prefix/bin:/usr/bin:/bin:/usr/sbin:/sbin" "$@"; }
as_user mke2fs -q -F -t ext4 "$work/image" 16M >/dev/null
is "a view of it" "$(installed "$engine" -q sh -c 'viewctl info --json | jq -r .engine')" "$engine"
is "an image" "$(installed "$engine" -q sh -c "mount -t ext4 $work/image /mnt && ls /mnt")" lost+found
is "unreal" "$(installed "$engine" -q -p unreal viewctl list | cut -d: -f1 | paste -sd' ')" "umfuse viewfs ummisc unreal"
is "the old names" "$(installed "$engine" -q um_ls_service | head -n1 | cut -d: -f1)" umfuse
is "a view in a view" "$(installed "$engine" -q "$engine" -q viewctl info --json | jq .view)" 1
ok "the example is compiled with the header that is installed" as_user cc -shared -fPIC -I "$prefix/include" \
	-o "$work/ramfile.so" "$prefix/share/doc/vsquare/view/ramfile.c"
like "and works" "$(installed "$engine" -q -p "$work/ramfile.so" viewctl list)" '^ramfile: '
for page in umview kmview view viewctl um_add_service viewmount vuname fstypes viewospasswd view-service; do
	like "man $page" "$(MANPATH="$prefix/share/man" man -P cat "$page" 2>&1)" '^NAME$|^N.NA.AM.ME.E$'
done
complete() { # COMMAND WORD...: what bash offers for the last word
	HOME=$work/home bash --norc -c '. /usr/share/bash-completion/bash_completion
		. "$1/share/bash-completion/completions/$2"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		function=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
		"$function" "$1" "${!#}" "" 2>/dev/null; echo "${COMPREPLY[*]}"' complete "$prefix" "$@"
}
like "completion of viewctl" "$(complete viewctl sh)" 'shutdown'
like "of its arguments" "$(complete viewctl names node)" 'nodename='
like "of an old name" "$(complete viewmount -t ext)" 'ext4'
like "of umview" "$(complete umview --pre)" '--preload'
like "of a command in umview" "$(complete umview -q mke2)" mke2fs
ok "uninstalled" make -s uninstall PREFIX="$prefix"
is "no file is left" "$(find "$prefix" -type f -o -type l | grep -v umps)" ''
nothing_left
done_testing
