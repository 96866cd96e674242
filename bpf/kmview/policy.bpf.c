// SPDX-License-Identifier: GPL-2.0-only
/* Refuse calls, or answer them with a number, by a table of each session; the others go on. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tables.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct kmview_call_key);
	__type(value, __s64); /* the result, -errno for errors */
} results SEC(".maps");

SEC("raw_tp.w/kmview")
int kmview_policy(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmview_call *call = (void *)ctx->args[0];
	struct kmview_call_key key = {.session = call->session, .abi = call->abi, .nr = call->nr};
	__s64 *result = bpf_map_lookup_elem(&results, &key);

	if (!result)
		return 0;
	call->verdict = KMVIEW_BPF_ANSWER;
	call->out_length = 0;
	call->value = *result;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
