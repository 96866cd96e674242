/* SPDX-License-Identifier: GPL-2.0-only */
/* Says hello and when. */
#include "guest.h"

int main(void)
{
	u32 start = TOD;

	print("hello\n");
	show("start", start);
	show("end", TOD);
	return 0;
}
