#!/bin/bash
# Fetch and compile, once, what the tests in guests need: before the tests, with progress, so that no test's time limit
# has to allow for it.
#
# usage: tests/vm/prepare.sh [--debug]      --debug: the debug kernel and all packages of kernel headers, too, which make
#                                           check does not need
#
# Prepared are Debian's kernels with our modules for each, the userland of guests, the User-Mode Linux that runs KUnit
# tests, and the root that tries DKMS. Only what is missing or outdated takes time. What could not be prepared is said
# and does not stop the others: the tests that need it fail and say so again.
set -u
here=$(dirname "$(readlink -f "$0")")
. "$here/cache.sh"

failed=()
attempt() { # WHAT COMMAND...
	local what=$1
	shift
	"$@" >/dev/null || failed+=("$what")
}

compiled=(uml)
[ "${1:-}" != --debug ] || compiled+=(debug)

# Compiling keeps the processors busy, fetching the network.
for name in "${compiled[@]}"; do "$here/compile.sh" "$name" >/dev/null || exit; done &
compiling=$!
attempt "the kernels of Debian" "$here/kernels.sh"
attempt "the userland of guests" "$here/userland.sh"
attempt "the root for DKMS" "$here/dkms_root.sh"
[ "${1:-}" != --debug ] || attempt "the packages of kernel headers" "$here/headers.sh"
for name in $(awk '!/^#/ && NF { print $1 }' "$here/kernels"); do
	attempt "the modules for $name" "$here/modules.sh" "$name"
done
wait $compiling || failed+=("a kernel that is compiled: ${compiled[*]}")
for what in "${failed[@]}"; do say "not prepared: $what; the reason is above"; done
