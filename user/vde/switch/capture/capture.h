/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture of what passes a port, or of a VLAN, as pcapng to a file or a pipe.
 *
 * Data threads copy frames into a buffer of each capture that wants them (forward/observe.h); a
 * thread per capture writes the buffer out. A writer that is too slow, a pipe that nobody reads,
 * loses frames of the capture, which are counted, never of the switch.
 */
#ifndef VDE_CAPTURE_H
#define VDE_CAPTURE_H

#include "user/vde/switch/switch.h"

/* End all captures; what is buffered is written if that needs no waiting. */
void capture_stop_all(struct vswitch *sw);

struct console;
void capture_commands(struct console *console);

#endif
