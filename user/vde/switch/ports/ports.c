/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports and who is on them. The set of endpoints of a port is an immutable array that data threads
 * read under RCU: joining and leaving make a new one. All functions belong to the control thread.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/vlan/vlan.h"

#define NOBODY ((uid_t)-1)

void ports_init(struct vswitch *sw, unsigned int numports)
{
	sw->numports = numports;
	for (unsigned int i = 0; i <= PORT_MAX; i++) {
		struct port *port = &sw->ports[i];

		port->number = i;
		port->untagged_vlan = VLAN_NONE;
		port->tag_type = TAG_8021Q;
		port->user = NOBODY;
		port->acl_user = NOBODY;
		port->acl_group = NOBODY;
	}
}

unsigned int numports_allowed(unsigned int wanted)
{
	if (wanted <= PORT_MAX)
		return wanted;
	syslog(LOG_NOTICE, "%u ports are more than there can be: there will be %d", wanted,
	       PORT_MAX);
	return PORT_MAX;
}

int port_create(struct vswitch *sw, unsigned int number, bool allocatable)
{
	struct port *port = &sw->ports[number];

	if (number > sw->numports)
		return -EINVAL;
	if (port->exists)
		return -EEXIST;
	port->exists = true;
	port->allocatable = allocatable;
	vlan_set_untagged(sw, port, 0);
	return 0;
}

void port_default(struct vswitch *sw, struct port *port)
{
	vlan_leave_all(sw, port);
	vlan_set_untagged(sw, port, 0);
	port->allocatable = true;
	port->tag_type = TAG_8021Q;
	port->acl_user = NOBODY;
	port->acl_group = NOBODY;
	port->name[0] = '\0';
	port_set_mirror(sw, port, NULL, MIRROR_OFF);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		port_set_limit(sw, port, kind, 0);
	delay_clear(sw, port);
}

int port_remove(struct vswitch *sw, struct port *port)
{
	if (port->endpoints)
		return -EADDRINUSE;
	port_default(sw, port);
	vlan_leave_all(sw, port);
	port->exists = false;
	port_reset_counters(sw, port);
	return 0;
}

bool user_in_group(uid_t user, gid_t group)
{
	struct passwd *account = user == NOBODY ? NULL : getpwuid(user);
	gid_t groups[1024];
	int count = 1024;

	if (!account || getgrouplist(account->pw_name, account->pw_gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* May this user be the first on the port? An unknown user passes only where nobody is excluded. */
static bool admits(const struct port *port, uid_t user)
{
	if (port->acl_user == NOBODY && port->acl_group == (gid_t)NOBODY)
		return true;
	if (user == NOBODY)
		return false;
	return user == 0 || user == port->acl_user ||
	       (port->acl_group != (gid_t)NOBODY && user_in_group(user, port->acl_group));
}

static struct port *lowest_free(struct vswitch *sw, uid_t user)
{
	for (unsigned int i = 1; i <= sw->numports; i++) {
		struct port *port = &sw->ports[i];

		if (!port->endpoints && (!port->exists || port->allocatable) && admits(port, user))
			return port;
	}
	return NULL;
}

int port_free(struct vswitch *sw, unsigned int *number)
{
	for (unsigned int i = 1; i <= sw->numports; i++)
		if (!sw->ports[i].exists) {
			*number = i;
			return 0;
		}
	return -ENOSPC;
}

static void endpoint_set_free(struct rcu_head *head)
{
	free(caa_container_of(head, struct endpoint_set, rcu));
}

/* A new set with (or without) an endpoint; the old one is freed after a grace period. */
static int change_endpoints(struct port *port, struct endpoint *add, struct endpoint *remove)
{
	struct endpoint_set *old = port->endpoints, *new = NULL;
	unsigned int count = (old ? old->count : 0) + (add ? 1 : 0) - (remove ? 1 : 0), n = 0;

	if (count) {
		new = malloc(sizeof(*new) + count * sizeof(*new->at));
		if (!new)
			return -ENOMEM;
		for (unsigned int i = 0; old && i < old->count; i++)
			if (old->at[i] != remove)
				new->at[n++] = old->at[i];
		if (add)
			new->at[n++] = add;
		new->count = n;
	}
	rcu_assign_pointer(port->endpoints, new);
	if (old)
		call_rcu(&old->rcu, endpoint_set_free);
	return 0;
}

/* Has the user as many ports as one may have? Root and the switch's own user may have all. */
static bool has_enough(const struct vswitch *sw, uid_t user)
{
	unsigned int most = sw->ports_per_user, count = 0;

	if (user == 0 || user == geteuid())
		return false;
	if (!most)
		most = (sw->numports * 3 + 3) / 4;
	for (unsigned int i = 0; i <= sw->numports; i++)
		count += sw->ports[i].endpoints && sw->ports[i].user == user;
	return count >= most;
}

int port_choose(struct vswitch *sw, int number, uid_t user, struct port **chosen)
{
	struct port *port;

	if (number == PORT_AUTOMATIC) {
		*chosen = lowest_free(sw, user);
		if (!*chosen)
			return -ENOSPC;
		return has_enough(sw, user) ? -EDQUOT : 0;
	}
	if (number < 0 || number > (int)sw->numports)
		return -EINVAL;
	port = *chosen = &sw->ports[number];
	if (port->endpoints)
		return port->user == user ? 0 : -EBUSY;
	if (!admits(port, user))
		return -EACCES;
	return has_enough(sw, user) ? -EDQUOT : 0;
}

/* Out of the port's set; whatever the last endpoint of a port takes with it goes too. */
static void abandon(struct vswitch *sw, struct endpoint *endpoint)
{
	struct port *port = endpoint->port;

	while (change_endpoints(port, NULL, endpoint) == -ENOMEM)
		synchronize_rcu(); /* old sets are about to be freed: there will be memory */
	event_raise(sw, EVENT_EP_DEL, "Port %02u FD %2d", port->number, endpoint->id);
	if (!port->endpoints) {
		port_set_put(&sw->active, port->number, false);
		port->user = NOBODY;
		rstp_port_active(sw, port, false);
		event_raise(sw, EVENT_PORT_DEL, "%02u", port->number);
		fdb_flush(sw->fdb, FDB_ANY, port->number);
	}
	port_changed(sw, port);
}

int port_join(struct vswitch *sw, int number, struct endpoint *endpoint)
{
	struct port *port;
	int error = port_choose(sw, number, endpoint->user, &port);
	bool first;

	if (error)
		return error;
	if (!port->exists)
		port_create(sw, port->number, true);
	first = !port->endpoints;
	endpoint->port = port;
	error = change_endpoints(port, endpoint, NULL);
	if (error)
		return error;
	if (first) {
		port->user = endpoint->user;
		port_set_put(&sw->active, port->number, true);
		event_raise(sw, EVENT_PORT_ADD, "%02u", port->number);
		rstp_port_active(sw, port, true);
	}
	port_changed(sw, port);
	event_raise(sw, EVENT_EP_ADD, "Port %02u FD %2d", port->number, endpoint->id);
	event_raise(sw, EVENT_PORT_DESCR, "Port %02u FD %2d -> \"%s\"", port->number, endpoint->id,
		    endpoint->descr);
	error = endpoint->plane->ops->attach(endpoint);
	if (error) {
		abandon(sw, endpoint);
		synchronize_rcu(); /* the caller frees it */
	}
	return error;
}

static void endpoint_free(struct rcu_head *head)
{
	struct endpoint *endpoint = caa_container_of(head, struct endpoint, rcu);

	endpoint->plane->ops->release(endpoint);
}

void port_leave(struct vswitch *sw, struct endpoint *endpoint)
{
	endpoint->plane->ops->detach(endpoint);
	abandon(sw, endpoint);
	endpoint->left(endpoint);
	call_rcu(&endpoint->rcu, endpoint_free);
}

struct endpoint *port_endpoint(struct port *port, int id)
{
	for (unsigned int i = 0; port->endpoints && i < port->endpoints->count; i++)
		if (port->endpoints->at[i]->id == id)
			return port->endpoints->at[i];
	return NULL;
}

struct port *port_named(struct vswitch *sw, const char *text)
{
	size_t len = strcspn(text, " \t");
	unsigned int number;

	if (argument_numbers(text, 1, 1, &number) == 1)
		return number <= sw->numports && sw->ports[number].exists ? &sw->ports[number]
									  : NULL;
	for (unsigned int i = 0; len && i <= sw->numports; i++)
		if (sw->ports[i].exists && strlen(sw->ports[i].name) == len &&
		    strncmp(sw->ports[i].name, text, len) == 0)
			return &sw->ports[i];
	return NULL;
}

int port_missing(const struct vswitch *sw, const char *text)
{
	unsigned int number;

	return argument_numbers(text, 1, 1, &number) == 1 && number > sw->numports ? EINVAL : ENXIO;
}

void switch_set_hub(struct vswitch *sw, bool on)
{
	if (on)
		rstp_enable(sw, false);
	sw->hub = on;
	switch_changed(sw);
}
