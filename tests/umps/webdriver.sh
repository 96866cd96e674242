# A real browser for tests, through the W3C WebDriver protocol; source it after tap.sh. shellcheck shell=bash
#
#   browser_start WIDTH HEIGHT   Chromium without a display
#   browser_open URL
#   page_size WIDTH HEIGHT       of the page, also smaller than a window can be
#   page_says SCRIPT             what a JavaScript function body returns, as text
#   page_until SECONDS SCRIPT    wait until it returns true
#   page_keys KEY...             press keys: characters, or names as F9, Enter, Escape, Backspace
#   page_click SELECTOR
#   page_picture FILE.png
browser_request() { # METHOD PATH [BODY]: the value
	curl -s -X "$1" -H 'Content-Type: application/json' ${3+--data-binary "$3"} "$browser_url$2" | jq -c .value
}

browser_start() {
	local log answer
	browser_dir=$(mktemp -d)
	log=$browser_dir/driver.log
	HOME=$browser_dir chromedriver --port=0 >"$log" 2>&1 &
	browser_driver=$!
	at_exit browser_stop
	until_true 30 grep -q 'successfully on port' "$log"
	browser_url=http://127.0.0.1:$(grep -oE 'port [0-9]+\.' "$log" | tail -n 1 | tr -dc 0-9)
	answer=$(browser_request POST /session "$(jq -n --arg size "--window-size=$1,$2" --arg dir "--user-data-dir=$browser_dir/profile" \
		'{capabilities: {alwaysMatch: {"goog:chromeOptions": {args:
		["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $size, $dir]}}}}')")
	browser_url+=/session/$(jq -r .sessionId <<<"$answer")
}

browser_stop() {
	browser_request DELETE '' >/dev/null
	kill "$browser_driver" 2>/dev/null
	wait "$browser_driver" 2>/dev/null
	rm -rf "$browser_dir"
}

browser_open() { browser_request POST /url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null; }

page_size() {
	browser_request POST /goog/cdp/execute "$(jq -n --argjson width "$1" --argjson height "$2" '{cmd: "Emulation.setDeviceMetricsOverride",
		params: {width: $width, height: $height, deviceScaleFactor: 1, mobile: false}}')" >/dev/null
}

page_says() {
	browser_request POST /execute/sync "$(jq -n --arg script "$1" '{script: $script, args: []}')" |
		jq -r 'if type == "object" and has("error") then "script error: \(.message)" else . end'
}

page_true() { [ "$(page_says "return Boolean($1)")" = true ]; }
page_until() { until_true "$1" page_true "$2"; }

page_keys() {
	local key value list=''
	for key; do
		case $key in
		F[0-9]*) printf -v value '\\ue0%02x' $((0x30 + ${key#F})) ;;
		Enter) value='\ue007' ;;
		Escape) value='\ue00c' ;;
		Backspace) value='\ue003' ;;
		Tab) value='\ue004' ;;
		Left) value='\ue012' ;;
		Right) value='\ue014' ;;
		Down) value='\ue015' ;;
		'"' | '\') value="\\$key" ;;
		*) value=$key ;;
		esac
		list+=",{\"type\":\"keyDown\",\"value\":\"$value\"},{\"type\":\"keyUp\",\"value\":\"$value\"}"
	done
	browser_request POST /actions "{\"actions\":[{\"type\":\"key\",\"id\":\"keyboard\",\"actions\":[${list#,}]}]}" >/dev/null
}

page_click() {
	local element
	element=$(browser_request POST /element "$(jq -n --arg s "$1" '{using: "css selector", value: $s}')" | jq -r '.[]')
	browser_request POST "/element/$element/click" '{}' >/dev/null
}

page_picture() { browser_request GET /screenshot | jq -r . | base64 -d >"$1"; }
