/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lwipv6/config/mistake.h"
#include <stdarg.h>
#include <stdio.h>

bool mistake(struct mistake *m, const char *format, ...)
{
	va_list args;
	int n;

	if (!m->made && m->error && m->size) {
		n = snprintf(m->error, m->size, "line %u: ", m->line);
		va_start(args, format);
		if (n > 0 && (size_t)n < m->size)
			vsnprintf(m->error + n, m->size - n, format, args);
		va_end(args);
	}
	m->made = true;
	return false;
}
