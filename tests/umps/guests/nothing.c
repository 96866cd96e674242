/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends at once. */
int main(void)
{
	return 0;
}
