/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest program.
 */
#include "program.h"

int main(void)
{
	char who[ARGUMENT_SIZE];

	argument(who, sizeof(who));
	print("Hello, %s!\n", *who ? who : "world");
	return 0;
}
