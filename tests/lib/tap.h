/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP for C tests.
 *
 * ok(condition, format, ...) is one test; done_testing() prints the plan and gives main()'s result.
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 3, 4))) static inline bool tap_ok(bool good, const char *where,
								const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!good) {
		tap_failed++;
		printf("# at %s\n", where);
	}
	fflush(stdout);
	return good;
}

#define TAP_STRING_(x) #x
#define TAP_STRING(x)  TAP_STRING_(x)
#define ok(good, ...)  tap_ok((good), __FILE__ ":" TAP_STRING(__LINE__), __VA_ARGS__)

static inline int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
