#!/bin/bash
# make demo: what Virtual Square does, on real programs, in four acts. Ends with 0 if all of it worked.
set -u
cd "$(dirname "$0")/.." || exit 2
. tests/lib/reachable.sh tests/demo.sh
work=$(mktemp -d)
bin=$PWD/build/bin
failed=0
trap '[ -z "${lab:-}" ] || "$bin/vde" lab down demo >/dev/null 2>&1; rm -rf "$work"' EXIT

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
tell() { printf '    %s\n' "$*"; }
run() { # show a command, run it, show what it prints
	printf '\n  $ %s\n' "$*"
	bash -c "$*" 2>&1 | sed 's/^/  | /'
	[ "${PIPESTATUS[0]}" -eq 0 ] || { failed=1; tell "(this failed)"; }
}
export PATH=$bin:$PATH XDG_RUNTIME_DIR=$work/run
mkdir -p "$XDG_RUNTIME_DIR"

act() { # COMMAND...: an act that is a script of its own
	"$@" || { failed=1; tell "(this failed)"; }
}

title "First act: files of one's own, for some processes"
act tests/demo/view.sh umview
tell ""
tell "The same on Debian's kernel 6.12 with kmview.ko, in an emulated machine (it boots in some ten seconds):"
act tests/vm/run 6.12 --relaxed tests/demo/view.sh kmview

title "Second act: system calls of one's own"
tell "kmtrace runs a command, shows its system calls, and answers some of them by a rule. Without our module it"
tell "uses what every Linux has, seccomp user notification:"
run "kmtrace -e uname --fake uname.sysname=PlanX --deny 'openat:/etc/passwd=EACCES' sh -c 'uname -s; head -n1 /etc/passwd; true'"
for kernel in 6.12; do
	tell ""
	tell "The same on Debian's kernel $kernel with kmview.ko, in an emulated machine (it boots in some ten seconds):"
	run "tests/vm/run $kernel --relaxed build/bin/kmtrace -e uname --fake uname.sysname=PlanX bash -c 'ls /; uname -a'"
	tell "A debugger inside a session, on the session's own processes:"
	run "tests/vm/run $kernel --relaxed build/bin/kmtrace -q -e none --fake uname.sysname=PlanX strace -e trace=uname uname -s"
done

tell ""
tell "Rules of sequences: a process that has read a key may connect to nobody any more, nor may its children."
cat >"$work/rules" <<-END
	on read "$work/key": mark secret
	on connect if secret: deny EACCES, log "a key could leave"
END
echo key >"$work/key"
run "cat $work/rules"
run "kmtrace guard $work/rules -- bash -c 'read -r key <$work/key; echo \$key >/dev/tcp/127.0.0.1/80'; true"

title "Third act: a network of one's own"
kernel=$(ls -v /boot/vmlinuz-*-amd64 | tail -n 1)
tests/demo/guest.sh "${kernel#*vmlinuz-}" "$work/initrd" || failed=1
sed "s|KERNEL|$kernel|; s|INITRD|$work/initrd|" tests/demo/two-machines.lab >"$work/demo.lab"
tell "A file describes two guests of QEMU on two switches and a bad cable between them:"
run "cat $work/demo.lab"
lab=up
run "vde lab up $work/demo.lab"
tell "The guests boot; alice pings bob over the cable, and carol looks whether they are there:"
run "vde lab check demo"
state=$XDG_RUNTIME_DIR/vde-lab-$(id -u)/demo
tell "What one of the switches sees of it, in a capture that tshark reads; one frame in twenty is lost on the cable:"
run "vde capture -t 4 -w $work/left.pcapng $state/left.mgmt; tshark -r $work/left.pcapng -Y icmp 2>/dev/null | head -n 8 | grep ."
tell "What it counts meanwhile at alice's port, in all and in the last second:"
run "vde cmd $state/left.mgmt port/counters 2 | head -n 5"
tell "The cable can be made worse, or mended, while it is in use:"
run "vde cmd $state/cable.mgmt loss 0 && vde cmd $state/cable.mgmt delay 200 && vde lab exec demo carol ping -c 3 -i 0.5 10.0.0.2"
run "vde lab status demo"
run "vde lab down demo"
lab=

title "Fourth act: a machine of one's own, to write an operating system on"
tell "Piazza, the sample operating system, in the uMPS emulator; a script types at its terminal:"
printf 'wait "> "\nsend "hello reader\\n"\nwait "> "\nsend "halt\\n"\n' >"$work/script"
run "cd build/umps-sample && umps run --script $work/script piazza.json"

echo
[ $failed -eq 0 ] && title "That was all; every act worked." || title "Something above failed."
exit $failed
