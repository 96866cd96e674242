#!/bin/bash
# kmtrace guard with real programs: in a guest on /dev/kmview, natively on seccomp.
#
# usage: guard.sh ENGINE [TRACER]
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
engine=${1:-kmview} tracer=$PWD/${2:-build/bin/kmtrace}
work=$(mktemp -d) || exit 2
at_exit 'rm -rf "$work"'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
python=$(readlink -f /usr/bin/python3)
rules() { cat >"$work/rules"; }
incidents() { cat "$work/incidents"; }
guard() { "$tracer" guard -q --engine "$engine" -o "$work/incidents" "$@"; }
guarded() { guard "$work/rules" -- "$@"; }

# ---- the language
rules <<-'END'
	# what an administrator writes
	on read "/etc/shadow*", "**/id_rsa": mark secret, log "a secret is read"
	on connect not "127.0.0.0/8:*", "[::1]:53", "@name", "/run/*.sock" if secret and not trusted: deny EACCES
	on write "/usr/**" not by "/usr/bin/apt", "/usr/bin/dpkg": log, run "cat"
	on exec writable: stop   on listen: mark server
	on exec "/bin/sh" if server: kill, tell 2
	on call ptrace, %clock: refuse
END
is "good rules are good" "$("$tracer" guard --check "$work/rules" 2>&1; echo $?)" 0
n=0
while IFS='|' read -r text place; do
	n=$((n + 1))
	printf '%b' "$text" >"$work/wrong"
	said=$("$tracer" guard --check "$work/wrong" 2>&1)
	status=$?
	[ $status -eq 125 ] && [[ $said == "kmtrace: $work/wrong:$place: "* ]] && [ "$(wc -l <<<"$said")" -eq 1 ]
	tap_result $? "wrong rules $n: one sentence with its place" "$place: $status: $said"
done <tests/kmview/guard.wrong
# A good file, or one sentence.
parses() {
	local status
	"$tracer" guard --check "$1" >"$work/said" 2>&1
	status=$?
	[ $status -eq 0 ] || { [ $status -eq 125 ] && [ "$(wc -l <"$work/said")" -eq 1 ]; } || { cat "$work/said"; return 1; }
}
for seed in tests/kmview/guard-seeds/*; do ok "${seed##*/} is parsed or explained" parses "$seed"; done
# Each seed, cut and with bytes changed, by a fixed series of numbers.
RANDOM=1
mutants=0 bad=0
for seed in tests/kmview/guard-seeds/* "$work/rules"; do
	size=$(stat -c %s "$seed")
	for round in 1 2 3 4; do
		at=$((RANDOM % size)) byte=$(printf '\\x%02x' $((RANDOM % 256)))
		{ head -c "$at" "$seed"; printf '%b' "$byte"; [ $((round % 2)) -eq 0 ] || tail -c +$((at + 2)) "$seed"; } >"$work/mutant"
		mutants=$((mutants + 1))
		parses "$work/mutant" >/dev/null || bad=$((bad + 1))
	done
done
is "$mutants changed seeds: none crashes" "$bad" 0
like "rules that are not there are told" "$("$tracer" guard /nonexistent true 2>&1)" 'cannot read the rules /nonexistent: No such file'
like "no command is told" "$("$tracer" guard "$work/rules" 2>&1)" 'which command to run'

# ---- sequences: who read a file may not connect
mkdir "$work/private" && echo key >"$work/private/key" && ln -s private/key "$work/link"
cat >"$work/connect.py" <<-'END'
	import os, socket, sys, threading
	server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(16)
	def attempt(who):
	    try: socket.create_connection(server.getsockname()).close(); print(who, "connected")
	    except OSError as error: print(who, error.strerror)
	    sys.stdout.flush()
	attempt("before")
	os.chdir(sys.argv[2])
	if sys.argv[1] == "thread":
	    thread = threading.Thread(target=lambda: open("link").read()); thread.start(); thread.join()
	elif sys.argv[1] == "dirfd": os.open("key", os.O_RDONLY, dir_fd=os.open("private", os.O_RDONLY))
	elif sys.argv[1] == "proc": open("/proc/self/cwd/private/../private/key").read()
	elif sys.argv[1] == "none": open("/etc/hostname").read()
	else: open(sys.argv[2] + "/private/key").read()
	attempt("after")
	if os.fork() == 0:
	    attempt("child")
	    os.execl(sys.executable, sys.executable, "-c", "import socket\ntry: socket.create_connection(('127.0.0.1', %d)); print('program connected')\nexcept OSError as e: print('program', e.strerror)" % server.getsockname()[1])
	os.wait()
END
rules <<-END
	on read "$work/private/**": mark secret
	on connect if secret: deny EACCES, log "a secret could leave"
END
for how in plain thread dirfd proc; do
	is "$how: who read the file connects no more, nor do its children" \
		"$(guarded "$python" "$work/connect.py" $how "$work" 2>&1 | tr '\n' ';')" \
		"before connected;after Permission denied;child Permission denied;program Permission denied;"
	is "$how: each is told" "$(incidents | grep -c 'secret\]: connect "127.0.0.1:[0-9]*": denied with EACCES: a secret could leave')" 3
done
is "who reads something else connects" "$(guarded "$python" "$work/connect.py" none "$work" | grep -c ' connected')" 4
is "and nothing is told" "$(incidents)" ""
guard --json "$work/rules" -- "$python" "$work/connect.py" plain "$work" >/dev/null
is "--json: one object for each" "$(jq -r '[.event, .action, .error, .labels[0], .message] | join(",")' "$work/incidents" | sort -u)" \
	"connect,denied,EACCES,secret,a secret could leave"
rules <<-END
	on read "$work/private/**": mark secret
	on connect "127.0.0.0/8:*" if secret: log
	on connect "10.0.0.0/8:*", "[::1]:*": deny
END
is "addresses: a network" "$(guarded "$python" "$work/connect.py" plain "$work" | grep -c ' connected'; incidents | wc -l)" "4
3"

# ---- trees: writes by programs that are not listed
mkdir "$work/tree" "$work/tree/below" "$work/files" && echo 1 >"$work/files/a" && tar -C "$work/files" -cf "$work/files.tar" a
tar=$(readlink -f "$(command -v tar)")
rules <<-END
	on write "$work/tree/**" not by "$tar": deny EROFS
END
guarded sh -c "cd $work/tree/below && tar -xf $work/files.tar"
ok "a listed program writes below the tree" cmp "$work/files/a" "$work/tree/below/a"
is "and nothing is told" "$(incidents)" ""
for how in "echo x >$work/tree/new" "cd $work/tree && echo x >>below/a" "mkdir $work/tree/dir" "rm $work/tree/below/a" "mv $work/tree/below/a $work/away" \
	"ln $work/files/a $work/tree/hard" "ln -s a $work/tree/soft" "chmod 0 $work/tree/below/a" "touch $work/tree/below/a" \
	"ln -s $work/tree $work/to-tree; echo x >$work/to-tree/new" "truncate -s 0 $work/tree/below/a"; do
	said=$(guarded sh -c "$how" 2>&1)
	like "refused: ${how//$work/}" "$said" 'Read-only file system'
done
is "the tree is as it was" "$(cd "$work/tree" && find . | sort | tr '\n' ' '; cat "$work/tree/below/a")" ". ./below ./below/a 1"
like "reading is not writing" "$(guarded cat "$work/tree/below/a")" '^1$'

# ---- a shell born of a server
cat >"$work/server.py" <<-'END'
	import os, socket, sys
	if sys.argv[1] == "listen": s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1)
	print("status", os.waitstatus_to_exitcode(os.system("echo shell")), flush=True)
END
rules <<-'END'
	on listen: mark server
	on exec "/bin/sh", "/bin/bash" if server: kill
END
said=$(guarded "$python" "$work/server.py" listen)
like "a shell of a server is killed" "$said" '^status -9$'
ok "and says nothing" eval '! grep -q "^shell" <<<"$said"'
like "and is told" "$(incidents)" '\[server\]: exec "/[^"]*/(dash|bash)": killed$'
like "one of a program that does not listen runs" "$(guarded "$python" "$work/server.py" quiet)" '^shell$'
rules <<-'END'
	on listen: mark server
	on exec "/bin/sh" if server: stop
END
guarded "$python" "$work/server.py" listen >/dev/null &
tracing=$!
stopped() { pid=$(sed -n 's/.*process \([0-9]*\) .*stopped.*/\1/p' "$work/incidents") && [ -n "$pid" ] && grep -q '^State:.T' "/proc/$pid/status"; }
until_true 60 stopped # not by ok, whose subshell would keep the number
tap_result $? "stop stops the process"
[ -z "${pid:-}" ] || kill -KILL "$pid"
wait $tracing
is "and all ends with it" $? 0

# ---- programs that others may have put there
mkdir -m 1777 "$work/common" && cp /bin/true "$work/common/put" && chmod 755 "$work"
rules <<<'on exec writable: deny EACCES'
like "a program in a directory of all is refused" "$(guarded sh -c "$work/common/put" 2>&1)" 'Permission denied'
is "one of root's runs" "$(guarded /usr/bin/true; echo $?)" 0
is "and nothing is told" "$(incidents)" ""
cat >"$work/memfd.py" <<-'END'
	import os
	fd = os.memfd_create("p"); os.write(fd, open("/usr/bin/true", "rb").read())
	try: os.execve(fd, ["true"], {})
	except OSError as error: print(error.strerror)
END
is "nor does one from memory run" "$(guarded "$python" "$work/memfd.py")" "Permission denied"

# ---- calls, other actions
rules <<-'END'
	on call mkdir, mkdirat: refuse ENOSPC
	on call getppid: log "seen"
END
like "refuse answers" "$(guarded mkdir "$work/no" 2>&1)" 'No space left'
is "and tells nothing" "$(incidents)" ""
rules <<-END
	on write "$work/told*": run "cat >$work/run.out", tell 9
END
guarded sh -c "echo x >$work/told1" 9>"$work/tell.out"
is "run gets the incident" "$(jq -r .object "$work/run.out")" "$work/told1"
is "tell, too" "$(jq -r .event "$work/tell.out")" write
guarded sh -c 'echo y >&9' 9>"$work/tell.out" 2>/dev/null
ok "the descriptor is not the command's" eval '! grep -q y "$work/tell.out"'
rules <<-END
	on write "$work/**" by "/usr/bin/**": allow
	on write "$work/**": deny
END
is "the first last word counts" "$(guarded /usr/bin/touch "$work/allowed"; echo $?)" 0
is "the exit status is the command's" "$(guarded sh -c 'exit 7'; echo $?)" 7

# ---- what could be done unseen
cat >"$work/ring.py" <<-'END'
	import ctypes, os
	libc = ctypes.CDLL(None, use_errno=True)
	print(libc.syscall(425, 1, ctypes.create_string_buffer(256)), os.strerror(ctypes.get_errno()))
END
rules <<<'on call getppid: log'
is "there are no rings by which files could be opened unseen" "$(guarded "$python" "$work/ring.py")" "-1 Function not implemented"

# ---- races: a thread changes the name while another opens it
if [ "$engine" = kmview ]; then
	cat >"$work/race.c" <<-'END'
		#include <fcntl.h>
		#include <pthread.h>
		#include <stdio.h>
		#include <string.h>
		#include <unistd.h>
		static char name[64];
		static char *names[2];
		static void *change(void *unused) { for (unsigned int i = 0;; i++) memcpy(name, names[i & 1], 39); return unused; }
		int main(int argc, char **argv)
		{
			pthread_t thread;
			char key[4];
			names[0] = argv[1]; names[1] = argv[2];
			memcpy(name, names[0], 39);
			pthread_create(&thread, NULL, change, NULL);
			for (int i = 0; i < 3000; i++) {
				int fd = open(name, O_RDONLY);
				if (fd >= 0 && read(fd, key, 3) == 3 && !memcmp(key, "key", 3)) { usleep(100000); puts("got it"); return 0; }
				if (fd >= 0) close(fd);
			}
			puts("never"); return 0;
		}
	END
	tcc -o "$work/race" "$work/race.c" -lpthread
	secret=/tmp/r/$(printf 'k%.0s' {1..32}) public=/tmp/r/$(printf 'p%.0s' {1..32})
	mkdir /tmp/r && printf key >"$secret" && printf pub >"$public"
	rules <<<'on read "/tmp/r/k*": deny'
	said=$(guard --strict "$work/rules" -- "$work/race" "$public" "$secret")
	ok "--strict: who changes the name in between does not live to use it" eval '! grep -q "got it" <<<"$said"'
	like "and is told, or was refused each time" "$(tail -n 1 "$work/incidents")" 'got by another name|denied'
fi

# ---- learning: a small build, twice
mkdir "$work/build" && cp tests/kmview/open_close.c "$work/build/a.c" && for i in 1 2 3 4; do echo "int f$i(void) { return $i; }" >"$work/build/f$i.c"; done
compiler=$(command -v tcc || command -v gcc)
printf 'all: prog\nprog: a.o f1.o f2.o f3.o f4.o\n\t%s -o $@ $^\n%%.o: %%.c\n\t%s -c -o $@ $<\nclean:\n\trm -f *.o prog\n' "$compiler" "$compiler" >"$work/build/Makefile"
guard --learn "$work/learnt" -- make -s -C "$work/build"
ok "learning lets the command do its work" test -x "$work/build/prog"
ok "what is learnt can be read" "$tracer" guard --check "$work/learnt"
rm "$work"/build/*.o "$work/build/prog"
guard "$work/learnt" -- make -s -C "$work/build"
is "false alarms when the same is built again" "$(incidents)" ""
touch "$work/build/f1.c"
guard "$work/learnt" -- make -s -C "$work/build"
is "false alarms when a part is built again" "$(incidents)" ""
cp /bin/true "$work/build/evil"
guard "$work/learnt" -- make -s -C "$work/build" --eval "extra: ; $work/build/evil; :" extra
like "what the build did not do is told" "$(incidents)" 'exec ".*evil": logged'
done_testing
