#!/bin/bash
# Everyday work: what git, a compiler, python, strace, gdb and job control do inside is what they do
# outside. What it costs is measured by tests/view/bench.sh.
set -u
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3

as_user mkdir "$work/source" "$work/mount"
cat >"$work/make_source" <<'END'
for i in $(seq 50); do echo "int f$i(int x) { return x * $i + $((i * i)); }" >f$i.c; done
{
	for i in $(seq 50); do echo "int f$i(int);"; done
	echo 'int printf(const char *, ...); int main(void) { long s = 0;'
	for i in $(seq 50); do echo "s += f$i($i);"; done
	echo 'printf("%ld\n", s); return 0; }'
} >main.c
{
	echo 'all: $(patsubst %.c,%.o,$(wildcard *.c))'
	printf '\tcc -g -o all $^\n'
	echo '%.o: %.c'
	printf '\tcc -g -c -o $@ $<\n'
} >Makefile
git -c init.defaultBranch=main init -q .
git add .
git -c user.name=u -c user.email=u@localhost commit -qm first
END
ok "a source tree" as_user bash -c "cd $work/source && . $work/make_source"

# both DESCRIPTION COMMAND: is the output in the view that of outside?
both() { is "$1" "$(in_view a "$2")" "$(cd "$work" && as_user bash -c "$2" 2>&1)"; }

view_start a
ok "on the files of an image" in_view a "mke2fs -q -F -t ext4 $work/image 64M >/dev/null && mount -t ext4 $work/image $work/mount"
for place in tmp mount; do
	cd=$work/$place
	ok "git clone in $place" in_view a "git clone -q $work/source $cd/clone"
	is "git status finds nothing" "$(in_view a "git -C $cd/clone status --porcelain")" ''
	is "and finds a change" "$(in_view a "echo >>$cd/clone/main.c && git -C $cd/clone status --porcelain")" ' M main.c'
	ok "fifty files are compiled" in_view a "make -s -j4 -C $cd/clone"
	is "into a program that runs" "$(in_view a "$cd/clone/all")" 85850
	ok "python's venv" in_view a "$python -m venv --without-pip $cd/venv"
	is "whose python knows where it is" "$(in_view a "$cd/venv/bin/python -c 'import sys; print(sys.prefix)'")" "$cd/venv"
	like "strace -c" "$(in_view a "strace -c $cd/clone/all")" 'execve$'
	like "gdb runs to a breakpoint" "$(in_view a "gdb -q -batch -ex 'break f50' -ex run -ex bt -ex continue $cd/clone/all")" \
		'^#1 .* main '
	ok "removed" in_view a "rm -rf $cd/clone $cd/venv"
done
both "a thousand forks" 'n=0; for i in $(seq 1000); do (exit 3) || n=$((n + $?)); done; echo $n'
both "pipes" 'seq 100000 | sort -r | tail -n 3 | tr "\n" " "'
both "limits, umask, working directory" 'ulimit -a; umask; pwd'
both "environment, but for what the view adds" 'env | grep -v "^_=\|^OLDPWD\|^debian_chroot=\|^_VIEWOS" | sort'
both "signals" 'trap "echo usr1" USR1; kill -USR1 $$; (kill -TERM $BASHPID); echo $?'
is "stopped and continued" "$(in_view a "set -m; sleep 1000 & pid=\$!; kill -TSTP \$pid; wait -f \$pid 2>/dev/null & 
	until grep -q 'T (stopped)' /proc/\$pid/status; do :; done; echo stopped; bg >/dev/null; kill \$pid; wait \$pid 2>/dev/null; echo \$?; set +m" | grep -v "Terminated")" \
	"stopped
143"
# a terminal: Ctrl-Z and fg
shown=$(as_user script -qec "$engine -q bash --norc -i" /dev/null < <(
	echo "PS1='ready> '; sleep 1000"
	until grep -lzq '^sleep$' /proc/[0-9]*/cmdline 2>/dev/null && [ -n "$(processes | grep ' sleep 1000')" ]; do :; done
	printf '\032'
	until grep -q 'T (stopped)' "/proc/$(processes | grep ' sleep 1000' | cut -d' ' -f1 | head -n1)/status"; do :; done
	echo "jobs; kill %1; fg"
	until [ -z "$(processes | grep ' sleep 1000')" ]; do :; done
	echo "exit 0"
) 2>&1)
like "Ctrl-Z stops a command at the terminal" "$shown" '\[1\]\+? +Stopped +sleep 1000'
like "fg takes it up again" "$shown" 'Terminated|sleep 1000'
ok "unmounted" in_view a "umount $work/mount"
view_end a
ok "fsck finds nothing" fsck.ext4 -fn "$work/image"
as_user rm -rf "$work/tmp/image"
nothing_left
done_testing
