#!/bin/bash
# timeout: 900
# KUnit tests of the module's own logic, in a User-Mode Linux.
#
# Each kmod/kmview/NAME_test.c becomes a module, together with the sources of the headers that it
# includes; it is loaded into the kernel that tests/vm/compile.sh makes, which logs its results.
# Hooks cannot be tested here, because User-Mode Linux has no ftrace. tests/lib/uml_state.c says what is preloaded.
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"

kernel=$("$top/tests/vm/compile.sh" uml) || { echo "1..0 # no kernel"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/vsquare-kunit.XXXXXX")
at_exit "rm -rf $work"

mkdir -p "$work/src" "$work/root/bin"
suites=()
for file in "$top"/kmod/kmview/*_test.c; do
	name=$(basename "$file" _test.c)
	suites+=("$name")
	objects=$(sed -n 's/^#include "\(.*\)\.h"/\1.o/p' "$file" | while read -r object; do
		[ ! -e "${file%/*}/${object%.o}.c" ] || echo "$object"
	done | xargs)
	echo "obj-m += ${name}_kunit.o"
	echo "${name}_kunit-y := ${name}_test.o $objects"
done >"$work/src/Kbuild"
cp "$top"/kmod/kmview/*.[ch] "$work/src/"
cp -r "$top/kmod/kmview/uapi" "$work/src/"

ok "the tests of ${#suites[@]} files compile without warnings for $(cat "$kernel/release")" \
	make -C "$kernel/kdir" ARCH=um M="$work/src" KCFLAGS=-Werror modules

cp /bin/busybox "$work/root/bin/"
cp "$work"/src/*.ko "$work/root/"
cat >"$work/root/init" <<'END'
#!/bin/busybox sh
for module in /*.ko; do /bin/busybox insmod $module; done
/bin/busybox poweroff -f
END
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio --quiet -o -H newc) >"$work/initrd"
LD_PRELOAD=$top/build/tests/lib/uml_state.so TMPDIR=$work timeout 120 "$kernel/vmlinux" mem=128M initrd="$work/initrd" rdinit=/init con=null con0=null,fd:2 \
	panic=-1 </dev/null >"$work/log" 2>&1

# A result of a test is indented under its suite; the line of the suite itself is not.
while read -r verdict what; do
	[ "$verdict" = ok ]
	tap_result $? "$what" "$(grep -B 12 "not ok .* ${what#*: }" "$work/log")"
done < <(tr -d '\r' <"$work/log" | awk '
	/# Subtest: / { suite = $NF }
	/^    (not )?ok / { bad = /^    not/; sub(/^ *(not )?ok [0-9]+ (- )?/, ""); print (bad ? "bad" : "ok"), suite ": " $0 }')
for name in "${suites[@]}"; do
	ok "$name: the suite ran" grep -q "^    # Subtest: .*$name" "$work/log"
done
ok "the kernel did not complain" eval "! grep -E -f '$top/tests/vm/complaints' '$work/log'"
done_testing
