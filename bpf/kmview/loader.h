/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Load the BPF programs of kmview into a session: uname from a table, counting, refusing by policy.
 *
 * The programs are in the library as skeletons. Loading needs CAP_BPF and CAP_PERFMON, or root.
 */
#ifndef BPF_KMVIEW_LOADER_H
#define BPF_KMVIEW_LOADER_H

#include "user/libkmview/libkmview.h"

/* The places they take, of KMVIEW_PROGS. */
enum kmview_bpf_place {
	KMVIEW_BPF_PLACE_UNAME,
	KMVIEW_BPF_PLACE_COUNT,
	KMVIEW_BPF_PLACE_POLICY,
	KMVIEW_BPF_PLACE_GUARD,
};

/* A call that goes on unless its argument has one of these bits. */
struct kmview_bpf_flags {
	const struct kmview_syscall *call;
	unsigned int arg;
	uint32_t mask;
};

struct kmview_bpf_wanted {
	const char *const
		*uname; /* NULL: no; six fields in utsname's order, each NULL for the truth */
	bool count;
	const char *
		policy_file; /* NULL: no; lines "CALL RESULT", RESULT a number or an error's name */
	const struct kmview_bpf_flags *flags; /* NULL: no */
	size_t flags_count;
};

struct kmview_bpf;

/* NULL: *why is a sentence to free(3), or NULL without memory. */
struct kmview_bpf *kmview_bpf_load(struct kmview *session, const struct kmview_bpf_wanted *wanted,
				   char **why);
void kmview_bpf_free(struct kmview_bpf *bpf);

/* Other names from now on, if it was loaded with "uname"; fields and *why as above. One thread at a
 * time. Returns 0 or -1. */
int kmview_bpf_set_uname(struct kmview_bpf *bpf, const char *const *fields, char **why);

/* Is there a result for this call in the policy? */
bool kmview_bpf_policy_has(const struct kmview_bpf *bpf, const struct kmview_syscall *call);

/*
 * What was counted, call by call; ns: from such a call to the thread's next counted one, summed up.
 * call is NULL for numbers that have no name.
 */
void kmview_bpf_counts(struct kmview_bpf *bpf, void (*each)(const struct kmview_syscall *call,
							    uint64_t calls, uint64_t ns));

#endif
