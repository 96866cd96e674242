/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kvde plane: the kernel forwards between clients' sockets by itself (kmod/kvde).
 *
 * It has no endpoints of its own: it takes over sockets of the user plane where the port is plain, and gives them back.
 */
#ifndef VDE_KVDE_PLANE_H
#define VDE_KVDE_PLANE_H

#include "user/vde/switch/planes/plane.h"

extern const struct plane_ops kvde_plane;

#endif
