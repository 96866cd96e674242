# SPDX-License-Identifier: GPL-2.0-only
# Tests of the `vde` command and of network devices as ports.
TESTS += tests/vde/xdp_switch.sh
