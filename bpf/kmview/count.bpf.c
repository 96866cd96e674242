// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count calls and the time of them, for each session.
 *
 * A program sees a call only before it runs. So what is measured is from a call of a thread to the
 * next counted call of the same thread, and it is added to the former: its own time and that of the
 * program's code after it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tables.h"

struct last {
	struct kmview_call_key key;
	__u64 ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32); /* thread */
	__type(value, struct last);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct kmview_call_key);
	__type(value, struct kmview_call_count);
} counts SEC(".maps");

SEC("raw_tp.w/kmview")
int kmview_count(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmview_call *call = (void *)ctx->args[0];
	struct last now = {.key = {.session = call->session, .abi = call->abi, .nr = call->nr}};
	__u64 whole = bpf_get_current_pid_tgid();
	__u32 thread = whole;
	struct kmview_call_count one = {.calls = 1}, *count;
	struct last *last;

	now.ns = bpf_ktime_get_ns();
	last = bpf_map_lookup_elem(&threads, &thread);
	if (last) {
		struct kmview_call_key key = last->key;
		__u64 ns = now.ns - last->ns;

		count = bpf_map_lookup_elem(&counts, &key);
		if (count && key.session == now.key.session)
			__sync_fetch_and_add(&count->ns, ns);
	}
	bpf_map_update_elem(&threads, &thread, &now, BPF_ANY);
	count = bpf_map_lookup_elem(&counts, &now.key);
	if (count)
		__sync_fetch_and_add(&count->calls, 1);
	else if (bpf_map_update_elem(&counts, &now.key, &one, BPF_NOEXIST)) {
		/* another processor was first */
		count = bpf_map_lookup_elem(&counts, &now.key);
		if (count)
			__sync_fetch_and_add(&count->calls, 1);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
