#!/bin/bash
# Make the userland of guests: a Debian 12 file system with the packages of tests/vm/packages.
#
# usage: tests/vm/userland.sh           prints the path of the image
#
# The image is ext4, not compressed: under emulation decompressing costs more than reading does. It is
# mounted read-only; each guest puts a tmpfs over it. It is made anew when the list of packages or
# this script changes, and when it is older than 30 days.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"
. "$here/apt.sh"

ready() { [ -e "$image" ] && fresh "$image" 720; }

make_image() {
	local packages new=$CACHE/guest.new start=$SECONDS
	if ready || { [ -e "$image" ] && ! apt_refresh; }; then return; fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "The userland of guests is a Debian root, which only root can make; run this as root once" >&2
		return 1
	fi
	packages=$(awk '!/^#/ && NF { print $1 }' "$here/packages" | paste -sd,)
	say "making the userland of guests (Debian bookworm, $(grep -c '^[a-z]' "$here/packages") packages named)"
	rm -rf --one-file-system "$new"
	debian_root bookworm "$new" "$packages" \
		--customize-hook='chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash user' \
		--customize-hook='chroot "$1" passwd --quiet --delete root' \
		--customize-hook='echo guest >"$1/etc/hostname"; echo "127.0.0.1 localhost guest" >"$1/etc/hosts"' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
		--customize-hook='mkdir -p "$1/lib/modules"'
	rm -f "$image.new"
	truncate -s $(($(du -sxk "$new" | cut -f1) * 5 / 4 + 65536))K "$image.new"
	mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$new" "$image.new"
	rm -rf --one-file-system "$new"
	find "$CACHE" -maxdepth 1 -name 'guest-*.ext4' -mtime +7 -delete
	mv "$image.new" "$image"
	say "the userland is ready, $((SECONDS - start)) s, $(du -sh "$image" | cut -f1)"
}

image=$CACHE/guest-$(cat "$here/packages" "$here/userland.sh" | sha256sum | head -c 16).ext4
ready || locked guest make_image
echo "$image"
