#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make the table of names of ioctl(2) commands from the kernel's headers.
#
# usage: ioctls.sh OUTPUT      CC: the compiler whose headers are read
#
# A command is a macro without arguments whose value is made by _IO, _IOR, _IOW or _IOWR, or that stands in one of the
# headers of commands of the old kind, which are plain numbers. A header that is not there is left out, and so is a
# command whose structure these headers do not define.
set -eu
headers=(linux/fs.h linux/fiemap.h linux/fscrypt.h linux/fsverity.h linux/btrfs.h linux/msdos_fs.h linux/loop.h
	linux/blkpg.h linux/blkzoned.h linux/hdreg.h linux/cdrom.h linux/dm-ioctl.h linux/nbd.h linux/raid/md_u.h
	linux/fuse.h linux/autofs_fs.h linux/auto_fs4.h linux/userfaultfd.h linux/seccomp.h linux/nsfs.h linux/pidfd.h
	linux/perf_event.h linux/random.h linux/rtc.h linux/watchdog.h linux/uinput.h linux/input.h linux/hidraw.h
	linux/usbdevice_fs.h linux/i2c-dev.h linux/spi/spidev.h linux/gpio.h linux/if_tun.h linux/if_pppox.h
	linux/ppp-ioctl.h linux/vhost.h linux/vfio.h linux/kvm.h linux/sync_file.h linux/udmabuf.h linux/dma-buf.h
	linux/ptp_clock.h linux/pps.h linux/tee.h linux/vm_sockets.h linux/inotify.h linux/memfd.h linux/fb.h)
numbers=(asm/ioctls.h linux/sockios.h linux/kd.h linux/vt.h linux/fd.h)

there() { # HEADER...
	local header
	for header; do
		! echo "#include <$header>" | ${CC:-cc} -E -x c - >/dev/null 2>&1 || echo "$header"
	done
}
mapfile -t headers < <(there "${headers[@]}")
mapfile -t numbers < <(there "${numbers[@]}")
{
	printf '#include <%s>\n' "${numbers[@]}" "${headers[@]}"
	printf '%s\n' '#include <stdint.h>' 'static const struct { uint32_t command; const char *name; } commands[] = {'
	{
		printf '#include <%s>\n' "${numbers[@]}" "${headers[@]}" | ${CC:-cc} -E -dM -x c - |
			sed -nE 's/^#define ([A-Z][A-Za-z0-9_]*) _IO[WR]*\(.*/\1/p'
		printf '#include <%s>\n' "${numbers[@]}" | ${CC:-cc} -E -dM -x c - |
			sed -nE 's/^#define ((TC|TIOC|FIO|SIOC|KD|VT_|FD)[A-Z0-9_]*) 0x[0-9A-Fa-f]+ *(\/\*.*)?$/\1/p'
	} | sort -u | grep -vE '^(TIOCM_|TIOCPKT_|TIOCSER_TEMT|VT_(AUTO|PROCESS|ACKACQ|EVENT_|MAX)|FD_)' |
		sed 's/.*/\t{ (uint32_t)(&), "&" },/'
	echo '};'
} >"$1"
mapfile -t lines < <(${CC:-cc} -fsyntax-only -fmax-errors=0 -x c "$1" 2>&1 | sed -nE 's/^[^:]*:([0-9]+):[0-9]+: error:.*/\1d/p')
[ ${#lines[@]} -eq 0 ] || sed -i "$(printf '%s\n' "${lines[@]}")" "$1"
