#!/bin/bash
# vde lab: up, status, check, graph, exec, cut, mend, down; as root and as nobody; what it says of
# faults; a User-Mode Linux guest.
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh

V=$PWD/build/bin/vde
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
export XDG_RUNTIME_DIR=$dir/run
mkdir "$XDG_RUNTIME_DIR"
name=lab$$
at_exit '"$V" lab down $name 2>/dev/null'

cat >"$dir/ring.lab" <<END
lab $name
switch s1 rstp priority=4096
switch s2 rstp
switch s3 rstp
link s1 s2 name=first
link s2 s3 name=second delay=20
link s3 s1 name=third
ns h1 on=s1 address=10.0.0.1/24 address=fd01::1/64
ns h2 on=s2 address=10.0.0.2/24 gateway=10.0.0.4 run="nc -l -k -p 7"
ns h7 on=s3 vlan=7 address=10.0.7.1/24 gateway=10.0.7.4
ns alone on=s1 vlan=9 address=10.0.0.9/24
ns router on=s1 address=10.0.0.4/24 on=s3 vlan=7 address=10.0.7.4/24 forward
gateway world on=s2 host=10.0.0.77/24
check ping h1 h2 within=20
check ping h1 fd01::1
check ping h1 world
check ping h2 h7
check noping h1 alone
check run h1 "nc -z -w 1 10.0.0.2 7"
check run h1 "ip addr show dev eth0" match="10\.0\.0\.1"
check console s1 "port/showinfo" match="^Numports=64"
check recover h1 h2 cut=first within=5
END

scenario() { # WHO COMMAND...: the whole life of a lab
	local who=$1 started
	shift
	started=$EPOCHREALTIME
	ok "$who: up" "$@" lab up "$dir/ring.lab"
	like "$who: within seconds ($(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }') s)" \
		"$("$@" lab status $name | awk '$3 == "running"' | wc -l)" '^12$'
	like "$who: not twice" "$("$@" lab up "$dir/ring.lab" 2>&1)" 'is up already'
	"$@" lab check $name >"$dir/checks" 2>&1
	tap_result $? "$who: all checks hold" "$(cat "$dir/checks")"
	is "$who: they are TAP" "$(grep -c '^ok' "$dir/checks") $(sed -n 2p "$dir/checks")" '9 1..9'
	like "$who: a recovery is timed" "$(cat "$dir/checks")" 'recover h1 h2 without first: back after [0-9.]+ s'
	"$@" lab cut $name second
	is "$who: a cut link has ended" \
		"$("$@" lab status --json $name | jq -r '.[] | select(.name == "second").state')" ended
	like "$who: and is drawn so" "$("$@" lab graph $name)" 'class="link cut"'
	ok "$who: mended" "$@" lab mend $name second
	is "$who: exec" "$("$@" lab exec $name h1 hostname -I | tr -d ' ' | cut -c 1-8)" 10.0.0.1
	"$@" lab exec $name h1 sh -c 'exit 7'
	is "$who: has the command's status" $? 7
	"$@" lab status --json $name | jq '.[].pid' >"$dir/pids"
	started=$EPOCHREALTIME
	ok "$who: down" "$@" lab down $name
	ok "$who: nothing is left" test ! -e "$XDG_RUNTIME_DIR/vde-lab-$(id -u)/$name"
	local left=0 state
	for pid in $(cat "$dir/pids"); do
		# A zombie is only an entry that the machine's first process has still to take away.
		state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null)
		[ "${state:-Z}" = Z ] || left=$((left + 1))
	done
	is "$who: no process either" $left 0
	like "$who: it is not up any more" "$("$@" lab status $name 2>&1)" 'is not up'
}
scenario root "$V"
chmod 755 "$dir"
chmod 1777 "$XDG_RUNTIME_DIR"
scenario nobody setpriv --reuid 65534 --regid 65534 --clear-groups "$V"

# A network device of this machine: a veth, whose other end is in a namespace of ours.
ip netns add $name
at_exit "ip netns del $name 2>/dev/null"
ip link add vl$$ type veth peer name eth0 netns $name
at_exit "ip link del vl$$ 2>/dev/null"
ip link set vl$$ up
ip -n $name addr add 10.0.0.8/24 dev eth0
ip -n $name link set eth0 up
printf 'lab %s\nswitch s1\nns h1 on=s1 address=10.0.0.1/24\nnetdev vl%s on=s1 port=5\n%s\n' $name $$ \
	'check ping h1 10.0.0.8' >"$dir/device.lab"
ok 'a network device is plugged in' "$V" lab up -q "$dir/device.lab"
like 'and listed' "$("$V" lab status $name)" "^vl$$ +netdev +running .* s1:5$"
ok 'it is reached' "$V" lab check $name
ok 'and let go' "$V" lab down $name
is 'as it was' "$(ip -j link show vl$$ | jq -r '.[0].ifname')" vl$$
like 'one that is not there is named' "$(printf 'lab %s\nswitch s1\nnetdev nosuch on=s1\n' $name >"$dir/nosuch.lab"
	"$V" lab up -q "$dir/nosuch.lab" 2>&1)" 'switch s1: xdp/add nosuch 1: No such device'

# A drawing needs no lab that is up, and is XML.
"$V" lab graph "$dir/ring.lab" -o "$dir/ring.svg"
ok 'the drawing is well-formed' xmllint --noout "$dir/ring.svg"
is 'and has every name' "$(for n in s1 s2 s3 h1 h2 h7 alone router world first second third; do
	grep -c ">$n<" "$dir/ring.svg"; done | sort -u)" 1
is 'and is the same every time' "$("$V" lab graph "$dir/ring.lab" | md5sum)" "$(md5sum <"$dir/ring.svg")"

# A failure on the way up takes down what was up.
printf 'lab %s\nswitch s1\nns bad on=s1 address=10.0.0.1/24 gateway=10.9.9.9\n' $name >"$dir/bad.lab"
like 'a node that cannot start is named, with its log' "$("$V" lab up "$dir/bad.lab" 2>&1)" 'bad: does not start'
ok 'and nothing stays' test ! -e "$XDG_RUNTIME_DIR/vde-lab-0/$name"

# Processes that die are seen, and down works all the same.
printf 'lab %s\nswitch s1\nns h1 on=s1 address=10.0.0.1/24\n' $name >"$dir/small.lab"
"$V" lab up -q "$dir/small.lab"
kill -9 "$("$V" lab status --json $name | jq '.[] | select(.name == "s1").pid')"
until_true 10 eval '! "$V" lab status $name >/dev/null'
like 'a switch that died' "$("$V" lab status $name)" '^s1 .*ended'
ok 'down works after that' "$V" lab down $name

# Faults: each is one sentence with its line.
fault() { # DESCRIPTION LINE REGEX [NUMBER-OF-THE-LINE]
	printf 'switch s1\nns h1 on=s1\n%b\n' "$2" >"$dir/f.lab"
	like "$1" "$("$V" lab graph "$dir/f.lab" 2>&1 >/dev/null)" "f.lab:${4:-3}: .*$3"
}
fault 'unknown line' 'swich s2' 'a line is lab, switch'
fault 'unknown setting' 'ns h2 on=s1 colour=red' 'knows no "colour="'
fault 'a device with an address' 'netdev vx on=s1 address=10.0.0.3/24' 'keeps the addresses that it has'
fault 'no such switch' 'ns h2 on=s9' 'there is no switch "s9"'
fault 'not a switch' 'ns h2 on=h1' 'is a ns, not a switch'
fault 'twice' 'switch s1' 'there already \(line 1\)'
fault 'bad name' 'switch 1s' 'needs a name'
fault 'bad address' 'ns h2 on=s1 address=10.0.0.300/24' 'no address/BITS'
fault 'bad VLAN' 'ns h2 on=s1 vlan=5000' 'number from 0 to 4093'
fault 'plugged in nowhere' 'ns h2' 'plugged in nowhere'
fault 'link to itself only' 'link s1' 'link needs two'
fault 'a loop' 'link s1 s1' 'joins two switches, not "s1" to itself'
fault 'bad impairment' 'switch s2\nlink s1 s2 loss=101' 'loss=101: a value is .* within its range' 4
fault 'bad check' 'check pong h1 s1' 'a check is ping'
fault 'bad expression' 'check run h1 x match=(' 'no extended regular'
fault 'open quote' 'ns h2 on=s1 run="x' 'a quote is not closed'
: >"$dir/empty.lab"
# A lab is up only when everything in it runs.
for fault in 'uml guest on=s1 kernel=/nonexistent/linux' 'uml guest on=s1 kernel=/bin/false' \
	'ns host on=s1 run="nosuchprogram -x"'; do
	printf 'switch s1\n%s\n' "$fault" >"$dir/fault.lab"
	"$V" lab up -q "$dir/fault.lab" >"$dir/out" 2>&1
	is "up fails: $fault" $? 1
	like 'and names what' "$(cat "$dir/out")" 'guest|nosuchprogram'
done
# To cut a link that nothing flows over proves nothing.
printf 'switch s1\nswitch s2\nlink s1 s2 name=idle\nns a on=s1 address=10.0.0.1/24\nns b on=s1 address=10.0.0.2/24\n%s\n' \
	'check recover a b cut=idle within=5' >"$dir/idle.lab"
"$V" lab up -q "$dir/idle.lab"
like 'a recovery of what did not break is no proof' "$("$V" lab check idle)" '^not ok 1 .*: nothing flows over idle'
"$V" lab down idle

is 'an empty file is no lab' "$("$V" lab up "$dir/empty.lab" 2>&1)" \
	"vde: $dir/empty.lab: it describes nothing; see vde-lab(5)"
is 'nor is none' "$("$V" lab up "$dir/none.lab" 2>&1)" "vde: cannot read $dir/none.lab: No such file or directory"
is 'which is said of one that is not up, too' "$("$V" lab down "$dir/none.lab" 2>&1)" \
	"vde: cannot read $dir/none.lab: No such file or directory"
fault 'too many ports' 'switch s2 ports=1\nns a on=s2\nns b on=s2' 'only 1 ports' 5

# A guest: a kernel of Debian's User-Mode Linux with an initial ram disk of a shell and its tools.
mkdir -p "$dir/root/bin" "$dir/root/proc" "$dir/root/sys" "$dir/root/dev"
cp "$(command -v busybox)" "$dir/root/bin/"
cat >"$dir/root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox ip link set eth0 up
/bin/busybox ip addr add 10.0.0.50/24 dev eth0
exec /bin/busybox nc -l -p 9
END
ln -s busybox "$dir/root/bin/sh"
chmod +x "$dir/root/init"
(cd "$dir/root" && find . | cpio -o -H newc 2>/dev/null) >"$dir/initrd"
cat >"$dir/uml.lab" <<END
lab $name
switch s1
ns h1 on=s1 address=10.0.0.1/24
uml guest on=s1 kernel=$PWD/tests/lib/uml initrd=$dir/initrd memory=64 append="rdinit=/init"
check ping h1 10.0.0.50 within=60
END
ok 'a guest comes up' "$V" lab up -q "$dir/uml.lab"
ok 'and answers' "$V" lab check $name
ok 'and goes' "$V" lab down $name
done_testing
