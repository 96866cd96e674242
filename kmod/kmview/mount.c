// SPDX-License-Identifier: GPL-2.0-only
#include "dispatch.h"
#include "mount.h"
#include "ring.h"
#include "session.h"
bool kmview_mount_available(void) { return false; }
void kmview_mount_init(void) { }
long kmview_mount_call(struct kmview_context *context, unsigned int builtin) { return kmview_native(context); }
void kmview_namespaces_init(struct kmview_session *session) { }
void kmview_namespaces_free(struct kmview_session *session) { }
