#!/bin/bash
# timeout: 900
# The module through DKMS, as an administrator of Debian 12 has it: added, built and installed from a
# clean copy of the sources, then loaded by opening its device node, in a guest.
#
# tests/vm/dkms_root.sh makes the root with dkms and the headers; each run works in a tmpfs over it.
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"

fail() { echo "1..0 # $*"; exit 1; }
kernel=$("$top/tests/vm/kernels.sh" --dir 6.1) || fail "no kernel"
release=$(cat "$kernel/release")
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
root=$("$top/tests/vm/dkms_root.sh") || fail "no root"

work=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-dkms.XXXXXX")
at_exit "umount -R $work/root $work 2>/dev/null; rm -rf $work"
mount -t tmpfs tmpfs "$work" && mkdir "$work/upper" "$work/work" "$work/root" "$work/tree" &&
	mount -t overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" overlay "$work/root" &&
	mount -t proc proc "$work/root/proc" || fail "cannot mount a tmpfs and an overlay"
inside() { chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C "$@"; }

# What git has, with changes not yet committed: nothing that a build left behind.
(cd "$top" && git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'ls -d "$@" 2>/dev/null' sh |
	cpio --quiet -pdm "$work/tree")
ok "make dkms-source copies what dkms needs" make -s -C "$work/tree" dkms-source DESTDIR="$work/root"
ok "dkms add" inside dkms add "vsquare/$version"
ok "dkms build" inside dkms build "vsquare/$version" -k "$release"
build_log=$(cat "$work/root/var/lib/dkms/vsquare/$version/$release/x86_64/log/make.log" 2>/dev/null)
ok "the build gives no warning" eval '[ -n "$build_log" ] && ! printf "%s\n" "$build_log" | grep -i warning'
ok "dkms install" inside dkms install "vsquare/$version" -k "$release"
# The exit status by which dkms says that a module is not for this kernel; the kernel's package goes on then.
inside dkms build "vsquare/$version" -k "${release%-amd64}-rt-amd64" --kernelsourcedir "/lib/modules/$release/build" \
	>/dev/null 2>&1
is "dkms leaves a kernel with PREEMPT_RT alone" $? 77
status=$(inside dkms status)
echo "# dkms status: $status"
is "dkms status lists it as installed" "$status" "vsquare/$version, $release, x86_64: installed"

installed=$work/root/lib/modules/$release/updates/dkms
like "the module is where modprobe finds it" "$(ls "$installed")" '^kmview\.ko'
like "and so is the switch's" "$(ls "$installed")" '(^|.)kvde\.ko'
like "it is signed with the machine's own key" "$(modinfo -F sig_key "$installed"/kmview.ko* | head -c 2)" '^[0-9A-F]{2}$'

# A guest of that kernel with nothing of ours in its /lib/modules but what dkms installed.
modules=$top/build/dkms/lib/modules
rm -rf "$modules"
mkdir -p "$modules"
cp -r "$kernel/lib/modules/$release" "$modules/"
mkdir -p "$modules/$release/updates"
cp -r "$installed" "$modules/$release/updates/"
depmod -b "$top/build/dkms" "$release"
while IFS= read -r line; do
	case $line in
	'ok '*) tap_result 0 "${line#ok * - }" ;;
	'not ok '*) tap_result 1 "${line#not ok * - }" ;;
	*..*) ;;
	*) echo "$line" ;;
	esac
done < <("$top/tests/vm/run" 6.1 --unloaded --modules "$modules" tests/kmview/dkms-guest.sh)

ok "dkms remove" inside dkms remove "vsquare/$version" --all
is "nothing is left of it" "$(inside dkms status; ls "$installed" 2>/dev/null)" ""
done_testing
