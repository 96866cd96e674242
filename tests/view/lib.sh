# What the tests of views share; source it. shellcheck shell=bash
#
# The same scripts run on a host and in a guest (tests/vm/run), as root, and do everything in views as
# the ordinary user 1000. VIEW_ENGINE says the engine: umview, if it is not set, or kmview.
#
#   work                          a directory of the user's, removed at the end
#   as_user COMMAND...            run it as the user, outside
#   view_start NAME [OPTION...]   a shell of the user's in a new view
#   in_view NAME COMMAND          run a command line there; its output and status
#   view_end NAME [STATUS]        leave it; does it end as it should?
#   mounted NAME DIRECTORY        is something mounted there, by the view's own table?
#   outside_unchanged WHAT        a test: does a shell outside see what it saw before?
#   nothing_left                  two tests: no process, mount, socket, temporary file is left
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
. tests/lib/tap.sh
top=$PWD
engine=${VIEW_ENGINE:-umview}
work=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-view.XXXXXX")
mark=VIEW_TEST=$work
declare -A view_pid view_in view_out

mkdir "$work/home" "$work/tmp"
chown -R 1000:1000 "$work"

end_all() {
	local pid
	for pid in "${view_pid[@]}"; do kill -9 "$pid" 2>/dev/null || :; done
	until_true 20 no_process || :
	rm -rf "$work"
}
at_exit end_all

as_user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups env -i "$mark" HOME="$work/home" TMPDIR="$work/tmp" \
		USER=user LOGNAME=user SHELL=/bin/bash LANG=C.UTF-8 TERM=dumb \
		PATH="$top/build/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" "$@"
}

view() { as_user "$engine" -q "$@"; }

view_start() {
	local name=$1 in out
	shift
	mkfifo "$work/$name.in" "$work/$name.out"
	# The ends of other views' pipes are not for this one.
	(
		for in in "${view_in[@]}" "${view_out[@]}"; do exec {in}>&-; done
		cd "$work" && view "$@" -V "$name" bash --norc <"$work/$name.in" >"$work/$name.out" 2>&1
	) &
	view_pid[$name]=$!
	exec {in}>"$work/$name.in" {out}<"$work/$name.out"
	view_in[$name]=$in view_out[$name]=$out
	rm "$work/$name.in" "$work/$name.out"
}

in_view() {
	local name=$1 line status
	printf '{ %s\n} 2>&1 </dev/null; echo "view-status: $?"\n' "$2" >&"${view_in[$name]}" || return 125
	while IFS= read -r -t 120 line <&"${view_out[$name]}"; do
		case $line in
		*'view-status: '*)
			status=${line##*view-status: }
			line=${line%view-status: *}
			[ -z "$line" ] || printf '%s\n' "$line"
			return "$status"
			;;
		esac
		printf '%s\n' "$line"
	done
	echo "the view $name does not answer"
	return 125
}

view_end() {
	local name=$1 in=${view_in[$1]} out=${view_out[$1]} status
	echo "exit ${2:-0}" >&"$in"
	exec {in}>&- {out}<&-
	wait "${view_pid[$name]}"
	status=$?
	unset "view_pid[$name]" "view_in[$name]" "view_out[$name]"
	is "the view $name ends with its shell's status" $status "${2:-0}"
}

mounted() { in_view "$1" "grep -q ' $2 ' /proc/self/mounts"; }

# ---- outside

outside() {
	grep -E " (/mnt|$work)" /proc/self/mounts
	ls -a /mnt "$top/build/lib/vsquare/view/inside"
	hostname
}
outside_before=$(outside)

outside_unchanged() { is "outside: no change $1" "$(outside)" "$outside_before"; }

# Everything that a test starts has the mark in its environment.
processes() {
	local pid
	for pid in $(grep -lzxF -- "$mark" /proc/[0-9]*/environ 2>/dev/null | grep -o '[0-9]\+'); do
		echo "$pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
}
# The numbers of those that run a program; quicker than processes where every moment counts.
running() { # PROGRAM
	local pid
	for pid in $(pgrep -x -- "$1"); do
		! grep -qzxF -- "$mark" "/proc/$pid/environ" 2>/dev/null || echo "$pid"
	done
}
no_process() { [ -z "$(processes)" ]; }

nothing_left() {
	ok "no process is left" until_true 20 no_process
	no_process || processes | sed 's/^/# left: /'
	is "no mount, socket or temporary file is left" \
		"$(outside; ls -A "$work/tmp"; grep -oF "$work" /proc/net/unix)" "$outside_before"
}
