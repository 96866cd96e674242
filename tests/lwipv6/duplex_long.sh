#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 7000
# A hundred thousand random programs, each with another seed than those of the short test.
exec "$(dirname "$0")/../../build/tests/lwipv6/duplex" "${DUPLEX_PROGRAMS:-100000}" 1001
