// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs that sessions bring along, see program.h.
 *
 * The verifier has checked a program for the kind of place that it was loaded for, a raw tracepoint whose record it may
 * write. Left to be checked here is what the kernel checks when such a program is attached: how far it reaches, and that
 * it fits the frame. A program that calls others by bpf_tail_call() is refused: nobody would check how far those reach.
 */
#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/mutex.h>

#include "compat.h"
#include "program.h"
#include "session.h"

/* May it call programs that are found in a map? */
static bool calls_others(struct bpf_prog *prog)
{
	bool any = false;
	u32 i;

	mutex_lock(&prog->aux->used_maps_mutex);
	for (i = 0; i < prog->aux->used_map_cnt && !any; i++)
		any = prog->aux->used_maps[i]->map_type == BPF_MAP_TYPE_PROG_ARRAY;
	mutex_unlock(&prog->aux->used_maps_mutex);
	return any;
}

static bool program_fits(struct bpf_prog *prog)
{
	/* It has one argument, the record, and reads and writes no further than that. */
	return prog->aux->max_tp_access <= sizeof(struct kmview_call) && prog->aux->max_ctx_offset <= sizeof(u64) &&
	       !kmview_prog_sleeps(prog) && !calls_others(prog);
}

int kmview_program_set(struct kmview_session *session, const struct kmview_prog *arg)
{
	struct bpf_prog *prog = NULL, *old;

	if (arg->prog >= KMVIEW_PROGS || arg->fd < -1)
		return -EINVAL;
	if (arg->fd >= 0) {
		prog = bpf_prog_get_type_dev(arg->fd, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, false);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
		if (!program_fits(prog)) {
			bpf_prog_put(prog);
			return -EINVAL;
		}
	}
	mutex_lock(&session->setup);
	old = rcu_replace_pointer(session->progs[arg->prog], prog, lockdep_is_held(&session->setup));
	mutex_unlock(&session->setup);
	if (old)
		bpf_prog_put(old); /* freed after a grace period */
	return 0;
}
