# TAP for shell tests; source it. shellcheck shell=bash
#
#   plan N                       how many tests follow
#   ok DESCRIPTION COMMAND...    one test: does the command succeed? Its output is shown if not
#   is DESCRIPTION GOT WANTED    one test: are the strings equal?
#   like DESCRIPTION GOT REGEX   one test: does the string match the extended regular expression?
#   until_true SECONDS COMMAND   wait for a condition, polling; 1 when it never came true
#   at_exit COMMAND              undo on any end of the script, newest first
#   done_testing                 the plan, when it was not known before, and the exit status
tap_count=0 tap_failed=0 tap_planned='' tap_undo=()

plan() { tap_planned=$1; echo "1..$1"; }

tap_result() { # STATUS DESCRIPTION [OUTPUT]
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | tail -n 40 | sed 's/^/# /'
	fi
	return 0
}

ok() {
	local what=$1 out status
	shift
	out=$("$@" 2>&1)
	status=$?
	tap_result $status "$what" "status $status: $out"
}

is() {
	[ "$2" = "$3" ]
	tap_result $? "$1" "got:    $2
wanted: $3"
}

like() {
	printf '%s\n' "$2" | grep -Eq -- "$3"
	tap_result $? "$1" "got:    $2
wanted: a match of $3"
}

until_true() {
	local limit=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $limit ] || return 1
		read -r -t 0.05 <> <(:) || :
	done
}

at_exit() { tap_undo=("$*" "${tap_undo[@]}"); }
tap_cleanup() { local c; for c in "${tap_undo[@]}"; do eval "$c"; done; }
trap tap_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

done_testing() {
	[ -n "$tap_planned" ] || echo "1..$tap_count"
	[ $tap_failed -eq 0 ]
	exit
}
