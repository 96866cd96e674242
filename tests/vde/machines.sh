#!/bin/bash
# Virtual machines on a switch: two QEMU guests (-netdev vde), and User-Mode Linux (eth0=vde), ping
# each other and copy 100 MB. All boot the same initramfs: busybox, a network driver, one script.
# timeout: 600
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh
SWITCH=build/bin/vde_switch
BYTES=$((100 << 20))

switch s || exit 1
kernel=$(ls -v /boot/vmlinuz-*-amd64 | tail -n 1)
modules=/lib/modules/${kernel#*vmlinuz-}

mkdir -p "$dir/root"/{bin,proc,sys,dev,tmp}
cp /bin/busybox "$dir/root/bin/"
for applet in sh mount ip insmod ping nc md5sum dd head cat poweroff sleep echo seq cut; do
	ln -s busybox "$dir/root/bin/$applet"
done
cp "$modules"/kernel/drivers/net/ethernet/intel/e1000/e1000.ko "$dir/root/"
# role=serve ADDRESS: take a file and tell its sum; role=copy ADDRESS PEER: ping the peer, send one.
cat >"$dir/root/init" <<'END'
#!/bin/sh
mount -t proc none /proc
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
for word in $(cat /proc/cmdline); do
	case $word in role=*|address=*|peer=*|bytes=*) eval "$word" ;; esac
done
insmod /e1000.ko 2>/dev/null
until ip link set eth0 up; do sleep 1; done
ip addr add $address/24 dev eth0
echo "RESULT $role is up"
if [ $role = serve ]; then
	nc -l -p 5000 >/tmp/data
else
	until ping -c 1 -W 1 $peer; do :; done
	echo "RESULT ping answered"
	head -c 1048576 /dev/urandom >/tmp/part
	for i in $(seq $((bytes / 1048576))); do cat /tmp/part; done >/tmp/data
	nc $peer 5000 </tmp/data
fi
echo "RESULT $role has $(md5sum </tmp/data | cut -c1-32)"
poweroff -f
END
chmod +x "$dir/root/init"
(cd "$dir/root" && find . | cpio -o -H newc --quiet) >"$dir/initramfs"

qemu() { # NAME MAC PARAMETERS
	qemu-system-x86_64 -accel tcg -m 400 -nodefaults -display none -no-reboot -serial stdio \
		-kernel "$kernel" -initrd "$dir/initramfs" -append "console=ttyS0 quiet $3" \
		-netdev "vde,id=n,sock=$dir/s.sw" -device "e1000,netdev=n,mac=$2" \
		>"$dir/$1.out" 2>&1 </dev/null &
	at_exit "kill $! 2>/dev/null"
}
uml() { # NAME MAC PARAMETERS
	# The console wants a terminal of its own; TMPDIR must allow to execute.
	TMPDIR=$dir tests/lib/uml mem=400M initrd="$dir/initramfs" con=null con0=null,fd:1 quiet \
		uml_dir="$dir" "eth0=vde,$dir/s.sw,$2" $3 >"$dir/$1.out" 2>&1 </dev/null &
	at_exit "kill $! 2>/dev/null"
}
said() { grep -aq "RESULT $2" "$dir/$1.out"; }
sum() { grep -ao "RESULT $2 has [0-9a-f]*" "$dir/$1.out" | cut -d' ' -f4; }
copies() { # WHAT SERVER CLIENT
	ok "$1: the guests are up" until_true 120 said "$2" 'serve is up'
	ok "$1: ping" until_true 150 said "$3" 'ping answered'
	ok "$1: 100 MB are copied" until_true 120 said "$2" 'serve has'
	ok "$1: the client has told its sum" until_true 60 said "$3" 'copy has'
	is "$1: nothing is changed" "$(sum "$2" serve)" "$(sum "$3" copy)"
	ok "$1: their ports are free" until_true 20 has_ports s 0
	[ $tap_failed -eq 0 ] || tail -n 20 "$dir/$2.out" "$dir/$3.out" | tr -d '\r' | sed 's/^/# /'
}

qemu a 02:00:00:00:01:01 "role=serve address=10.9.2.1"
until_true 150 said a 'serve is up'
qemu b 02:00:00:00:01:02 "role=copy address=10.9.2.2 peer=10.9.2.1 bytes=$BYTES"
ok 'QEMU says who it is' until_true 20 grep -q QEMU <<<"$(json s port/print)"
copies 'QEMU' a b

uml c 02:00:00:00:01:03 "role=serve address=10.9.2.3"
until_true 150 said c 'serve is up'
uml d 02:00:00:00:01:04 "role=copy address=10.9.2.4 peer=10.9.2.3 bytes=$BYTES"
copies 'User-Mode Linux' c d
stop s
done_testing
