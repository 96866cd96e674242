/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Impaired ports: frames that must be lost, held back, doubled or damaged on their way.
 *
 * A delay line is one direction of one port: an impairment engine (user/vde/impair) and the frames
 * it holds. Frames are copied in; one thread for all lines takes them out when they are due and
 * lets them go on from where they were caught.
 */
#ifndef VDE_DELAY_H
#define VDE_DELAY_H

#include "user/vde/switch/forward/forward.h"

/* Take a copy of a frame that came from an endpoint, or is about to leave the port. Any thread. */
void delay_frame(struct delay_line *line, const struct egress *egress, uint64_t now);

#endif
