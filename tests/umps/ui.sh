#!/bin/bash
# The page of umps ui in Chromium, worked by keyboard and mouse; pictures of it go to build/umps-ui/pictures.
. tests/lib/tap.sh
. tests/umps/webdriver.sh
umps=$PWD/build/san/bin/umps
pictures=$PWD/build/umps-ui/pictures
dir=$(mktemp -d)
at_exit 'rm -rf "$dir"'
export XDG_STATE_HOME=$dir/state
mkdir -p "$pictures"
. tests/umps/debuggee.sh
"$umps" ui --no-browser "$dir/machine.json" >"$dir/url" 2>"$dir/errors" &
server=$!
at_exit 'kill $server 2>/dev/null'
until_true 20 test -s "$dir/url"
url=$(cat "$dir/url")

# ---- who may look

status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
like 'the address is on loopback, with a random word' "$url" '^http://127\.0\.0\.1:[0-9]+/[0-9a-f]{32}/$'
is 'with the word there is a page' "$(status "$url")" 200
is 'without it there is none' "$(status "${url%/*/}/")" 403
is 'a wrong word of the right length neither' "$(status "${url%/*/}/00000000000000000000000000000000/")" 403
is 'a request without it does nothing' "$(status -d '{"do":"quit"}' "${url%/*/}/do")" 403
is 'a broken request is refused' "$(status -d '{"do":' "${url}do")" 400
is 'too long a request is refused' "$(head -c 100000 /dev/zero | status --data-binary @- "${url}do")" 400
like 'a request for nonsense is explained' "$(curl -s -d '{"do":"dance"}' "${url}do")" 'there is no command .*dance'
like 'a wrong field is explained' "$(curl -s -d '{"do":"register","cpu":9}' "${url}do")" 'cpu.* must be a number from 0 to 1'

# ---- looking

text() { page_says "return document.querySelector('$1')?.innerText ?? 'nothing'"; }
shows() { page_until "${3:-10}" "document.querySelector('$1')?.innerText.match(/$2/)"; }
value() { text "[data-register=$1]"; }

browser_start 1600 1040
browser_open "$url"
ok 'after power on the page shows the source of main()' shows '#code .source' 'int main'
like 'and where the processor is' "$(text '#code .follow')" 'BootROM'
page_keys .
ok 'a key leads there' shows 'tr.here .address' 1FC00000
is 'it has stopped at power on' "$(text '#status')" 'Stopped: Power on'
is 'the program counter is a register' "$(value PC)" 1FC00000
like 'coprocessor 0 has its bits in words' "$(text '#processor')" 'kernel BEV CU0'
is 'devices have columns with names' "$(text '#devices tr' | xargs)" 'Device Status Registers Fail'
is 'power looks on' "$(page_says 'return document.getElementById("do-power").getAttribute("aria-pressed")')" true
like 'devices have their status' "$(text '#devices')" 'terminal0\s+receiver ready, transmitter ready'
like 'the bus is there' "$(text '#devices')" '^64 frames, 20000000 to'
is 'the TLB has its entries' "$(page_says 'return document.querySelectorAll("#tlb tr").length')" 17
is 'each processor can be chosen' "$(text '#code .cpus')" 'CPU 0CPU 1'

# ---- moving, by keys

page_keys F10
ok 'F10 executes one instruction' shows '#status' 'Stopped: Step'
is 'one tick has passed' "$(text '#clock')" '1 ticks'
page_keys g c o u n t Enter
ok 'a function is found by name' shows 'tr.label' count
page_click 'tr[data-address] td.mnemonic'
ok 'a click on a line sets a breakpoint' shows '#explore' 'B0\s+200.....\s+count'
page_keys F9
ok 'F9 runs to it' shows '#status' 'Stopped: Breakpoint \(B0\), processor 0'
page_says 'const form = document.querySelectorAll("#explore form")[1];
	form.elements.address.value = "counter"; form.requestSubmit()' >/dev/null
ok 'a suspect is set on a variable' shows '#explore' 'S1\s+[0-9A-F]{8}.[0-9A-F]{8}\s+counter'
page_keys 2
ok 'key 2 opens the traced regions' shows '#explore' 'No traced regions'
page_says 'const form = document.querySelector("#explore form");
	form.elements.address.value = "counter"; form.requestSubmit()' >/dev/null
ok 'a region is traced' shows '#explore h3' counter
page_keys c
ok 'a write to the variable is suspect' shows '#status' 'Suspect \(S1\), processor 0 wrote'
ok 'the traced region shows it' shows '#explore .words .value' 00000001
page_picture "$pictures/suspect.png"

page_keys b
ok 'b goes one tick back' shows '#status' 'One tick back'
ok 'before the write' shows '#explore .words .value' 00000000
page_keys C
ok 'C goes back to the last stop point' shows '#status' 'Breakpoint \(B0\)'
page_keys c
ok 'and c forward again' shows '#status' 'Suspect \(S1\)'

# ---- by keyboard alone

page_says 'document.querySelector("#code tr[tabindex=\"0\"]").focus()' >/dev/null
page_keys Down Enter
ok 'arrow keys choose a line of code, Enter sets a breakpoint' shows '#explore' 'Stop points' &&
	page_until 10 'document.querySelectorAll("#code .point").length === 2'
page_keys Enter
page_until 10 'document.querySelectorAll("#code .point").length === 1'
page_says 'document.querySelector("#explore [aria-selected=true]").focus()' >/dev/null
page_keys Right
is 'arrow keys go from tab to tab' "$(page_says 'return document.activeElement.dataset.tab')" symbols
page_keys Left

# ---- changing

page_click '[data-register=s7]'
page_keys 1 2 3 4 A B C D Enter
ok 'a register is changed by typing' page_until 10 \
	'document.querySelector("[data-register=s7]").innerText === "1234ABCD"'
page_click '#explore .words .value'
page_keys 8 Enter
ok 'a word of memory too' shows '#explore .words .value' 00000008
page_click '#devices input[type=checkbox]'
ok 'a device is made to fail' page_until 10 'document.querySelector("#devices tr.failing")'
page_click '#devices tr.failing input'
ok 'and to work again' page_until 10 '!document.querySelector("#devices tr.failing")'
page_keys 1
page_until 10 'document.querySelector("#explore .points")'
page_click '#explore .points .remove'
page_until 10 'document.querySelectorAll("#explore .points .remove").length === 1'
page_click '#explore .points .remove'
ok 'stop points are removed' shows '#explore' 'No stop points'

# ---- the terminal

screen() { page_says 'return document.querySelector("[data-device=terminal0] .xterm-rows").textContent.replaceAll("\u00a0", " ")'; }
on_screen() { screen | grep -q "$1"; }
page_keys F9
ok 'the terminal shows what the machine says' until_true 10 on_screen 'factorial=00000078'
ok 'the machine asks' until_true 10 on_screen 'name?'
ok 'and the page tells how to answer' shows '#terminals .typing' 'waits for a line: click here or press'
page_keys t a n x Backspace n a
ok 'typing shows at once' until_true 10 on_screen 'name? anna'
like 'and how it is sent is told' "$(text '#terminals .typing')" '^Enter *sends the line'
page_picture "$pictures/terminal.png"
page_keys Enter
ok 'a line typed comes to the machine' until_true 10 on_screen 'hello, anna'
ok 'the end is shown' shows '#status' 'System halted'
is 'the log of the terminal has it too' "$(grep -c 'hello, anna' "$dir/term0.umps")" 1

is 'a processor of a halted machine does not run' "$(text '#processor b')" 'CPU 0 at its end'

# ---- again, at another speed

page_keys Escape F6
ok 'F6 starts again' shows '#status' 'Power on'
page_keys - -
ok 'minus makes it slower' page_until 10 'document.getElementById("speed").value === "2"'
started=$SECONDS
page_keys c
ok 'it runs slowly' shows '#status' Running
page_keys F12
ok 'F12 stops it' shows '#status' 'Stopped: User'
ticks=$(text '#clock' | tr -dc 0-9)
ok 'after as many ticks as the time and the speed allow' test "$ticks" -le $((50000 * (SECONDS - started + 1)))
page_keys + + 3
ok 'symbols are listed' shows '#explore' 'factorial'
page_keys 4
ok 'memory is shown' shows '#explore .words th' 20000000
page_picture "$pictures/memory.png"
page_keys '?'
ok 'the question mark lists the keys' page_until 10 'document.getElementById("keys").open'
page_picture "$pictures/keys.png"
page_keys Escape
is 'nothing went wrong in the browser' "$(page_says 'return document.getElementById("message").hidden')" true
is 'the server has nothing to complain of' "$(cat "$dir/errors")" ''

# ---- the next time

page_keys Escape 1
page_says 'const form = document.querySelectorAll("#explore form")[0];
	form.elements.address.value = "factorial"; form.requestSubmit()' >/dev/null
ok 'a breakpoint is set' shows '#explore' 'B[0-9]+\s+[0-9A-F]{8}\s+factorial'
page_keys - 2
ok 'at another speed' page_until 10 'document.getElementById("speed").value === "3"'
ok 'the settings are kept' until_true 10 grep -q '"tab": "traces"' "$dir"/state/umps/machine.json-*.json
kill -TERM $server
wait $server
is 'it ends cleanly' $? 0
: >"$dir/url"
"$umps" ui --no-browser "$dir/machine.json" >"$dir/url" 2>"$dir/errors" &
server=$!
until_true 20 test -s "$dir/url"
browser_open "$(cat "$dir/url")"
ok 'opened again, the same tab is shown' shows '#explore h3' counter
is 'at the same speed' "$(page_says 'return document.getElementById("speed").value')" 3
page_keys 1 + c
ok 'and the breakpoint is there' shows '#status' 'Stopped: Breakpoint'
page_says 'document.documentElement.style.colorScheme = "dark"' >/dev/null
page_picture "$pictures/dark.png"
kill -TERM $server
wait $server

# ---- the usual machine: all terminals and printers, some disks; nothing is wider than its place
for i in 0 1 2 3 4 5 6 7; do
	umps3-mkdev -d "$dir/disk$i.umps" 2 1 2
	umps3-mkdev -f "$dir/flash$i.umps" /dev/null 2
	for kind in disk flash terminal printer; do printf '"%s%d": {"enabled": true, "file": "%s%d.umps"}\n' $kind $i $kind $i; done
done | sed '$!s/$/,/' | { echo '{'; cat; echo '}'; } >"$dir/all.devices"
jq --slurpfile devices "$dir/all.devices" '.devices = $devices[0]' "$dir/machine.json" >"$dir/full.json"
: >"$dir/url"
"$umps" ui --no-browser "$dir/full.json" >"$dir/url" 2>"$dir/errors" &
server=$!
until_true 20 test -s "$dir/url"
browser_open "$(cat "$dir/url")"
ok 'a machine with 32 devices is shown' page_until 10 'document.querySelectorAll("#devices tr[data-device]").length === 32'
too_wide() {
	page_says 'return [...document.querySelectorAll("html, header, main, .panel, .panel h2, .panel .body")].filter(n => n.scrollWidth > n.clientWidth)
		.map(n => `${n.parentNode.id} ${n.localName}.${n.className} ${n.scrollWidth} > ${n.clientWidth}`).join()'
}
fits() { # WHEN
	for width in 1024 1440 1920; do
		page_size $width 900
		page_until 10 "innerWidth === $width"
		is "$1: nothing scrolls sideways at $width pixels" "$(too_wide)" ''
		page_picture "$pictures/$1-$width.png"
	done
}
fits off
page_keys 4 F9
page_until 10 'document.querySelector("[data-device=terminal0] .xterm-rows").textContent.includes("name?")'
fits running
page_keys F12 3
page_until 10 '/Stopped/.test(document.getElementById("status").innerText)'
fits stopped
page_size 360 800
page_until 10 'innerWidth === 360'
is 'on a telephone the page itself does not scroll sideways' "$(page_says 'return document.documentElement.scrollWidth')" 360
is 'every terminal and printer can be reached' "$(page_says 'return [...document.querySelectorAll("#terminals [role=tab]")]
	.filter(t => t.getBoundingClientRect().right <= innerWidth && t.getBoundingClientRect().left >= 0).length')" 16
is 'every failure switch can be seen' "$(page_says 'return [...document.querySelectorAll("#devices input")]
	.filter(t => t.getBoundingClientRect().right <= innerWidth).length')" 32
page_picture "$pictures/telephone.png"
page_keys F5
ok 'power off' page_until 10 'document.getElementById("do-power").getAttribute("aria-pressed") === "false"'
page_size 1600 1040
kill -TERM $server
wait $server
for kept in "$dir"/state/umps/*.json; do echo '{"speed": 99, "points": [7, {"kind": "x"}], "traces": 1, "layout": []' >"$kept"; done
: >"$dir/url"
"$umps" ui --no-browser "$dir/machine.json" >"$dir/url" 2>"$dir/errors" &
server=$!
ok 'damaged settings do no harm' until_true 20 test -s "$dir/url"
kill -TERM $server
wait $server
is 'and it ends cleanly again' "$?$(cat "$dir/errors")" 0
done_testing
