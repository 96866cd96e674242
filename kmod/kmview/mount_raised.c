// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authority for one call, see mount_raised.h.
 *
 * Over a user namespace of the session's the credentials have CAP_SYS_ADMIN, and nothing else: none of their sets but
 * the effective one has a capability in it, so nothing passes on by exec.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/user_namespace.h>

#include "mount_raised.h"

void kmview_cred_move(struct cred *cred, struct user_namespace *ns)
{
	put_user_ns(cred->user_ns);
	cred->user_ns = get_user_ns(ns);
	cap_clear(cred->cap_effective);
	cap_clear(cred->cap_permitted);
	cap_clear(cred->cap_inheritable);
	cap_clear(cred->cap_bset);
	cap_clear(cred->cap_ambient);
}

bool kmview_raise(struct kmview_raised *raised, struct user_namespace *ns, unsigned int what)
{
	struct cred *cred = prepare_creds();

	if (!cred)
		return false;
	if (ns)
		kmview_cred_move(cred, ns);
	cap_raise(cred->cap_effective, CAP_SYS_ADMIN);
	if (what & KMVIEW_RAISE_OVERLAY)
		cap_raise(cred->cap_effective, CAP_DAC_OVERRIDE);
	if (what & KMVIEW_RAISE_TRAVERSE) {
		cap_raise(cred->cap_effective, CAP_SYS_CHROOT);
		cap_raise(cred->cap_effective, CAP_SYS_PTRACE);
	}
	raised->cred = cred;
	raised->before = override_creds(cred);
	return true;
}

void kmview_lower(struct kmview_raised *raised)
{
	revert_creds(raised->before);
	put_cred(raised->cred);
}
