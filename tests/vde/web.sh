#!/bin/bash
# The management page in a real Chromium: what it shows, what it lets do with and without the token,
# from the keyboard too. Screenshots go to build/screenshots/.
# timeout: 400
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/tap.sh
. tests/vde/lib/switch.sh

mkdir -p build/screenshots
port=$((20000 + $$ % 10000))
url=http://127.0.0.1:$port
switch s -F || exit 1
is 'the page is served' "$(status s web/start $port secret)" '1000 Success'
is 'once' "$(status s web/start $port)" '1017 File exists'
is 'on loopback only' "$(ss -Hltn "sport = :$port" | awk '{ print $4 }')" "127.0.0.1:$port"
plug s -D '<b>bold</b>'
until_true 5 has_ports s 1
ask s vlan/create 42 >/dev/null
ask s vlan/addport 42 1 >/dev/null

# The server.
code() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
is 'a listing' "$(curl -s "$url/list?port/counters" | jq '.[0].port')" 1
is 'not everything is a listing' "$(code "$url/list?port/createauto")" 404
is 'without the token nothing changes' "$(code -d 'vlan/create 7' "$url/run")" 403
is 'nor with a wrong one' "$(code -H 'X-Token: public' -d 'vlan/create 7' "$url/run")" 403
is 'with it, it does' "$(code -H 'X-Token: secret' -d 'vlan/create 7' "$url/run")" 200
is 'an error is one' "$(curl -s -H 'X-Token: secret' -d 'vlan/create 7' "$url/run")" 'File exists'
is 'the page cannot be taken down by itself' \
	"$(code -H 'X-Token: secret' -d 'web/stop' "$url/run")" 400
for command in shutdown "capture/start $dir/taken" "config/save $dir/taken" "load $dir/taken" 'plugin/add pdump'; do
	is "nor is ${command%% *} given by it" "$(code -H 'X-Token: secret' -d "$command" "$url/run")" 400
done
ok 'no file came to be' test ! -e "$dir/taken"
is 'a foreign name is refused' "$(code -H 'Host: evil.example' "$url/")" 403
is 'a body without end is cut' "$(head -c 100000 /dev/zero | tr '\0' x |
	code -H 'X-Token: secret' --data-binary @- "$url/run")" 413
is 'no other page' "$(code "$url/etc/passwd")" 404

# The browser, by the WebDriver protocol.
driver_port=$((port + 10000))
driver=http://127.0.0.1:$driver_port
chromedriver --port=$driver_port >"$dir/driver.log" 2>&1 &
at_exit "kill $! 2>/dev/null; wait $! 2>/dev/null"
until_true 20 curl -sf "$driver/status"
session=$(curl -s "$driver/session" -d '{"capabilities": {"alwaysMatch": {"goog:chromeOptions": {
	"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1100,1400",
	"--user-data-dir='"$dir"'/profile"]}}}}' | jq -r .value.sessionId)
at_exit "curl -s -X DELETE $driver/session/$session >/dev/null"
browser() { curl -s "$driver/session/$session/$1" -d "$2" | jq -r '.value | if type == "string" then . else tojson end'; }
script() { browser execute/sync "$(jq -cn --arg s "$1" '{script: $s, args: []}')"; }
becomes() { [ "$(script "$1")" = "$2" ]; }
screenshot() { curl -s "$driver/session/$session/screenshot" | jq -r .value | base64 -d >"build/screenshots/$1.png"; }
# Keys go to whatever has the focus.
keys() {
	browser actions "$(jq -cn --arg k "$1" '{actions: [{type: "key", id: "k", actions:
		[$k | explode[] | [.] | implode | {type: "keyDown", value: .}, {type: "keyUp", value: .}]}]}')" >/dev/null
}

browser url "{\"url\": \"$url/\"}" >/dev/null
ok 'a port is shown' until_true 10 becomes 'return document.querySelectorAll("#ports tr").length' 1
is 'descriptions are text, never markup' "$(script 'return document.querySelectorAll("#ports b").length')" 0
ok 'with VLANs' until_true 5 becomes \
	'return [...document.querySelectorAll("#vlans tr")].map(r => r.cells[0].textContent).join()' 0,7,42
ok 'and its trees' until_true 5 becomes 'return document.querySelectorAll("#tree svg").length' 3
$traffic rate "$dir/s.sw" "$dir/s.sw" 1000 1000 120 >/dev/null & # until the pictures are taken
flowing=$!
at_exit "kill $flowing 2>/dev/null"
ok 'rates are plotted' until_true 20 becomes 'return [...document.querySelectorAll("#ports tr")].some(
	r => parseInt(r.cells[4].textContent.replace(/,/g, "")) > 100000)' true
ok 'addresses are listed' until_true 10 becomes \
	'return document.querySelectorAll("#macs tr").length > 0' true
screenshot vde-web
kill $flowing
wait $flowing
ok 'the picture is one' test "$(stat -c %s build/screenshots/vde-web.png)" -gt 20000

script 'document.querySelector("#impair input").focus()' >/dev/null
keys $'\ue014'
ok 'without the token a slider says why not' until_true 5 becomes \
	'return document.getElementById("message").textContent.includes("token is wrong")' true
script 'document.getElementById("token").focus()' >/dev/null
keys secret
script 'document.querySelector("#impair input").focus()' >/dev/null
keys $'\ue014\ue014\ue014'
ok 'with the token the arrow keys impair the port' until_true 5 test \
	"$(until_true 5 grep -q . <(json s impair/print 1); json s impair/print 1 | jq '.[0].nodes[0].in.loss.value >= 2')" = true
screenshot vde-web-impaired
script 'document.querySelector("#impair button").focus()' >/dev/null
keys ' '
ok 'and the blank bar clears it' until_true 5 test "$(until_true 5 becomes \
	'return document.getElementById("message").textContent' 'impair/clear 1: done'; json s impair/print)" = '[]'
script 'document.querySelector("#ports button").click()' >/dev/null
ok 'a recording begins' until_true 5 becomes \
	'return document.querySelector("#ports button").textContent' Stop
script 'document.querySelector("#ports button").click()' >/dev/null
ok 'and is delivered' until_true 5 becomes \
	'return document.getElementById("message").textContent.startsWith("recorded ")' true
is 'nothing of it stays' "$(json s capture/print)" '[]'
ask s web/stop >/dev/null
ok 'when the switch is silent the page says so' until_true 5 becomes \
	'return document.getElementById("message").textContent.includes("does not answer")' true
stop s
done_testing
