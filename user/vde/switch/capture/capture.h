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

/*
 * Capture a port or a VLAN (CAPTURE_ANY: each) into fd, which is the capture's from now on; name is
 * what listings show. 0 or a positive errno.
 */
#define CAPTURE_ANY (-1)
int capture_to(struct vswitch *sw, int fd, const char *name, int port, int vlan, unsigned int *id);
/* End it; false: there is none. */
bool capture_stop(struct vswitch *sw, unsigned int id);

/* End all captures; what is buffered is written if that needs no waiting. */
void capture_stop_all(struct vswitch *sw);

struct console;
void capture_commands(struct console *console);

#endif
