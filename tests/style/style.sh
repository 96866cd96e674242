#!/bin/bash
# timeout: 1200
# What the code looks like, and what static checkers say about it: `make style`.
#
# checkpatch and sparse are the kernel's own: the first from Debian's package of its source, the
# second run by the kernel's build on each file, against the headers of 6.1 and 6.12. What cppcheck
# found out about a file is kept in build/style until the file changes.
top=$(readlink -f "$(dirname "$0")/../..")
. "$top/tests/lib/tap.sh"
. "$top/tests/vm/cache.sh"
. "$top/tests/vm/apt.sh"
cd "$top" || exit 1

checkpatch=$CACHE/checkpatch
fetch_checkpatch() {
	local new=$checkpatch.new package=linux-source-6.12 version
	[ ! -e "$checkpatch/checkpatch.pl" ] || return 0
	rm -rf "$new"
	mkdir -p "$new"
	apt_refresh || :
	version=$(apt_version bookworm-security "$package") || return
	say "fetching checkpatch out of $package $version"
	(cd "$new" && private_apt apt-get download "$package=$version") >"$new/log" 2>&1 ||
		{ tail -n 5 "$new/log" >&2; return 1; }
	dpkg-deb --fsys-tarfile "$new"/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc -T0 |
		tar -x -C "$new" --strip-components=2 --wildcards '*/scripts/checkpatch.pl' \
			'*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch' || return
	rm "$new"/*.deb
	mv "$new" "$checkpatch"
}
locked checkpatch fetch_checkpatch || exit 1
# A link is looked at where it leads.
mapfile -t sources < <(git ls-files -co --exclude-standard '*.c' '*.h' | while read -r file; do
	[ -L "$file" ] || echo "$file"
done)
mapfile -t module < <(git ls-files -co --exclude-standard 'kmod/*.[chS]')

# A module that lives outside the kernel's tree looks at the kernel's version, in its compat headers.
# A macro that makes symbols does not use each argument, one that makes designators has a blank before the bracket;
# assembly is not C. ENOSYS is what a system call that is not to be there returns, and yielding to the one process that
# has the answer is meant.
patch_check() {
	perl "$checkpatch/checkpatch.pl" --no-tree --terse --no-summary --max-line-length=120 \
		--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_UNUSED,BRACKET_SPACE,ENOSYS,YIELD -f "${module[@]}"
}

format_check() {
	local wrong
	wrong=$(printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 50 clang-format --dry-run 2>&1 | grep -o '^[^ :]*:[0-9]*' | cut -d: -f1 | sort | uniq -c)
	[ -z "$wrong" ] || { echo "places that clang-format would change:"; echo "$wrong"; return 1; }
}

sparse_check() { # KERNEL
	local dir out=$top/build/style/$1
	dir=$(tests/vm/kernels.sh --dir "$1") || return
	rm -rf "$out"
	make -s module-sources KMOD_BUILD="build/style/$1" || return
	make -C "$dir/kdir" M="$out" C=2 CF="-D__CHECK_ENDIAN__" modules >"$out/log" 2>&1 || { cat "$out/log"; return 1; }
	grep -c '^  CHECK' "$out/log"
	! grep -E 'warning:|error:' "$out/log"
}

# cppcheck reads neither the headers of libraries nor the kernel's, so what it says about the kernel's
# lists and macros is not asked for; the compiler knows better what is initialised, and (-Wdangling-pointer) which
# address of a local variable outlives it; arithmetic on void pointers is GNU C; the ends of an array may be symbols of
# the linker's; a pointer to a function is not followed to what it returns; a loop over pointers to pointers ends with one
# to NULL; a call of one function with NULL is taken for one of others, in other files; of some literals of arrays cppcheck makes no syntax tree and says so. Tests are not looked at: they end
# soon, and what matters of theirs runs under the sanitizers.
bug_check() {
	mkdir -p build/style/cppcheck
	cppcheck -j"$(nproc)" --cppcheck-build-dir=build/style/cppcheck --quiet --std=c11 \
		--enable=warning,portability --inline-suppr --error-exitcode=1 -I. \
		--suppress=unknownMacro --suppress=syntaxError --suppress=internalAstError --suppress=arithOperationsOnVoidPointer \
		--suppress=autoVariables --suppress=comparePointers --suppress=uninitvar --suppress=ctuuninitvar \
		--suppress=returnDanglingLifetime --suppress='selfAssignment:kmod/*' \
		--suppress=ctunullpointer --suppress=legacyUninitvar --suppress=nullPointerRedundantCheck:user/view/manager/missing.c \
		$(printf '%s\n' "${sources[@]}" | grep '\.c$' | grep -Ev '^(bpf|tests)/')
}

ok "functions have a word on what they do" tests/style/words.py
ok "checkpatch on ${#module[@]} files of the modules" patch_check
ok "clang-format on ${#sources[@]} files" format_check
ok "sparse against 6.1" sparse_check 6.1
ok "sparse against 6.12" sparse_check 6.12
ok "cppcheck" bug_check
done_testing
