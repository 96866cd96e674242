#!/bin/bash
# The rules of kmtrace guard for a whole view: what its programs do is reported and prevented, whoever started them.
set -u
. "$(dirname "$0")/lib.sh"
as_user mkdir "$work/private" "$work/kept"
as_user sh -c "echo key >$work/private/key; echo old >$work/kept/file"
cat >"$work/connect.py" <<-'END'
	import os, socket, sys
	server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(16)
	def attempt():
	    try: socket.create_connection(server.getsockname()).close(); print("connected")
	    except OSError as error: print(error.strerror)
	    sys.stdout.flush()
	attempt()
	open(sys.argv[1]).read()
	attempt()
	if os.fork() == 0: attempt(); os._exit(0)
	os.wait()
END
cat >"$work/rules" <<-END
	on read "$work/private/**": mark secret, log "a key is read"
	on connect if secret: deny EACCES
	on write "$work/kept/**": deny, run "cat >>$work/told"
	on exec "$work/bad": kill
END
as_user cp /bin/true "$work/bad"
chmod 644 "$work/rules" "$work/connect.py"

view_start a -p "guard,$work/rules,json,output=$work/incidents"
like "it is listed" "$(in_view a 'viewctl list')" '^guard: rules about what programs do'
is "who read a key connects no more, nor do its children" "$(in_view a "python3 $work/connect.py $work/private/key" | paste -sd' ')" \
	"connected Permission denied Permission denied"
is "who read none does" "$(in_view a "python3 $work/connect.py /etc/hostname" | paste -sd' ')" "connected connected connected"
like "what is not to be written is not" "$(in_view a "echo new >$work/kept/file; rm -f $work/kept/file; ls $work")" 'Operation not permitted'
is "and stays" "$(cat "$work/kept/file" 2>&1)" old
is "a program that must not run is killed" "$(in_view a "$work/bad; echo \$?" | tail -n1)" 137
ok "a file system is mounted all the same" in_view a "mount -t viewfs -o move $work/private $work/kept && umount $work/kept"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do in_view a "touch $work/kept/file" >/dev/null 2>&1; done
ok "each incident is told to the command, more than can run at once" until_true 30 eval '[ "$(wc -l <"$work/told")" -ge 12 ]'
view_end a
is "incidents are JSON" "$(jq -r .action "$work/incidents" | sort -u | paste -sd' ')" "denied killed logged"
like "with rule, program and object" "$(jq -c '[.rule, .object, .labels, .error]' "$work/incidents" | grep EACCES | head -n1)" \
	'rules:2","127.0.0.1:[0-9]+",\["secret"\],"EACCES"'

if [ "$engine" = kmview ]; then
	view_start b
	ok "added later" in_view b "viewctl add guard,$work/rules"
	like "it holds from then on" "$(in_view b "touch $work/kept/new")" 'Operation not permitted'
	ok "removed" in_view b 'viewctl remove guard'
	ok "it does no more" in_view b "touch $work/kept/new"
	view_end b
fi

# ---- mistakes
said() { view -p "$1" true 2>&1; }
echo 'on reed "/etc/passwd": log' >"$work/wrong"
like "wrong rules: the place and the reason" "$(said "guard,$work/wrong")" "guard does not start: $work/wrong:1:4: .*reed"
like "no rules" "$(said guard)" 'say which rules: guard,FILE'
like "rules that are not there" "$(said "guard,$work/none")" "cannot read the rules $work/none: No such file"
like "an unknown option" "$(said "guard,$work/rules,yaml")" '"yaml" is no option; it has json and output=FILE'
like "an output that cannot be" "$(said "guard,$work/rules,output=/nonexistent/x")" 'cannot write /nonexistent/x: No such file'
echo 'on listen: tell 5' >"$work/tell"
like "descriptors of the manager are not written to" "$(said "guard,$work/tell" 5>"$work/five")" '"tell 5" is for kmtrace guard'
echo 'on call all: log' >"$work/all"
like "rules about everything" "$(said "guard,$work/all")" 'more than 128 kinds of calls'
nothing_left
done_testing
