/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public calls on filter and NAT. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/filter/filter.h"

#define FILE_MAX (1 << 20)

static int fail(int error)
{
	errno = -error;
	return -1;
}

static void say(char *error, size_t size, const char *text)
{
	if (error && size)
		snprintf(error, size, "%s", text);
}

int lwip_filter_load(struct stack *stack, const char *text, char *error, size_t size)
{
	struct rules *rules = rules_read(text ? text : "", error, size);
	int result;

	if (!rules)
		return fail(-EINVAL);
	stack_enter(stack);
	result = filter_load(stack, rules);
	stack_leave(stack);
	if (result) {
		say(error, size, "no memory");
		return fail(result);
	}
	return 0;
}

char *filter_read_file(const char *path, char *error, size_t size)
{
	FILE *in = fopen(path, "re");
	char *text = malloc(FILE_MAX + 1);
	size_t n = 0;

	if (!text)
		errno = ENOMEM;
	if (in && text) {
		errno = 0;
		n = fread(text, 1, FILE_MAX + 1, in);
		if (!ferror(in) && n > FILE_MAX)
			errno = EFBIG;
	}
	if (in)
		fclose(in);
	if (in && text && !errno) {
		text[n] = 0;
		return text;
	}
	if (error && size)
		snprintf(error, size, "%s: %s", path, strerror(errno));
	free(text);
	return NULL;
}

int lwip_filter_load_file(struct stack *stack, const char *path, char *error, size_t size)
{
	char *text = filter_read_file(path, error, size);
	int result = text ? lwip_filter_load(stack, text, error, size) : -1;

	free(text);
	return result;
}

/* ---- what is in force, as JSON */

static json_t *text_of(const struct ip_addr *a)
{
	char text[IP_TEXT_SIZE];

	return json_string(ip_to_text(a, text));
}

static json_t *end_of(const struct nat_end *e)
{
	return json_pack("{s:o, s:i}", "address", text_of(&e->addr), "port", e->port);
}

static json_t *rules_json(const struct rules *rules)
{
	static const char *const chains[] = {"input", "forward", "output"};
	static const char *const actions[] = {"accept", "drop", "reject"};
	json_t *list = json_array();

	for (unsigned int i = 0; i < rules->nfilter; i++) {
		const struct filter_rule *r = &rules->filter[i];

		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:I, s:I}", "line", r->line, "chain",
						      chains[r->chain], "action", actions[r->action], "packets",
						      (json_int_t)r->packets, "bytes", (json_int_t)r->bytes));
	}
	return list;
}

static void mappings_json(json_t *list, const struct nat *nat, const struct list *mappings)
{
	const struct nat_mapping *m;

	list_for_each_entry(m, mappings, age) {
		const struct nat_session *s;
		int sessions = 0;

		list_for_each_entry(s, &m->sessions, node)
			sessions++;
		json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:o, s:i, s:i}", "interface", m->netif->name,
						      "protocol", m->protocol, "inner", end_of(&m->inner), "outer",
						      end_of(&m->outer), "sessions", sessions, "open",
						      (int)m->nopen));
	}
}

char *lwip_filter_json(struct stack *stack)
{
	json_t *all = json_object(), *mappings = json_array();
	const struct filter *f;
	char *text;

	stack_enter(stack);
	f = stack->filter;
	if (f && f->nat) {
		mappings_json(mappings, f->nat, &f->nat->open);
		mappings_json(mappings, f->nat, &f->nat->passing);
	}
	json_object_set_new(all, "rules", f ? rules_json(f->rules) : json_array());
	json_object_set_new(all, "flows", json_integer(f && f->flows ? f->flows->count : 0));
	json_object_set_new(all, "mappings", mappings);
	stack_leave(stack);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}
