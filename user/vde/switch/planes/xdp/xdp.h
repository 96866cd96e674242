/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xdp plane: network devices as ports, switched inside the kernel. Options --xdp IF and
 * --xdp-mode, console commands "xdp/...".
 */
#ifndef VDE_XDP_PLANE_H
#define VDE_XDP_PLANE_H

#include "user/vde/switch/planes/plane.h"

extern const struct plane_ops xdp_plane;

#endif
