/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What TCP does where a socket says nothing, by name: as an item of lwip_stack_create(3), by
 * lwip_setting_set() and by "lwip set". A setting is a word of a list or a number; it holds for
 * connections that begin after it was set, time-wait and delayed-ack for all.
 */
#include "lwipv6/config/settings.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/lwipv6.h"
#include "lwipv6/tcp/tcp.h"

static const char *const congestion_words[] = {"cubic", "reno", "bbr", NULL};
static const char *const ecn_words[] = {"off", "on", "passive", NULL};
static const char *const truth_words[] = {"off", "on", NULL};

static const struct setting {
	const char *name;
	const char *const *words; /* by value; NULL: a number */
	unsigned int max;	  /* of a number */
	const char *unit;
	size_t offset;	/* in struct stack_settings */
	uint64_t scale; /* ns of a number's unit; words are bytes */
} settings[] = {
	{"congestion", congestion_words, 0, "", offsetof(struct stack_settings, congestion), 0},
	{"ecn", ecn_words, 0, "", offsetof(struct stack_settings, ecn), 0},
	{"timestamps", truth_words, 0, "", offsetof(struct stack_settings, timestamps), 0},
	{"time-wait", NULL, 600, "seconds", offsetof(struct stack_settings, time_wait),
	 NSEC_PER_SEC},
	{"delayed-ack", NULL, 499, "milliseconds", offsetof(struct stack_settings, delayed_ack),
	 NSEC_PER_MSEC},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	return NULL;
}

bool setting_exists(const char *name)
{
	return find(name);
}

/* "cubic, reno, bbr" */
static void list_words(const struct setting *s, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (int i = 0; s->words[i] && used < size; i++)
		used += snprintf(text + used, size - used, "%s%s", i ? ", " : "", s->words[i]);
}

static bool set_word(const struct setting *s, uint8_t *at, const char *value, char *error,
		     size_t size)
{
	char words[60];

	for (int i = 0; s->words[i]; i++)
		if (!strcmp(s->words[i], value)) {
			*at = i;
			return true;
		}
	list_words(s, words, sizeof(words));
	snprintf(error, size, "%s=%s: not one of %s", s->name, value, words);
	return false;
}

static bool set_number(const struct setting *s, uint64_t *at, const char *value, char *error,
		       size_t size)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || n > s->max) {
		snprintf(error, size, "%s=%s: not a number of %s from 0 to %u", s->name, value,
			 s->unit, s->max);
		return false;
	}
	*at = n * s->scale;
	return true;
}

bool setting_set(struct stack *stack, const char *name, const char *value, char *error, size_t size)
{
	const struct setting *s = find(name);
	void *at;

	if (!s) {
		snprintf(error, size, "%s: there is no such setting; see lwipv6(3)", name);
		return false;
	}
	at = (char *)&stack->settings + s->offset;
	return s->words ? set_word(s, at, value, error, size)
			: set_number(s, at, value, error, size);
}

int lwip_setting_set(struct stack *stack, const char *name, const char *value, char *error,
		     size_t size)
{
	char unread[1];
	bool good;

	stack_enter(stack);
	good = setting_set(stack, name, value, error ? error : unread,
			   error ? size : sizeof(unread));
	stack_leave(stack);
	if (good)
		return 0;
	errno = EINVAL;
	return -1;
}

int lwip_setting_get(struct stack *stack, const char *name, char *value, size_t size)
{
	const struct setting *s = find(name);
	const void *at;

	if (!s) {
		errno = EINVAL;
		return -1;
	}
	stack_enter(stack);
	at = (char *)&stack->settings + s->offset;
	if (s->words)
		snprintf(value, size, "%s", s->words[*(const uint8_t *)at]);
	else
		snprintf(value, size, "%llu",
			 (unsigned long long)(*(const uint64_t *)at / s->scale));
	stack_leave(stack);
	return 0;
}

const char *lwip_setting_name(int i)
{
	return i >= 0 && (size_t)i < SETTINGS ? settings[i].name : NULL;
}
