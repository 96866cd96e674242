/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors: one sentence that names the object, the cause and the way out.
 */
#include <stdarg.h>

#include "umps/machine/error.h"

int fail(struct umps_error *error, const char *format, ...)
{
	va_list args;

	if (error) {
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return -1;
}
