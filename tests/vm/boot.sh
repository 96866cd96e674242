#!/bin/bash
# timeout: 1500
# The ground of the other tests in guests: each kernel boots, our modules load, and what goes wrong in
# a guest is seen from outside.
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"
cd "$top" || exit 1

for kernel in $(awk '!/^#/ && NF { print $1 }' tests/vm/kernels); do
	dir=$(tests/vm/kernels.sh --dir "$kernel") || exit 1
	release=$(cat "$dir/release")
	out=$(tests/vm/run "$kernel" bash -c '
		uname -r
		echo "modules: $(ls "/lib/modules/$(uname -r)/updates" | sed s/.ko// | while read -r m; do
			grep -q "^$m " /proc/modules && echo "$m"; done | xargs)"
		setpriv --reuid=1000 --regid=1000 --clear-groups bash -c "id -un; : <>/dev/kmview && echo opened"
		touch build/x 2>&1 | grep -o "Read-only.*"; touch /usr/x && echo written
		cat /proc/cmdline' 2>&1)
	ok "$kernel: $release boots" grep -qxF "$release" <<<"$out"
	like "$kernel: our modules are loaded" "$out" '^modules: .*kmview'
	like "$kernel: an ordinary user opens /dev/kmview" "$out" '^opened$'
	like "$kernel: the source tree is there, read-only" "$out" '^Read-only file system$'
	like "$kernel: the userland can be written to" "$out" '^written$'
	like "$kernel: the kernel checks itself" "$out" 'slub_debug=FZP page_poison=1 kfence.sample_interval=1 panic_on_warn=1'
done

out=$(tests/vm/run 6.12 bash -c 'echo 1..2; echo "BUG: made up" >/dev/kmsg; echo "ok 1 - first"; echo "ok 2 - second"')
like "a complaint of the kernel fails the test that was running" "$out" '^not ok 1 - first'
like "and is shown" "$out" '^# kernel: BUG: made up'
like "and does not fail the next" "$out" '^ok 2 - second'

# The kernel panics once the plan and the first result, 18 bytes, have left by the serial line.
out=$(tests/vm/run 6.12 bash -c 'echo 1..2; echo "ok 1 - first"
	sent() { sed -n "s/^1:.* tx:\([0-9]*\).*/\1/p" /proc/tty/driver/serial; }
	until [ "$(sent)" -ge 18 ]; do :; done
	echo c >/proc/sysrq-trigger'; echo "status $?")
like "a panic fails the test that was running" "$out" '^not ok 2 - '
like "and its trace is shown" "$out" '^# kernel: .*sysrq_handle_crash'
like "and the exit status tells" "$out" '^status 1$'

out=$(tests/vm/run 6.12 --append vsquare.first=1 --append report_silent=3 bash -c 'cat /proc/cmdline; sleep 5')
like "boot options are passed on" "$out" 'vsquare.first=1 report_silent=3'
like "a guest that says nothing for a while tells what runs in it" "$out" '^# guest: +[0-9]+ S sleep 5'

tests/vm/run 6.12 bash -c 'exit 7' >/dev/null
is "the exit status is the program's" $? 7
out=$(tests/vm/run 6.12 --time 12 sleep 1000; echo "status $?")
like "a guest that does not end is given up" "$out" '^not ok 1 - the guest did not end in 12 s'
done_testing
