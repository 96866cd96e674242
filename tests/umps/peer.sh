# SPDX-License-Identifier: GPL-2.0-only
# Debian's umps3, run unattended on a private X display; source it after tap.sh. shellcheck shell=bash
#
#   peer_start DIRECTORY                    a display for several runs; undone at exit
#                                           ($peer_prefix, if set, goes before its command)
#   peer_run CONFIG FILE REGEX SECONDS      run CONFIG until a line of FILE (a terminal's) matches; prints the
#                                           seconds from the start of the guest to then
#
# The display stays when the last client leaves; by default it restarts, and refuses the next one meanwhile.
# Its settings switch off all stops, so nothing waits for a user; F5 is power on, F9 continue.
peer_start() {
	peer_home=$1
	mkdir -p "$peer_home/.config/umps3" "$peer_home/run"
	chmod 700 "$peer_home/run"
	printf '[General]\nSimulationSpeed=4\nStopMask=0\n' >"$peer_home/.config/umps3/umps.conf"
	rm -f "$peer_home/display"
	Xvfb -noreset -displayfd 3 -screen 0 1024x768x24 -nolisten tcp 3>"$peer_home/display" >/dev/null 2>&1 &
	peer_x=$!
	at_exit "kill $peer_x 2>/dev/null"
	until_true 30 grep -q "^[0-9]" "$peer_home/display"
	peer_display=:$(cat "$peer_home/display")
}

peer_key() { DISPLAY=$peer_display xdotool key "$1"; }

peer_focus() { # WINDOW-NAME
	local window
	window=$(DISPLAY=$peer_display xdotool search --name "$1" | head -n 1) && [ -n "$window" ] &&
	DISPLAY=$peer_display xdotool windowfocus --sync "$window"
}

peer_run() {
	local config=$1 file=$2 regex=$3 limit=$4 pid status start
	rm -f "$file"
	HOME=$peer_home XDG_CONFIG_HOME=$peer_home/.config XDG_RUNTIME_DIR=$peer_home/run DISPLAY=$peer_display \
		${peer_prefix:-} umps3 "$config" >"$peer_home/log" 2>&1 3>&- &
	pid=$!
	until_true 30 peer_focus "$(basename "$config")" || { kill "$pid"; return 1; }
	until_true 30 peer_powered "$file"
	start=$EPOCHREALTIME
	peer_key F9
	peer_polls=0
	until_true "$limit" peer_ended "$regex" "$file"
	status=$?
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
	kill "$pid"
	wait "$pid" 2>/dev/null
	return $status
}

# Power on creates the terminal's file; the key may come before the window listens.
peer_powered() { test -e "$1" || { peer_key F5; test -e "$1"; }; }

# A key may come before the window listens to it too: once a second F9 again, which a running machine ignores.
peer_ended() { # REGEX FILE
	grep -Eq "$1" "$2" && return
	peer_polls=$((peer_polls + 1))
	[ -s "$2" ] || [ $((peer_polls % 20)) -ne 0 ] || peer_key F9
	return 1
}
