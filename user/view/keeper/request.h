/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request as it is received. */
#ifndef VIEW_REQUEST_H
#define VIEW_REQUEST_H

#include "protocol.h"

union keeper_message {
	struct keeper_request head;
	char bytes[KEEPER_TEXT];
};

#endif
