/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports: which exist, who may take them, which endpoints they have.
 */
#ifndef VDE_PORTS_H
#define VDE_PORTS_H

#include <jansson.h>

#include "user/vde/switch/switch.h"

#define PORT_AUTOMATIC (-1)

/*
 * Join an endpoint (with plane, id, user, module, descr, left and owner set) to a port: a number,
 * made if need be, or PORT_AUTOMATIC for the lowest free one. The plane starts moving its frames.
 * 0 or -errno: -EINVAL no such number, -ENOSPC no free port, -EACCES access control, -EBUSY the
 * port is another user's, -EDQUOT the user has as many ports as one may have.
 */
int port_join(struct vswitch *sw, int number, struct endpoint *endpoint);

/* Is the user a member of the group, by the accounts of this host? */
bool user_in_group(uid_t user, gid_t group);

/* Which port a request would get; the same errors. */
int port_choose(struct vswitch *sw, int number, uid_t user, struct port **chosen);

/*
 * Take an endpoint from its port: the plane's detach() and endpoint->left() are called now, the
 * plane's release() after a grace period. The last one leaving makes the port inactive and forgets
 * its addresses.
 */
void port_leave(struct vswitch *sw, struct endpoint *endpoint);

/* As many ports as are wanted, or as there can be (said in the log): others allow 65,535. */
unsigned int numports_allowed(unsigned int wanted);

/* Make a port, allocatable by automatic requests or not; 0 or -errno (-EEXIST, -EINVAL). */
int port_create(struct vswitch *sw, unsigned int number, bool allocatable);
/* All its settings as they are for a new port; its endpoints stay. */
void port_default(struct vswitch *sw, struct port *port);
/* Unmake it, with all its settings; -EADDRINUSE while it has endpoints. */
int port_remove(struct vswitch *sw, struct port *port);
/* The lowest number without a port; 0 or -ENOSPC. */
int port_free(struct vswitch *sw, unsigned int *number);

/* Tell every plane. */
void port_changed(struct vswitch *sw, struct port *port);
void vlan_changed(struct vswitch *sw, struct vlan *vlan);
void switch_changed(struct vswitch *sw);

/* Hub mode; turning it on turns spanning tree off. */
void switch_set_hub(struct vswitch *sw, bool on);

/* Counters of the port since their reset, all planes together; and what was added in a second. */
void port_count(struct vswitch *sw, struct port *port, struct counters *sum);
void port_rate(struct vswitch *sw, const struct port *port, struct counters *rate);
/* A plane no longer counts for the port: what it had counted stays the port's. */
void port_keep_counters(struct port *port, const struct counters *counted);
void port_reset_counters(struct vswitch *sw, struct port *port);
int port_statistics_start(struct vswitch *sw);
void port_statistics_stop(struct vswitch *sw);

/*
 * Settings. 0 or -errno: a name is a letter and letters, digits, - _ . (-EINVAL) that no other port
 * has (-EEXIST), or empty; a tag type is "802.1q" or "802.1ad"; mirrors must not lead in a circle
 * (-ELOOP); a limit is per second, 0 = none.
 */
int port_set_name(struct vswitch *sw, struct port *port, const char *name);
int port_set_tag_type(struct vswitch *sw, struct port *port, const char *type);
int port_set_mirror(struct vswitch *sw, struct port *port, struct port *to,
		    unsigned int directions);
void port_set_limit(struct vswitch *sw, struct port *port, enum limit_kind kind, uint64_t rate);
int limit_kind_named(const char *name); /* -1: none */
/* All of these of one port; a new reference. */
json_t *port_settings_json(const struct port *port);
#define QUEUE_LIMIT_MAX 1000000

/* The endpoint with this id on the port, or NULL. */
struct endpoint *port_endpoint(struct port *port, int id);

/*
 * The port that the first word of a console argument means, its number or its name; NULL if it does
 * not exist, for which the error is port_missing(): EINVAL no port can have this number, ENXIO.
 */
struct port *port_named(struct vswitch *sw, const char *text);
int port_missing(const struct vswitch *sw, const char *text);

void ports_init(struct vswitch *sw, unsigned int numports);

/*
 * For console commands "[PORT]" that list ports: what describe() says about each, or about the one
 * that is named; it returns NULL to leave one out. 0, ENXIO no such port, EINVAL no such number.
 */
struct call;
typedef json_t *port_describer(struct vswitch *sw, struct port *port);
int port_listing(struct call *call, json_t **listing, port_describer *describe);

/* Console commands "port/...". */
struct console;
void port_commands(struct console *console);

/* The user with this name or number; 0, or EINVAL: there is none. */
int user_id(const char *name, unsigned int *id);

#endif
