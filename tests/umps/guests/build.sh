#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a guest with the development kit of Debian's umps3 package.
#
# usage: build.sh OUT SOURCE...      makes OUT (ELF), OUT.core.umps and OUT.stab.umps
set -eu
out=$1; shift
kit=/usr/lib/$(gcc -print-multiarch)/umps3
here=$(dirname "$0")
mipsel-linux-gnu-gcc -ffreestanding -mips1 -mabi=32 -mno-gpopt -G 0 -mno-abicalls -fno-pic -msoft-float -EL \
	-O2 -Wall -fno-builtin -fno-stack-protector -nostdlib -static -Wl,-G,0 -Wl,-T,/usr/share/umps3/umpscore.ldscript \
	-Wl,-m,elf32ltsmip -Wl,--build-id=none -I"$here" ${GUEST_CFLAGS:-} -o "$out" "$@" "$kit/crtso.o" "$kit/libumps.o"
umps3-elf2umps -k "$out"
