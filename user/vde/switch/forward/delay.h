/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Impaired ports: frames that must be lost, held back, doubled or damaged on their way.
 *
 * A port has one impairment model (user/vde/impair) whose left-to-right way is from the clients
 * into the switch and whose right-to-left way is out to them. A delay line is one way of one port.
 * Frames are copied in by any thread; one thread for all lines takes them out when they are due and
 * lets them go on from where they were caught. Models and channels are used under one lock.
 */
#ifndef VDE_DELAY_H
#define VDE_DELAY_H

#include <jansson.h>

#include "user/vde/impair/impair.h"
#include "user/vde/switch/forward/forward.h"

/* Take a copy of a frame that came from an endpoint, or is about to leave the port. Any thread. */
void delay_frame(struct delay_line *line, const struct egress *egress, uint64_t now);

/*
 * Control thread. The model of a port, made if it has none and if `make` is set; NULL otherwise or
 * when out of memory. To be used between delay_lock() and delay_unlock(), which lets changes take
 * effect.
 */
struct impair_model *delay_model(struct vswitch *sw, struct port *port, bool make);
void delay_lock(void);
void delay_unlock(void);

/* Counters of one way of the port, with the lock; zeros when it is not impaired. */
struct impair_counters delay_counters(const struct port *port, enum impair_way way);

/* End the impairment of a port; frames on their way are lost. */
void delay_clear(struct vswitch *sw, struct port *port);

/* After delay_clear() of every port: end the thread. */
void delay_stop(void);

/* The impairment of a port, which must have one, as impair/print shows it; a new reference. */
json_t *delay_json(struct vswitch *sw, struct port *port);

struct console;
void delay_commands(struct console *console);

#endif
