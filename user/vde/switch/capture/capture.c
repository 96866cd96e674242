/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "user/vde/switch/forward/observe.h"

void observe_frame(const struct port *port, const struct egress *egress, enum direction direction)
{
}
