/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities a switch keeps, and for what:
 *
 *   CAP_CHOWN, CAP_FOWNER    give data sockets to their clients and set their modes
 *   CAP_DAC_OVERRIDE         reach clients' sockets in directories of theirs
 *   CAP_NET_ADMIN            taps, network devices, buffers above net.core.wmem_max
 *   CAP_NET_RAW              frames of network devices that the kernel does not switch itself
 *   CAP_BPF, CAP_PERFMON     programs of the xdp plane
 *   CAP_SYS_RESOURCE         as many descriptors as there are clients
 */
#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "user/vde/switch/privileges.h"

int privileges_drop(void)
{
	if (geteuid() != 0)
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_CHOWN, CAP_FOWNER,
			  CAP_DAC_OVERRIDE, CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON,
			  CAP_SYS_RESOURCE, -1))
		return -EINVAL;
	/* A container may not have them all to begin with; what it has is enough for it. */
	for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (prctl(PR_CAPBSET_READ, capability) != 1)
			capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return capng_apply(CAPNG_SELECT_BOTH) ? -EPERM : 0;
}
