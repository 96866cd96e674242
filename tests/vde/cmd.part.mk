# SPDX-License-Identifier: GPL-2.0-only
# Tests of the `vde` command and of network devices as ports.
TESTS += tests/vde/xdp_switch.sh
TESTS += $(addprefix tests/vde/,cables.sh filter.sh slirp.sh lab.sh)
