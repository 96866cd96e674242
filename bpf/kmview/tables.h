/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/* The tables that the BPF programs of kmview and their loader share. */
#ifndef BPF_KMVIEW_TABLES_H
#define BPF_KMVIEW_TABLES_H

#include "../../kmod/kmview/uapi/kmview.h"

/* asm/unistd_32.h; a BPF object is built with the headers of no table */
#define NR_IA32_OLDUNAME    109
#define NR_IA32_OLDOLDUNAME 59

/* struct new_utsname: six fields of 65 bytes; aligned, so that it is copied by words */
struct kmview_uts {
	char text[392];
} __attribute__((aligned(8)));

struct kmview_call_key {
	__u64 session;
	__u32 abi;
	__u32 nr;
};

struct kmview_call_count {
	__u64 calls;
	__u64 ns;
};

/* Which bits of which argument a call must have to be asked about. */
struct kmview_call_flags {
	__u32 arg;
	__u32 mask;
};

#endif
