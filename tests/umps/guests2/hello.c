/* SPDX-License-Identifier: GPL-2.0-only */
#include "guest.h"

int main(void)
{
	print("hello from tape\n");
	return 0;
}
