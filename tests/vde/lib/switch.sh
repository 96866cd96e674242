# Switches of ours under test; source it after tap.sh. shellcheck shell=bash
#
#   switch NAME [OPTION...]   start one on $dir/NAME.sw, managed at $dir/NAME.mgmt (sanitized build
#                             unless SWITCH says otherwise, with the options SWITCH_OPTIONS); it ends with the test, which fails
#                             if the switch crashed, leaked or was refused by a sanitizer
#   ask NAME COMMAND...       the lines a command lists, then its status line
#   status NAME COMMAND...    the status line alone
#   json NAME COMMAND...      what "json COMMAND" lists
#   stop NAME                 end it: one test, of how it ended
#   plug NAME [OPTION...]     a silent client (Debian's vde_plug); its process id is $plugged
#                             (on another VNL than the switch when `target` is set)
SWITCH=${SWITCH:-build/san/bin/vde_switch}
traffic=build/tests/vde/traffic
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
declare -A switch_pid

switch() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	"$SWITCH" ${SWITCH_OPTIONS:-} --nostdin -s "$dir/$name.sw" -M "$dir/$name.mgmt" "$@" 2>"$dir/$name.log" </dev/null &
	switch_pid[$name]=$!
	at_exit "stop_quietly $name"
	until_true 60 answers "$name" || { cat "$dir/$name.log" >&2; return 1; }
}

stop_quietly() {
	[ -n "${switch_pid[$1]:-}" ] || return 0
	kill "${switch_pid[$1]}" 2>/dev/null
	wait "${switch_pid[$1]}" 2>/dev/null
}

stop() {
	local status log
	kill "${switch_pid[$1]}"
	wait "${switch_pid[$1]}"
	status=$?
	unset "switch_pid[$1]"
	log=$(tail -n 30 "$dir/$1.log")
	[ $status -eq 0 ] && ! grep -qE 'ERROR: |runtime error' "$dir/$1.log"
	tap_result $? "$1 ends cleanly, nothing leaked" "status $status: $log"
}

# The console answers with a prompt line after each status line; logout ends the session.
ask() {
	local name=$1
	shift
	printf '%s\nlogout\n' "$*" | timeout 60 socat -t 30 - "UNIX-CONNECT:$dir/$name.mgmt" |
		awk '/^(vde\$ )?0000 DATA/ { data = 1; next }
			/^\.$/ && data { data = 0; next }
			data { print; next }
			{ sub(/^vde\$ /, "") }
			/^1[0-9][0-9][0-9] / { print; exit }'
}
status() { ask "$@" | tail -n 1; }
json() { local name=$1; shift; ask "$name" "json $*" | head -n 1; }

# The console answers only when the control socket listens too.
answers() { [ "$(status "$1" port/showinfo)" = '1000 Success' ]; }

# A switch has N active ports.
has_ports() { [ "$(json "$1" port/print | jq length)" = "$2" ]; }

plug() {
	local name=$1 silence
	shift
	silence=$(mktemp -u "$dir/silence.XXXXXX")
	mkfifo "$silence"
	vde_plug "$@" "${target:-$dir/$name.sw}" 0<>"$silence" >/dev/null &
	plugged=$!
	at_exit "kill $plugged 2>/dev/null"
}
