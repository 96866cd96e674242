#!/bin/bash
# One machine's share of the measurements of views: prints lines "WORKLOAD CONTEXT NANOSECONDS PROCESSOR-NANOSECONDS".
#
# usage: bench_rounds.sh ROUNDS SHARE ENGINE...     as root, on a host or in a guest
#
# SHARE: of each workload, one so many'th is done. Contexts, in turn in each round, all as the user 1000:
#   native            no view                   ENGINE/untouched  in a view, on the same files
#   proot             under proot               ENGINE/mounted    in a view, on an ext4 image mounted there
#   fuse              on the same image, mounted by the same server with unshare(1)
#   ENGINE/mounted-ro, fuse-ro    the same two, mounted read-only; find is the second pass over the tree
#   plain, overlay, viewfs    on a tree in a mount namespace: the tree, or with a layer to write over it,
#                     that of the kernel or viewfs -o cow
#   ENGINE/start      from the command to the end of true(1) in a view; unshare: the same with unshare(1)
set -u
cd "$(dirname "$0")/../.." || exit 2
rounds=$1 share=$2 top=$PWD
shift 2
engines=("$@")
bench=$top/build/tests/view/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
entries=$((30000 / share / 100 * 100 + 400))
big=$((32 / share + 1))M
sources=$((50 / share + 2))

user() {
	(cd "$work" && exec setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME="$work" USER=user LANG=C \
		BENCH_SHARE="$share" PATH="$top/build/bin:/usr/bin:/bin:/usr/sbin:/sbin" "$@")
}

# ---- the files: a tree, a repository, sources, a big file, a program
mkdir "$work/files" "$work/m" "$work/flat"
(cd "$work/flat" && touch $(seq 300))
awk -v n=$entries 'BEGIN { for (i = 0; i < n / 100; i++) print "d" i }' | (mkdir "$work/files/tree" && cd "$work/files/tree" && xargs mkdir)
for directory in "$work"/files/tree/*; do (cd "$directory" && touch $(seq 99)); done
head -c $big /dev/urandom >"$work/files/big"
head -c 4096 /dev/urandom >"$work/files/small"
cp /bin/true "$work/files/true"
mkdir "$work/files/src"
for i in $(seq $sources); do printf '#include <stdio.h>\nint f%d(int x)\n{\n\tprintf("%%d", x);\n\treturn x;\n}\n' "$i" >"$work/files/src/$i.c"; done
printf 'all: %s\n%%.o: %%.c\n\t@cc -O1 -c -o /dev/null $<\n' "$(seq -s' ' -f %g.o $sources)" >"$work/files/src/Makefile"
printf "[safe]\n\tdirectory = *\n" >"$work/.gitconfig"
chown -R 1000:1000 "$work"
if command -v git >/dev/null; then
	user sh -c 'mkdir files/repo && cd files/repo && git init -q && cp -r ../src . && cp -r ../tree/d1 ../tree/d2 ../tree/d3 . &&
		git add . && git -c user.name=u -c user.email=u@v commit -qm all' >/dev/null
fi
user mke2fs -q -t ext4 -N $((entries + 4000)) -d files -E root_owner=1000:1000 image 160M >/dev/null || exit 1

# ---- a workload in a context
workload() { # NAME DIRECTORY
	case $1 in
	*stat | *open-read-close) echo "$bench ${1##*/} $2/small" ;;
	getppid) echo "$bench getppid" ;;
	fork-exec) echo "$bench fork-exec $2/true" ;;
	read-*) echo "$bench $1 $2/big" ;;
	*find) echo "$bench run find $2/tree" ;;
	*find-again) echo "find $2/tree >/dev/null && $bench run find $2/tree" ;;
	*unlink) echo "$bench unlink $2" ;;
	git-status) echo "$bench run git -C $2/repo status" ;;
	*gcc) echo "$bench run make -s -C $2/src all" ;;
	esac
}
contexts() {
	case $1 in
	viewfs/*) echo plain overlay viewfs ;;
	ro/*) echo "${engines[@]/%//mounted-ro}" fuse-ro ;;
	getppid) echo native "${engines[@]/%//untouched}" proot ;;
	read-*) echo "${engines[@]/%//mounted}" fuse ;;
	*) echo native "${engines[@]/%//untouched}" proot "${engines[@]/%//mounted}" fuse ;;
	esac
}
first() { [[ $1 != ro/find ]] || echo "find m/tree >/dev/null &&"; }
# A tree to write over, the same for all three: a tmpfs with copies of what the workload uses.
layered() { # WORKLOAD COMMAND-THAT-MOUNTS-low-AND-up-ON-low
	local what=files
	[[ $1 != *unlink ]] || what=flat
	user unshare -Urm sh -c "mount -t tmpfs tmpfs m && cd m && mkdir low up work && (cd $work/$what && tar -c --exclude=./repo \
		--exclude=./big .) | tar -x -C low && $2 && cd low && $(workload "$1" .)"
}
# After its last session has ended the module takes its hooks away, which is nobody else's cost.
unhooked() {
	[ -e /sys/module/kmview/refcnt ] || return 0
	until [ "$(cat /sys/module/kmview/refcnt)" -eq 0 ]; do sleep 0.05; done
	sleep 0.3
}
measure() { # WORKLOAD CONTEXT
	unhooked
	case $2 in
	native) user sh -c "$(workload "$1" files)" ;;
	*/untouched) user "${2%/*}" -q -N sh -c "$(workload "$1" files)" ;;
	proot) user proot sh -c "$(workload "$1" files)" ;;
	*/mounted) user "${2%/*}" -q -N sh -c "mount -t ext4 image m && $(workload "$1" m)" ;;
	*/mounted-ro) user "${2%/*}" -q -N sh -c "mount -r -t ext4 image m && $(first "$1") $(workload "$1" m)" ;;
	fuse-ro) user unshare -Urm sh -c "fuse2fs image m -o fakeroot,ro 2>/dev/null && $(first "$1") $(workload "$1" m)" ;;
	fuse) user unshare -Urm sh -c "fuse2fs image m -o fakeroot,rw 2>/dev/null && $(workload "$1" m)" ;;
	plain) layered "$1" : ;;
	overlay) layered "$1" "mount -t overlay -o lowerdir=low,upperdir=up,workdir=work,userxattr overlay low" ;;
	viewfs) layered "$1" "viewfs -o cow up low" ;;
	esac
}
workloads='stat open-read-close getppid fork-exec find read-4k read-1m'
command -v git >/dev/null && workloads="$workloads git-status"
command -v cc >/dev/null && workloads="$workloads gcc"
workloads="$workloads ro/stat ro/open-read-close ro/find"
workloads="$workloads viewfs/stat viewfs/open-read-close viewfs/find viewfs/find-again viewfs/unlink"
command -v cc >/dev/null && workloads="$workloads viewfs/gcc"
for round in $(seq "$rounds"); do
	echo "# round $round of $rounds" >&2
	for name in ${WORKLOADS:-$workloads}; do
		for context in $(contexts "$name"); do
			[ "$context" != proot ] || command -v proot >/dev/null || continue
			figure=$(measure "$name" "$context") && echo "$name $context $figure"
		done
	done
	[ -z "${WORKLOADS:-}" ] || continue
	for engine in "${engines[@]}"; do
		unhooked
		echo "start $engine/start $(user "$bench" run "$engine" -q -N true)"
	done
	echo "start unshare $(user "$bench" run unshare -Urm true)"
done
