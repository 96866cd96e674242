/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading arguments; see argument.h. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"

static int number_in_base(const char *text, char **end, int base, unsigned int *number)
{
	unsigned long value;

	if (!isdigit((unsigned char)*text))
		return EINVAL;
	/* Hexadecimal everywhere; a leading zero means octal only to base 0. */
	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		base = 16;
	errno = 0;
	value = strtoul(text, end, base);
	if (errno || value > UINT_MAX || (**end && !isspace((unsigned char)**end)))
		return EINVAL;
	*number = value;
	return 0;
}

int argument_number(const char *text, unsigned int min, unsigned int max, unsigned int *number)
{
	unsigned int value;
	char *end;

	if (number_in_base(text, &end, 10, &value) || value < min || value > max)
		return EINVAL;
	*number = value;
	return 0;
}

int argument_numbers(const char *text, unsigned int least, unsigned int most, unsigned int *numbers)
{
	unsigned int count = 0;
	char *end;

	while (*(text += strspn(text, " \t")) && count < most) {
		if (number_in_base(text, &end, 0, &numbers[count])) {
			/* Words may follow, but nothing that begins as a number and is none. */
			if (isdigit((unsigned char)*text))
				return -EINVAL;
			break;
		}
		text = end;
		count++;
	}
	return count < least ? -EINVAL : (int)count;
}

const char *argument_mac(const char *text, uint8_t mac[6])
{
	int length = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &length) != 6)
		return NULL;
	text += length;
	if (*text && !isspace((unsigned char)*text))
		return NULL;
	return text + strspn(text, " \t");
}

const char *mac_text(const uint8_t mac[6], char text[MAC_TEXT_SIZE])
{
	snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}

int argument_switch(const char *text, bool *on)
{
	static const char *const words[2][4] = {{"0", "off", "no", "false"},
						{"1", "on", "yes", "true"}};
	size_t len = strcspn(text, " \t");

	for (int state = 0; state < 2; state++)
		for (int i = 0; i < 4; i++)
			if (strlen(words[state][i]) == len &&
			    strncasecmp(text, words[state][i], len) == 0) {
				*on = state;
				return 0;
			}
	return EINVAL;
}

char *argument_word(char **text)
{
	char *word = *text + strspn(*text, " \t");
	char *end = word + strcspn(word, " \t");

	if (!*word)
		return NULL;
	*text = *end ? end + 1 : end;
	*end = '\0';
	return word;
}
