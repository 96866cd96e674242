#!/bin/bash
# timeout: 300
# viewfs against a plain tree: the same random calls on both give the same, and so do the trees in the
# end, after a mount anew as well; cow leaves TARGET alone. SEED=N repeats one run, COUNT=N says how long.
. "$(dirname "$0")/lib/viewfs.sh"

compare() { # NAME OPTIONS SEED [PREPARE]
	local options=$2 seed=$3
	rm -rf target source copy original
	mkdir target source
	"$same" -m "$seed" target
	cp -a target copy
	${4:-:}
	cp -a target original
	mount_view "$options" source target || return
	ok "$1, seed $seed" "$same" "$seed" "${COUNT:-2500}" target copy
	umount_view target
	ok "mounted again" mount_view "$options" source target
	ok "it is the same" "$same" -c target copy
	umount_view target
	[[ $options != *mode=cow* ]] || ok "TARGET is untouched" "$same" -c target original
}
read_only() { mount --bind target target && mount -o remount,bind,ro target; }
to_source() { mv target/* source/; }

base=${SEED:-$((RANDOM * 32768 + RANDOM))}
compare cow mode=cow "$base"
compare "cow with vstat" mode=cow,vstat $((base + 1))
compare "cow with nochcopy" mode=cow,nochcopy $((base + 2))
compare "cow with default_permissions" mode=cow,default_permissions $((base + 3))
compare "cow with writeback" mode=cow,writeback $((base + 4))
compare "cow with writeback and vstat" mode=cow,writeback,vstat $((base + 9))
compare mincow mode=mincow $((base + 5))
compare merge mode=merge $((base + 6))
compare move mode=move $((base + 7)) to_source
compare "mincow on a read-only TARGET" mode=mincow $((base + 8)) read_only
umount target
done_testing
