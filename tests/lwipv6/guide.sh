#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 90
# Row 68: programs in the manner of the old guide compile unchanged against the installed header, linked with the
# shared library, the archive, or loading it at run time; and they run.
#
#   client, host (TCP and UDP echo, HTTP, shell, ping, router), slirp gateway -- tap -- kernel of a namespace
set -u
. "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.." || exit 2
tmp=$(mktemp -d) ns=lwgu$$ src=lwipv6/programs
at_exit "rm -rf $tmp"
mkdir $tmp/include
cp lwipv6/lwipv6.h $tmp/include
cp -P build/liblwipv6.so* build/liblwipv6.a $tmp
for p in client host slirp; do
	ok "row 68: guide-$p compiles with the shared library" cc -I$tmp/include -o $tmp/$p $src/guide-$p.c -L$tmp -llwipv6 -lpthread -ldl -Wl,-rpath,$tmp
	ok "row 68: and with the archive" cc -std=gnu89 -I$tmp/include -o $tmp/$p.static $src/guide-$p.c $tmp/liblwipv6.a -ljansson -lpthread -ldl -lm
done
# The manual's example, as a reader types it in.
sed -n '/^\.Sh EXAMPLES/,$ { /^\.Bd/,/^\.Ed/ { /^\./d; s/\\e/\\/g; p } }' lwipv6/man/lwipv6.3 >$tmp/example.c
ok "the example of lwipv6(3) compiles" cc -Wall -Werror -I$tmp/include -o $tmp/example $tmp/example.c -L$tmp -llwipv6 -Wl,-rpath,$tmp
is "and says hello" "$(timeout 20 $tmp/example)" hello
cat >$tmp/loaded.c <<'END'
#define LWIPV6DL
#include <lwipv6.h>
#include <stdio.h>

int main(void)
{
	void *library = loadlwipv6dl();
	struct stack *stack;
	struct netif *slirp;
	struct ip_addr dest;

	if (library == NULL)
		return 1;
	stack = lwip_stack_new();
	slirp = lwip_slirpif_add(stack, NULL);
	IP64_ADDR(&dest, 10, 0, 0, 5);
	if (lwip_slirp_listen_del(slirp, &dest, 80, IP_ADDR_ANY, 8080, SLIRP_LISTEN_TCP) != SLIRP_BAD_VALUE)
		return 2;
	lwip_stack_free(stack);
	printf("version %ld\n", lwip_version());
	return 0;
}
END
ok "row 68: a program that loads the library at run time compiles" cc -I$tmp/include -o $tmp/loaded $tmp/loaded.c -ldl
is "row 68: and runs" "$(LD_LIBRARY_PATH=$tmp $tmp/loaded)" "version 3"
ok "row 68: without the library it is told so" bash -c "! LD_LIBRARY_PATH=/nonexistent $tmp/loaded"

mkfifo $tmp/quiet
exec 8<>$tmp/quiet
ip netns add $ns || exit 1
# A server that forks leaves children that wait for ever.
end_ns() { ip netns pids "$1" | xargs -r kill; ip netns del "$1"; }
at_exit "end_ns $ns"
in_ns() { ip netns exec $ns "$@"; }
in_ns ip link set lo up
fresh_tap() { # NAME ADDRESS
	in_ns ip tuntap add $1 mode tap
	in_ns ip addr add $2 dev $1
	in_ns ip link set $1 up
}
run() { # LOG PROGRAM...
	local log=$1
	shift
	ip netns exec $ns "$@" >$log 2>&1 <&8 &
	pid=$!
	at_exit "kill $pid 2>/dev/null"
}
fresh_tap t0 10.6.0.1/24
run $tmp/host.log $tmp/host t0 10.6.0.2 10.6.0.1
ok "row 68: the simulated host answers ping" until_true 10 in_ns ping -c1 -W1 10.6.0.2
is "row 68: TCP echo" "$(echo hello | in_ns socat -t3 - TCP4:10.6.0.2:7)" hello
is "row 68: UDP echo" "$(echo hello | in_ns socat -t3 - UDP4:10.6.0.2:7)" hello
is "row 68: its page" "$(in_ns curl -s -m 5 http://10.6.0.2/ | tr -d '\r')" "<html>a stack speaks</html>"
like "row 68: its shell" "$(printf 'hello\nquit\n' | in_ns socat -t3 - TCP4:10.6.0.2:23)" "you said hello"
ok "row 68: its ping thread hears the kernel" until_true 10 grep -q "answer 1" $tmp/host.log
kill $pid

fresh_tap t1 10.6.1.1/24
fresh_tap t2 10.6.2.1/24
ip netns add ${ns}b
at_exit "end_ns ${ns}b"
run $tmp/router.log $tmp/host.static t1 10.6.1.2 t2 10.6.2.2
until_true 10 in_ns ping -c1 -W1 10.6.2.2
ip -n $ns link set t2 netns ${ns}b
ip -n ${ns}b addr add 10.6.2.1/24 dev t2
ip -n ${ns}b link set t2 up
ip -n ${ns}b route add default via 10.6.2.2
in_ns ip route add 10.6.2.0/24 via 10.6.1.2
ok "row 68: with two interfaces it routes" until_true 10 in_ns ping -c1 -W1 10.6.2.1
kill $pid

# The slirp gateway: its process lives in the namespace, the tap moves to the other one.
fresh_tap t3 10.6.3.1/24
run $tmp/slirp.log $tmp/slirp t3 10.6.3.2 10.6.3.1 7000 7001 $tmp/socket
until_true 10 grep -q ready $tmp/slirp.log
ip -n $ns link set t3 netns ${ns}b
ip -n ${ns}b addr add 10.6.3.1/24 dev t3
ip -n ${ns}b link set t3 up
ip -n ${ns}b route replace default via 10.6.3.2
ip netns exec ${ns}b socat TCP4-LISTEN:7000,fork SYSTEM:'cat' >/dev/null 2>&1 &
ip netns exec ${ns}b socat UDP4-LISTEN:7001,fork SYSTEM:'cat' >/dev/null 2>&1 &
in_ns socat TCP4-LISTEN:7100,bind=10.6.1.1,fork SYSTEM:'echo from the host' >/dev/null 2>&1 &
until_true 10 bash -c "ip netns exec $ns ss -Hltn | grep -q :7100 && ip netns exec ${ns}b ss -Hltun | grep -q :7001"
is "row 68: slirp: the machine reaches the host" "$(ip netns exec ${ns}b socat -t3 -u TCP4:10.6.1.1:7100 -)" "from the host"
is "row 68: slirp: a TCP port of the host leads inside" "$(echo tcp | in_ns socat -t3 - TCP4:127.0.0.1:7000)" tcp
is "row 68: slirp: a UDP port" "$(echo udp | in_ns socat -t3 - UDP4:127.0.0.1:7001)" udp
is "row 68: slirp: a UNIX socket" "$(echo unix | in_ns socat -t3 - UNIX-CONNECT:$tmp/socket)" unix
ok "row 68: slirp: once, as was asked" bash -c "! echo again | socat -t1 - UNIX-CONNECT:$tmp/socket 2>/dev/null"
kill $pid
done_testing
