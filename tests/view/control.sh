#!/bin/bash
# Control from inside: viewctl and the old commands' names, start-up files, login shells, su and sudo.
set -u
. "$(dirname "$0")/lib.sh"
home=$work/home

# options and start-up files
is "the status is the command's" "$(view sh -c 'exit 42'; echo $?)" 42
is "a signal is 128 and its number" "$(view sh -c 'kill -9 $$'; echo $?)" 137
is "no such command: 127" "$(view /nonexistent 2>/dev/null; echo $?)" 127
is "no such service: 125" "$(view -p nothing true 2>/dev/null; echo $?)" 125
like "unknown options: 125 and a hint" "$(view --nothing 2>&1; echo $?)" '^125$'
like "--help" "$(view --help)" 'Run a command, or a shell, in a view'
like "--version" "$(view --version)" '^view [0-9]'
is "what old commands knew is accepted" "$(view -x -u -n --nokmulti --noksysvm --nokviewos echo fine)" fine
cat >"$home/.viewosrc" <<-'END'
	#!/bin/sh
	viewname "from-rc$1"
	cat >"$HOME/rc-input"
END
chown 1000:1000 "$home/.viewosrc"
is "a start-up file that is not executable is not run" "$(view viewname)" ''
chmod +x "$home/.viewosrc"
is "one that is runs before the command" "$(view viewname)" from-rc
is "its input is not the command's" "$(echo input | view cat; cat "$home/rc-input")" input
is "in a view inside it is told so" "$(view -N "$engine" -q viewname)" from-rcnested
is "-N: none" "$(view -N viewname)" ''
is "-f: another" "$(printf '#!/bin/sh\nviewname other\n' >"$work/rc"; chmod +x "$work/rc"; view -f "$work/rc" viewname)" other
like "-f: one that is not there" "$(view -f "$work/nothing" true 2>&1)" 'start-up file .*/nothing cannot be executed: No such file'
rm "$home/.viewosrc"
is "-V: the name" "$(view -V name viewname)" name
like "a name that is too long" "$(view -V "$(printf %64s | tr ' ' x)" true 2>&1)" 'up to 63 bytes'
is "-q is inherited" "$(view sh -c 'echo $_VIEWOS_QUIET')" 1
is "-s: root to itself" "$(view -s id -u)" 0
is "a shell's prompt shows the name" "$(as_user sh -c "echo 'echo \$debian_chroot' | $engine -q -V blue")" blue
like "view says which engine it takes" "$(as_user view true 2>&1)" '^view: engine: [uk]mview'

# a login shell: where there is a line for the user in /etc/viewospasswd
login() {
	unshare -m bash -c 'mkdir -p "$1/upper" "$1/over" && cat >"$1/upper/viewospasswd" &&
		mount -t overlay -o "lowerdir=$1/upper:/etc" overlay /etc && shift &&
		exec setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/ PATH="$2" bash -c "exec -a -'"$engine"' $1"' \
		login "$work" "$top/build/bin/$engine" "$top/build/bin:$PATH" 2>&1
}
user=$(id -un 1000)
is "a login shell" "$(login <<<"# comment
other: false
$user: $engine -q -V 'two words' sh -c \"viewname; echo \\\$0\"")" 'two words
sh'
like "without a line for the user" "$(login <<<'other: view')" "viewospasswd has no line for $user"
like "with a bad line" "$(login <<<"$user: $engine -q 'echo")" 'a quotation mark is not closed'
like "with another command" "$(login <<<"$user: /bin/sh")" 'does not begin with umview, kmview or view'

# viewctl
view_start a
is "info" "$(in_view a 'viewctl info --json | jq -r "[.name, .engine, .view] | join(\" \")"')" "a $engine 0"
is "name" "$(in_view a 'viewctl name')" a
in_view a 'viewctl name ""'
like "a prompt where there is no name" "$(in_view a 'viewname -p')" "^$(uname -n)\[[0-9]+\]$"
is "a name set" "$(in_view a 'viewname blue && vuname -N && viewname -p')" "blue
blue"
like "who" "$(in_view a 'viewctl who')" '^ *[0-9]+ +[0-9]+ +0 +bash$'
like "who, as JSON" "$(in_view a 'viewctl who --json | jq -r ".[].program"')" '^view-servers$'
is "aliases" "$(in_view a 'um_fsalias disk ext4 && um_fsalias disc disk && viewctl alias --json | jq -r ".[] | select(.alias == \"disc\").type"')" disk
as_user mke2fs -q -F -t ext4 "$work/image" 16M >/dev/null
ok "are types" in_view a "viewmount -t disc $work/image /mnt && viewctl mounts | grep '^ext4 ' && viewumount /mnt"
ok "and removed" in_view a 'um_fsalias disk && um_fsalias disc && ! viewctl alias | grep dis[ck]'
ok "vumount and vuumount" in_view a "vumount -t ext4 -o ro $work/image /mnt && grep ' /mnt .* ro' /proc/mounts && vuumount /mnt"
ok "bind mounts" in_view a "viewmount -o bind /etc /mnt && cmp /mnt/passwd /etc/passwd && viewumount -l /mnt"
like "nothing to unmount" "$(in_view a 'viewumount /mnt')" 'cannot unmount /mnt: nothing is mounted there'
like "vu_insmod and vu_lsmod" "$(in_view a 'vu_insmod unreal && vu_lsmod')" '^unreal: '
ok "vu_rmmod" in_view a 'vu_rmmod unreal'
for tool in viewctl um_ls_service um_add_service um_del_service um_fsalias um_attach umshutdown viewname viewmount viewumount \
	viewsu viewsudo vuname vu_lsmod vu_insmod vu_rmmod vumount vuumount vusu; do
	like "$tool --help" "$(build/bin/$tool --help)" "^Usage: $tool "
done
for command in info name who mounts list types add remove alias names mount umount diff apply discard su sudo attach shutdown; do
	like "viewctl $command --help" "$(build/bin/viewctl $command --help)" "^Usage: viewctl $command"
done
like "mistakes are said" "$(in_view a 'viewctl nothing; viewctl add; viewctl shutdown soon; viewctl info more')" 'there is no command "nothing"'
like "what is no text" "$(in_view a "viewctl name $(printf '\377')")" 'no text in UTF-8'
is "with status 64" "$(in_view a 'viewctl nothing 2>/dev/null; echo $?; viewctl add 2>/dev/null; echo $?; viewctl shutdown x 2>/dev/null; echo $?')" "64
64
64"

# su and sudo
is "su: root" "$(in_view a 'viewsu -c "id -u"')" 0
is "su: another" "$(in_view a 'viewsu -c "id -un" nobody -s /bin/sh')" nobody
is "su -: a login shell" "$(in_view a 'viewsu - -s /bin/sh -c "echo \$0" 2>/dev/null')" -sh
is "sudo" "$(in_view a 'viewsudo id -u')" 0
is "sudo: user and group by number" "$(in_view a "viewsudo -u '#77' -g '#88' sh -c 'id -u; id -g'")" "77
88"
is "sudo: the status" "$(in_view a 'viewsudo sh -c "exit 9"; echo $?')" 9
ok "mounts of root are of the view" in_view a "viewsudo mount -t tmpfs none /mnt && grep ' /mnt ' /proc/mounts && viewsudo umount /mnt"
ok "images too" in_view a "viewsudo mount -t ext4 $work/image /mnt && ls -d /mnt/lost+found && umount /mnt"
is "what root makes is the user's" "$(in_view a "viewsudo touch $work/made; stat -c %u $work/made")" 1000
like "nobody known" "$(in_view a 'viewsu nobody-known')" 'there is no user nobody-known'
outside_unchanged "of all this"
view_end a
like "outside of views this is said" "$(build/bin/viewctl list 2>&1)" 'in no view; start one with'
is "a prompt outside is the host's name" "$(build/bin/viewname -p)" "$(uname -n)"
nothing_left
done_testing
