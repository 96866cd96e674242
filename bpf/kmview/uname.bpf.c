// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answer uname(2) from a table with one entry for each session; sessions without one see the truth.
 *
 * The record keeps what was written for the task's last call. Behind it is noted for which session
 * and which state of the table; as long as both are the same, the call is answered with what is
 * there, without looking anything up. The loader counts the table's changes, after each change; so
 * the count is read before the table.
 *
 * The record is the program's argument and only takes accesses at fixed offsets, so the copy is
 * unrolled. Forms of the call: new_utsname of six fields of 65 bytes, old_utsname of the first
 * five, and oldold_utsname of five fields of 9 bytes (32-bit programs only).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

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

volatile __u32 changes = 1; /* of the table; never 0 */

/* What is noted behind the text. Sessions are numbered from 1: the low half of a number is unique
 * for long enough. */
struct kept {
	__u32 state;
	__u32 session;
};

static __always_inline void answer(struct kmview_call *call, __u32 length)
{
	call->verdict = KMVIEW_BPF_ANSWER;
	call->out_address = call->args[0];
	call->out_length = length;
	call->value = 0;
}

/* The short form, for which nothing is kept. */
static __always_inline void write_oldest(struct kmview_call *call, const struct kmview_uts *uts)
{
#pragma unroll
	for (int i = 0; i < OLDEST_FIELDS; i++) {
#pragma unroll
		for (int j = 0; j < OLDEST_FIELD - 1; j++)
			call->out[i * OLDEST_FIELD + j] = uts->text[i * FIELD + j];
		call->out[i * OLDEST_FIELD + OLDEST_FIELD - 1] = 0;
	}
}

SEC("raw_tp.w/kmview")
int kmview_uname(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmview_call *call = (void *)ctx->args[0];
	struct kept *kept = (void *)&call->out[sizeof(struct kmview_uts)];
	bool oldest = call->abi == KMVIEW_ABI_IA32 && call->nr == NR_IA32_OLDOLDUNAME;
	__u64 session = call->session;
	__u32 state = changes;
	struct kmview_uts *uts;

	if (kept->state != state || kept->session != (__u32)session || oldest) {
		uts = bpf_map_lookup_elem(&names, &session);
		if (!uts)
			return 0;
		if (oldest) {
			write_oldest(call, uts);
			kept->state = 0;
			answer(call, OLDEST_FIELDS * OLDEST_FIELD);
			return 0;
		}
		__builtin_memcpy(call->out, uts->text, sizeof(uts->text));
		kept->state = state;
		kept->session = session;
	}
	answer(call, call->abi == KMVIEW_ABI_IA32 && call->nr == NR_IA32_OLDUNAME ? 5 * FIELD
										  : 6 * FIELD);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
