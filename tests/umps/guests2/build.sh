#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a guest for uMPS2 with the kit in build/umps-sdk.
#
# usage: build.sh OUT SOURCE...      makes OUT (ELF), OUT.core.umps and OUT.stab.umps
set -eu
out=$1; shift
sdk=build/umps-sdk
mipsel-linux-gnu-gcc -ffreestanding -mips1 -mabi=32 -mno-gpopt -G 0 -mno-abicalls -fno-pic -mfp32 -EL \
	-O2 -Wall -fno-builtin -fno-stack-protector -nostdlib -static -Wl,-G,0 \
	-Wl,-T,$sdk/share/umps2/elf32ltsmip.h.umpscore.x -Wl,-m,elf32ltsmip -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
	-I$sdk/include/umps2 -Itests/umps/guests2 ${GUEST_CFLAGS:-} -o "$out" "$@" $sdk/lib/umps2/crtso.o $sdk/lib/umps2/libumps.o
build/bin/umps2-elf2umps -k "$out"
