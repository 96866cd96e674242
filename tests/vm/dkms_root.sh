#!/bin/bash
# Make a Debian 12 root with dkms, a compiler and the headers of bookworm's kernel, for the test of DKMS.
#
# usage: tests/vm/dkms_root.sh           prints the path of the root
#
# The root is made anew when the kernel's release or the list of packages changes. Tests work in a tmpfs over it.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"

if [ "$(id -u)" -ne 0 ]; then
	echo "A Debian root can only be made and entered by root; run this as root" >&2
	exit 1
fi
kernel=$("$here/kernels.sh" --dir 6.1)
release=$(cat "$kernel/release")
packages=dkms,gcc,make,openssl,linux-headers-$release
root=$CACHE/roots/dkms-$(echo "$packages" | sha256sum | head -c 12)

make_root() {
	local start=$SECONDS
	[ ! -e "$root/etc/debian_version" ] || return 0
	say "making a Debian 12 root with dkms and the headers of $release"
	mkdir -p "$CACHE/roots"
	rm -rf --one-file-system "$CACHE"/roots/dkms-*
	debian_root bookworm "$root.new" "$packages"
	mv "$root.new" "$root"
	say "the root with dkms is ready, $((SECONDS - start)) s"
}
locked dkms-root make_root
echo "$root"
