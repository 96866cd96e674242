#!/bin/bash
# Make a guest's initial ram disk: busybox, a network driver, and a script that takes the address from
# the kernel's command line and pings a peer, if one is given. usage: guest.sh KERNEL-RELEASE FILE
set -eu
release=$1 file=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root"/{bin,proc,dev}
cp /bin/busybox "$root/bin/"
for applet in sh mount ip insmod ping nc cat; do ln -s busybox "$root/bin/$applet"; done
modprobe -S "$release" -a --show-depends virtio_pci virtio_net | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
	while read -r module; do
		cp "$module" "$root/"
		basename "$module" >>"$root/modules"
	done
cat >"$root/init" <<'END'
#!/bin/sh
mount -t proc none /proc
mount -t devtmpfs none /dev
for word in $(cat /proc/cmdline); do
	case $word in address=* | peer=*) eval "$word" ;; esac
done
for module in $(cat /modules); do insmod "/$module"; done
until ip link set eth0 up; do :; done
ip addr add "$address/24" dev eth0
[ -z "$peer" ] || exec ping "$peer"
while :; do nc -l -p 7; done
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$file"
