// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ask the manager about a call only if one of its arguments has certain bits: an open that may write,
 * a message that has an address. Calls without an entry in the table are asked about.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tables.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct kmview_call_key);
	__type(value, struct kmview_call_flags);
} flags SEC(".maps");

/* The record only takes accesses at fixed offsets. */
static __always_inline __u64 argument(const struct kmview_call *call, __u32 arg)
{
	switch (arg) {
	case 0:
		return call->args[0];
	case 1:
		return call->args[1];
	case 2:
		return call->args[2];
	case 3:
		return call->args[3];
	case 4:
		return call->args[4];
	default:
		return call->args[5];
	}
}

SEC("raw_tp.w/kmview")
int kmview_guard(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmview_call *call = (void *)ctx->args[0];
	struct kmview_call_key key = {.session = call->session, .abi = call->abi, .nr = call->nr};
	struct kmview_call_flags *wanted = bpf_map_lookup_elem(&flags, &key);

	if (wanted) {
		__u64 value = argument(call, wanted->arg);

		/* An address has its bits anywhere. */
		if (wanted->mask == 0xffffffff ? !value : !(value & wanted->mask))
			return 0;
	}
	call->verdict = KMVIEW_BPF_NOTIFY;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
