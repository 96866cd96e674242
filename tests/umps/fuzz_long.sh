#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 7200
# Hours of the fuzzers that `make check` runs for seconds.
. tests/lib/tap.sh
seed=${SEED:-$EPOCHSECONDS}
ok "engines, seed $seed" build/tests/umps/fuzz_engines 400000 "$seed"
ok "engines under the sanitizers, seed $seed" build/san/tests/umps/fuzz_engines 20000 "$seed"
ok "files, seed $seed" env CASES=20000 SEED="$seed" tests/umps/fuzz_files.sh
done_testing
