// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user namespaces that a session's mounts belong to, see mount_userns.h.
 *
 * Why three. A mount namespace has to belong to a user namespace with less authority than the initial one: then the
 * kernel locks the mounts that it copies, and applies its rules for mounts of ordinary users. The ids of FUSE have to be
 * real ones, so FUSE needs a namespace with all of them (outer). An overlay keeps its mounter's credentials and, to make
 * its work directory, CAP_DAC_OVERRIDE: with all ids in the map that would be the right to everybody's files, so
 * overlays, and the mount namespaces that they are made in, have one with the user's own ids (own). What is set up with
 * fsopen(2) and fsconfig(2) is in a third (inner): so no FUSE device that was adopted for mount(2), where its options
 * are checked, can be used by fsconfig(2), where they cannot be.
 *
 * Why for each session: then a session has no authority over what another has mounted, by the kernel's own rule.
 *
 * The kernel makes a user namespace for a task that asks; here a worker asks, since the kernel refuses who is in a
 * chroot. The owner, uid -1, is nobody: an owner has all capabilities over his namespace, and with all ids in the map
 * CAP_SETUID would be root.
 *
 * User namespaces are counted for the owner, so these are counted for an id that nobody has, one for each session. They
 * are made even if user.max_user_namespaces is 0: as no task gets into one, they are none of those that are meant.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "mount_userns.h"
#include "session.h"
#include "symbols.h"

static unsigned int max_spaces = 256;
module_param(max_spaces, uint, 0644);
MODULE_PARM_DESC(max_spaces, "how many mount namespaces one session may have; default 256");

/* Ids that the namespaces are counted for: these many from (uid_t)-2 downwards. */
#define CHARGE_IDS (1 << 20)

struct making {
	struct work_struct work;
	struct kmview_session *session;
	kuid_t uid;
	kgid_t gid;
	int result;
};

bool kmview_userns_available(void)
{
	return kmview_has(KMVIEW_CREATE_USER_NS) && kmview_has(KMVIEW_ALLOC_UCOUNTS) && kmview_has(KMVIEW_PUT_UCOUNTS);
}

static void set_map(struct uid_gid_map *map, u32 first, u32 count)
{
	map->extent[0] = (struct uid_gid_extent){ .first = first, .lower_first = first, .count = count };
	smp_wmb(); /* the extent before the number of extents, as the kernel's readers expect */
	WRITE_ONCE(map->nr_extents, 1);
}

/* A child of parent, with a counted reference, or an error. */
static struct user_namespace *make_one(struct user_namespace *parent, kuid_t charge)
{
	struct cred *cred = prepare_creds();
	struct user_namespace *ns;
	int err;

	if (!cred)
		return ERR_PTR(-ENOMEM);
	put_user_ns(cred->user_ns);
	cred->user_ns = get_user_ns(parent);
	cred->euid = charge;
	err = kmview_create_user_ns(cred);
	/* The reference to the parent has gone over to the new one, which the credentials are in now. */
	ns = err ? ERR_PTR(err) : get_user_ns(cred->user_ns);
	abort_creds(cred);
	if (err)
		return ns;
	ns->owner = INVALID_UID;
	ns->group = INVALID_GID;
	return ns;
}

static int make_all(struct making *making, kuid_t charge)
{
	struct user_namespace **ns = making->session->userns, *parent = &init_user_ns;
	unsigned int i;
	bool own;

	for (i = 0; i < KMVIEW_USERNS; i++) {
		ns[i] = make_one(parent, charge);
		if (IS_ERR(ns[i])) {
			int err = PTR_ERR(ns[i]);

			ns[i] = NULL;
			return err;
		}
		own = i == KMVIEW_OWN;
		set_map(&ns[i]->uid_map, own ? __kuid_val(making->uid) : 0, own ? 1 : U32_MAX);
		set_map(&ns[i]->gid_map, own ? __kgid_val(making->gid) : 0, own ? 1 : U32_MAX);
		set_map(&ns[i]->projid_map, 0, U32_MAX);
		parent = ns[i];
	}
	ns[KMVIEW_OWN]->ucount_max[UCOUNT_MNT_NAMESPACES] = READ_ONCE(max_spaces);
	return 0;
}

static void make_namespaces(struct work_struct *work)
{
	struct making *making = container_of(work, struct making, work);
	u32 number = making->session->id;
	struct ucounts *ucounts;
	atomic_long_t *count;
	kuid_t charge;

	/* One that nobody uses: neither we, for a session of old, nor anybody else. */
	for (;; number++) {
		charge = KUIDT_INIT((uid_t)-2 - number % CHARGE_IDS);
		ucounts = kmview_alloc_ucounts(&init_user_ns, charge);
		if (!ucounts) {
			making->result = -ENOMEM;
			return;
		}
		count = &ucounts->ucount[UCOUNT_USER_NAMESPACES];
		if (!atomic_long_read(count))
			break;
		kmview_put_ucounts(ucounts);
	}
	/* Room for as many as we make, also where the limit is 0. It is back before one of them can go. */
	atomic_long_sub(KMVIEW_USERNS, count);
	making->result = make_all(making, charge);
	atomic_long_add(KMVIEW_USERNS, count);
	kmview_put_ucounts(ucounts);
}

int kmview_userns_make(struct kmview_session *session)
{
	struct making making = { .session = session, .uid = current_fsuid(), .gid = current_fsgid() };

	INIT_WORK_ONSTACK(&making.work, make_namespaces);
	schedule_work(&making.work);
	flush_work(&making.work);
	destroy_work_on_stack(&making.work);
	if (making.result)
		kmview_userns_put(session);
	return making.result;
}

void kmview_userns_put(struct kmview_session *session)
{
	unsigned int i;

	for (i = KMVIEW_USERNS; i--;) {
		if (session->userns[i])
			put_user_ns(session->userns[i]);
		session->userns[i] = NULL;
	}
}

bool kmview_userns_is_own(const struct kmview_session *session)
{
	const struct user_namespace *own = session->userns[KMVIEW_OWN];

	return __kuid_val(current_fsuid()) == own->uid_map.extent[0].lower_first &&
	       __kgid_val(current_fsgid()) == own->gid_map.extent[0].lower_first;
}

bool kmview_userns_is_of(const struct kmview_session *session, const struct user_namespace *ns)
{
	unsigned int i;

	for (i = 0; i < KMVIEW_USERNS; i++)
		if (session->userns[i] == ns)
			return true;
	return false;
}
