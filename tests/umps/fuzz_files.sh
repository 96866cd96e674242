#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 3600
# Damaged files never do more than give a sentence: see fuzz_files.c. CASES and SEED may be set.
. tests/lib/tap.sh
. tests/umps/guests.sh
guests_start
guest ending
for suffix in '' .core.umps .stab.umps; do cp "$dir/ending$suffix" "$dir/kernel$suffix"; done
cp /usr/share/umps3/exec.rom.umps "$dir/exec.rom.umps"
cp /usr/share/umps3/coreboot.rom.umps "$dir/boot.rom.umps"
umps3-mkdev -d "$dir/disk.umps" 1 1 4 >/dev/null
umps3-mkdev -f "$dir/flash.umps" /dev/null 4 >/dev/null
machine machine kernel '"bootstrap-rom": "boot.rom.umps", "execution-rom": "exec.rom.umps", "num-processors": 2' \
	'"disk0": { "enabled": true, "file": "disk.umps" }, "flash0": { "enabled": true, "file": "flash.umps" }'
build/san/tests/umps/fuzz_files "$dir" "${CASES:-150}" "${SEED:-1}"
