// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answer uname(2) from a table with one entry for each session; sessions without one see the truth.
 *
 * The record is the program's argument and only takes accesses at fixed offsets, so the copy is
 * unrolled; and since the record keeps what was written for the task's last call, the copy is only
 * made when the generation that is noted behind it is not the table's. Forms of the call:
 * new_utsname of six fields of 65 bytes, old_utsname of the first five, and oldold_utsname of five
 * fields of 9 bytes (32-bit programs only).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tables.h"

#define FIELD	      65
#define OLDEST_FIELD  9
#define OLDEST_FIELDS 5

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* session */
	__type(value, struct kmview_uts);
} names SEC(".maps");

static __always_inline void answer(struct kmview_call *call, __u32 length)
{
	call->verdict = KMVIEW_BPF_ANSWER;
	call->out_address = call->args[0];
	call->out_length = length;
	call->value = 0;
}

SEC("raw_tp.w/kmview")
int kmview_uname(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmview_call *call = (void *)ctx->args[0];
	__u64 session = call->session;
	struct kmview_uts *uts = bpf_map_lookup_elem(&names, &session);

	__u64 *generation = (void *)&call->out[sizeof(uts->text)];

	if (!uts)
		return 0;
	if (call->abi == KMVIEW_ABI_IA32 && call->nr == NR_IA32_OLDOLDUNAME) {
#pragma unroll
		for (int i = 0; i < OLDEST_FIELDS; i++) {
#pragma unroll
			for (int j = 0; j < OLDEST_FIELD - 1; j++)
				call->out[i * OLDEST_FIELD + j] = uts->text[i * FIELD + j];
			call->out[i * OLDEST_FIELD + OLDEST_FIELD - 1] = 0;
		}
		*generation = 0;
		answer(call, OLDEST_FIELDS * OLDEST_FIELD);
		return 0;
	}
	if (*generation != uts->generation) {
		__builtin_memcpy(call->out, uts->text, sizeof(uts->text));
		*generation = uts->generation;
	}
	answer(call, call->abi == KMVIEW_ABI_IA32 && call->nr == NR_IA32_OLDUNAME ? 5 * FIELD
										  : 6 * FIELD);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
