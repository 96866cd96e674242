/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants to see frames pass without changing them: called by forward/ on any thread, for ports
 * marked captured. Implemented by capture/.
 */
#ifndef VDE_OBSERVE_H
#define VDE_OBSERVE_H

#include "user/vde/switch/forward/forward.h"

enum direction { DIRECTION_IN, DIRECTION_OUT };

void observe_frame(const struct port *port, const struct egress *egress, enum direction direction);

#endif
