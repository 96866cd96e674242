/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the kvde plane.
 *
 *   plane.c       options, ports and VLANs: the model in the module
 *   addresses.c   one MAC table
 *   reader.c      what the module hands up
 *   commands.c    the console
 */
#ifndef VDE_KVDE_PARTS_H
#define VDE_KVDE_PARTS_H

#include "kmod/kvde/uapi/kvde.h"
#include "user/vde/switch/planes/kvde/kvde.h"

enum kvde_when { KVDE_AUTO, KVDE_ALWAYS, KVDE_NEVER };

struct reader;

struct kvde_state {
	enum kvde_when when;
	int fd; /* of the device; -1: there is none */
	struct reader *reader;
	struct timer *timer;
	struct port_set adopted;
	/* By port. adopted_at: RCU, the reader's; refused: control thread, an endpoint that is not for the module. */
	struct endpoint *adopted_at[PORT_MAX + 1];
	const struct endpoint *refused[PORT_MAX + 1];
	bool again[PORT_MAX + 1]; /* try to take it over at the next second */
};

/* plane.c: as ioctl(2): 0 or -errno. */
int kvde_call(const struct kvde_state *kvde, unsigned long command, void *argument);
bool kvde_counters(const struct kvde_state *kvde, unsigned int port,
		   struct kvde_counters *counters);

/* addresses.c */
void kvde_addresses_sync(struct plane *plane);
void kvde_addresses_moved(struct plane *plane,
			  unsigned int port); /* between the module and others */
void kvde_address_changed(struct plane *plane, const struct fdb_entry *entry,
			  enum fdb_change change);
unsigned int kvde_address_idle(struct plane *plane, const struct fdb_entry *entry);
/* From the reader: the module has learned something. */
void kvde_address_learned(struct plane *plane, const struct kvde_record *record);

/* reader.c; NULL: it cannot be started. */
struct reader *reader_start(struct plane *plane);
void reader_stop(struct reader *reader);
/* Wait until so many records of the module have been dealt with. */
void reader_wait(struct reader *reader, uint64_t records);
/* plane.c, from the control thread: the port's socket is not for the module. */
void kvde_refuse(struct plane *plane, unsigned int port);

/* commands.c */
void kvde_commands(struct console *console);

#endif
