#!/bin/bash
# Install the Debian packages named in tests/setup/packages; when not root, say which are missing.
set -eu
list=$(dirname "$0")/packages
missing=()
# A package from elsewhere may be what provides a name (as nodejs may provide npm).
provided=$(dpkg-query -W -f='${db:Status-Status},${Provides}\n' | sed -n 's/^installed,/, /p' | sed 's/ ([^)]*)//g')
for name in $(sed 's/#.*//' "$list" | awk 'NF { print $1 }'); do
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
		grep -Eq ", $name(,|\$)" <<<"$provided" || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "These Debian packages are missing; install them as root: ${missing[*]}" >&2
	exit 1
fi
echo "# installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "apt could not install the packages above; the last lines of its output say why" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
