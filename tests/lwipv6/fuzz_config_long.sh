#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 4000
# The same for an hour.
FUZZ_SECONDS=${FUZZ_SECONDS:-3600} exec "$(dirname "$0")/fuzz_config.sh"
