# The user plane, Debian's vde_switch, and two sockets joined without a switch (the ceiling for
# clients of this kind). shellcheck shell=bash
planes+=' user'
peers[user]='vde_switch'
ceilings[user]='direct'

VERSION_of() {
	case $1 in
	vde_switch) echo "vde_switch $(dpkg-query -f '${Version}' -W vde-switch)" ;;
	direct* | bridge-*) echo "$1 $(uname -r)" ;;
	*) echo "$1" ;;
	esac
}

# Start a switch program on $dir/sw with `idle` silent clients.
start_switch() { # PROGRAM
	# Ours grows its table. Debian's would look through 800 addresses for each frame.
	"$1" -n 200 --hashsize $((macs > 1000 ? 1 << 17 : 128)) -s "$dir/sw" -M "$dir/mgmt" \
		-p "$dir/pid" -d || return
	# Debian's is in the background before it has written it.
	until_true 10 test -s "$dir/pid" || return
	A=$dir/sw B=$dir/sw
	switch_pid=$(cat "$dir/pid")
	[ "$idle" -gt 0 ] || return 0
	coproc idlers { "$traffic" idle "$dir/sw" "$dir/sw" "$idle"; }
	read -r -t 20 <&"${idlers[0]}"
}
stop_switch() {
	if [ "$idle" -gt 0 ]; then
		eval "exec ${idlers[1]}>&-"
		wait "$idlers_PID"
	fi
	kill "$(cat "$dir/pid")"
	until_true 10 test ! -e "$dir/pid"
	rm -rf "$dir/sw"
}

user_up() { start_switch build/bin/vde_switch; }
user_down() { stop_switch; }
vde_switch_up() { start_switch /usr/bin/vde_switch; }
vde_switch_down() { stop_switch; }
direct_up() { A=direct B=direct; }
direct_down() { :; }
