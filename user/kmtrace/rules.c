// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of the command line: which calls and paths they are for, and what they say.
 *
 * A pattern is matched against every path argument of a call as an absolute path (paths.c).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "kmtrace.h"

const char *const uts_field_names[UTS_FIELDS] = {
	"sysname", "nodename", "release", "version", "machine", "domainname",
};

static int say(char **why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int say(char **why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(why, format, args) < 0)
		*why = NULL;
	va_end(args);
	return -1;
}

static int errno_of(const char *name)
{
	for (int i = 1; i < 4096; i++) {
		const char *known = strerrorname_np(i);

		if (known && !strcasecmp(known, name))
			return i;
	}
	return 0;
}

bool rule_value(const char *text, int64_t *value)
{
	char *end;
	int error = errno_of(text[0] == '-' ? text + 1 : text);

	if (error) {
		*value = -error;
		return true;
	}
	errno = 0;
	*value = strtoll(text, &end, 0);
	return !errno && *text && !*end;
}

static bool parse_time(const char *text, int64_t *microseconds)
{
	char *end;
	double number = strtod(text, &end);
	double unit = !strcmp(end, "us")	    ? 1
		      : !*end || !strcmp(end, "ms") ? 1e3
		      : !strcmp(end, "s")	    ? 1e6
						    : 0;

	if (end == text || unit == 0 || number < 0 || number * unit > 3600e6)
		return false;
	*microseconds = number * unit;
	return true;
}

struct rule *rule_new(struct options *options)
{
	struct rule *rule = calloc(1, sizeof(*rule)), **last = &options->rules;

	while (*last)
		last = &(*last)->next;
	*last = rule;
	return rule;
}

/* "CALLS[:PATTERN]", and what is behind the last "=" in *value, NULL if there is none. */
static int rule_add(struct options *options, const char *text, char **value, struct rule **result,
		    char **why)
{
	struct rule *rule = rule_new(options);
	char *copy = strdup(text), *equals = strrchr(copy, '='), *colon, *unknown;

	if (equals)
		*equals = '\0';
	colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	if (call_set_add(&rule->calls, copy, &unknown) < 0) {
		say(why, "\"%s\" in \"%s\" is no system call; man 2 syscalls lists them", unknown,
		    text);
		free(unknown);
		free(copy);
		return -1;
	}
	rule->pattern = colon ? strdup(colon + 1) : NULL;
	*value = equals ? strdup(equals + 1) : NULL;
	*result = rule;
	free(copy);
	return 0;
}

int rule_add_deny(struct options *options, const char *text, char **why)
{
	struct rule *rule;
	char *value;
	int result = rule_add(options, text, &value, &rule, why);

	if (result < 0)
		return result;
	rule->returns = true;
	rule->value = -(value ? errno_of(value) : EPERM);
	if (!rule->value)
		result = say(why, "\"%s\" in \"%s\" is no name of an error; try EACCES or ENOENT",
			     value, text);
	free(value);
	return result;
}

int rule_add_return(struct options *options, const char *text, char **why)
{
	struct rule *rule;
	char *value;
	int result = rule_add(options, text, &value, &rule, why);

	if (result < 0)
		return result;
	rule->returns = true;
	if (!value || !rule_value(value, &rule->value))
		result = say(why,
			     "\"%s\" needs a number or an error's name after \"=\", as in getuid=0",
			     text);
	free(value);
	return result;
}

int rule_add_delay(struct options *options, const char *text, char **why)
{
	struct rule *rule;
	char *value;
	int result = rule_add(options, text, &value, &rule, why);

	if (result < 0)
		return result;
	if (!value || !parse_time(value, &rule->delay_us))
		result =
			say(why, "\"%s\" needs a time up to an hour after \"=\", as in openat=20ms",
			    text);
	free(value);
	return result;
}

int rule_add_fake(struct options *options, const char *text, char **why)
{
	const char *equals = strchr(text, '=');
	size_t name = strcspn(text, "=");

	for (int i = 0; equals && i < UTS_FIELDS; i++) {
		const char *field = uts_field_names[i];

		if (name != strlen("uname.") + strlen(field) || strncmp(text, "uname.", 6) ||
		    strncmp(text + 6, field, strlen(field)))
			continue;
		if (strlen(equals + 1) > 64)
			return say(why,
				   "\"%s\" is longer than the 64 characters that uname can tell",
				   text);
		options->uname[i] = equals + 1;
		options->uname_faked = true;
		return 0;
	}
	return say(
		why,
		"\"%s\" is not of the form uname.FIELD=TEXT with FIELD one of sysname, nodename, "
		"release, version, machine, domainname",
		text);
}

bool rules_want(const struct options *options, const struct kmview_syscall *call)
{
	for (const struct rule *rule = options->rules; rule; rule = rule->next)
		if (rule->calls.has[call_index(call)])
			return true;
	return false;
}

const struct rule *rules_constant(const struct options *options, const struct kmview_syscall *call)
{
	for (const struct rule *rule = options->rules; rule; rule = rule->next) {
		if (!rule->calls.has[call_index(call)])
			continue;
		return rule->returns && !rule->pattern && !rule->when.first && !rule->signal &&
				       !rule->delay_us && !rule->delay_exit_us
			       ? rule
			       : NULL;
	}
	return NULL;
}

void rules_match(const struct options *options, struct traced *traced, struct met *met)
{
	*met = (struct met){};
	for (const struct rule *rule = options->rules; traced->call && rule; rule = rule->next) {
		if (!rule->calls.has[call_index(traced->call)] ||
		    (rule->pattern && !names_path(traced, rule->pattern)) ||
		    !inject_now(rule, traced->tid))
			continue;
		if (rule->returns && !met->returns)
			met->returns = rule;
		if (rule->delay_us && !met->delay)
			met->delay = rule;
		if (rule->delay_exit_us && !met->delay_exit)
			met->delay_exit = rule;
		if (rule->signal && !met->signal)
			met->signal = rule;
	}
}

bool rules_at_exit(const struct options *options)
{
	for (const struct rule *rule = options->rules; rule; rule = rule->next)
		if (rule->delay_exit_us)
			return true;
	return false;
}

/* How uname's oldest forms, of 32-bit programs, differ: fewer fields, of 9 bytes. */
static void uts_shape(const struct traced *traced, unsigned int *fields, size_t *field_size)
{
	bool oldest = traced->call && !strcmp(traced->call->name, "oldolduname");
	bool old = traced->call && !strcmp(traced->call->name, "olduname");

	*fields = oldest || old ? 5 : 6;
	*field_size = oldest ? 9 : 65;
}

static int64_t uname_put(const struct options *options, struct traced *traced,
			 const struct utsname *all)
{
	const char *whole[UTS_FIELDS] = {};
	unsigned int fields;
	size_t size;

	uts_shape(traced, &fields, &size);
	if (all) {
		const char *names[UTS_FIELDS] = {all->sysname, all->nodename, all->release,
						 all->version, all->machine,  all->domainname};

		memcpy(whole, names, sizeof(whole));
	}
	for (unsigned int i = 0; i < fields; i++) {
		const char *text = options->uname[i] ? options->uname[i] : whole[i];
		char field[65] = "";

		if (!text)
			continue;
		strncpy(field, text, size - 1);
		if (traced->engine->write(traced, traced->args[0] + i * size, field, size) !=
		    (ssize_t)size)
			return -EFAULT;
	}
	return 0;
}

int64_t uname_fake_over(const struct options *options, struct traced *traced)
{
	return traced->result < 0 ? traced->result : uname_put(options, traced, NULL);
}

int64_t uname_fake_whole(const struct options *options, struct traced *traced)
{
	struct utsname truth;

	return uname(&truth) < 0 ? -errno : uname_put(options, traced, &truth);
}
