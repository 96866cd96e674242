/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading arguments of options and commands. As in the classic switch, words behind the arguments
 * are ignored: what people keep in files has remarks there. What begins as an argument and does not
 * end as one is refused with EINVAL.
 */
#ifndef VDE_ARGUMENT_H
#define VDE_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

/* A number between bounds, decimal or 0x. 0 or EINVAL. */
int argument_number(const char *text, unsigned int min, unsigned int max, unsigned int *number);

/*
 * Up to `most` numbers separated by blanks, decimal, 0x or leading-zero octal. The number of them,
 * or -EINVAL when there are fewer than `least`.
 */
int argument_numbers(const char *text, unsigned int least, unsigned int most,
		     unsigned int *numbers);

/* A hardware address, six hexadecimal bytes separated by colons, then the end or a blank; NULL or
 * the rest of the text after blanks. */
const char *argument_mac(const char *text, uint8_t mac[6]);

/* The address as text, with its terminator. */
#define MAC_TEXT_SIZE 18
const char *mac_text(const uint8_t mac[6], char text[MAC_TEXT_SIZE]);

/* 0, off, no, false, or 1, on, yes, true. 0 or EINVAL. */
int argument_switch(const char *text, bool *on);

/* The first word of *text, cut off with a NUL; *text moves to the next one. NULL at the end. */
char *argument_word(char **text);

#endif
