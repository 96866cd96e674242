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

static json_t *rule_json(const struct rules *rules, const struct rule_text *t)
{
	return json_pack("{s:i, s:s%}", "line", t->line, "rule", rules->text + t->at,
			 (size_t)t->len);
}

static json_t *rules_json(const struct rules *rules)
{
	json_t *list = json_array(), *one;

	for (unsigned int i = 0; i < rules->nfilter; i++) {
		const struct filter_rule *r = &rules->filter[i];

		one = rule_json(rules, &r->text);
		json_object_set_new(one, "packets", json_integer(r->packets));
		json_object_set_new(one, "bytes", json_integer(r->bytes));
		json_array_append_new(list, one);
	}
	for (unsigned int i = 0; i < rules->nnat; i++)
		json_array_append_new(list, rule_json(rules, &rules->nat[i].text));
	for (unsigned int i = 0; i < rules->nredirect; i++)
		json_array_append_new(list, rule_json(rules, &rules->redirect[i].text));
	return list;
}

static json_t *policies_json(const struct rules *rules)
{
	static const char *const names[] = {"accept", "drop"};

	return json_pack("{s:s, s:s, s:s}", "input", names[rules->policy[CHAIN_INPUT]], "forward",
			 names[rules->policy[CHAIN_FORWARD]], "output",
			 names[rules->policy[CHAIN_OUTPUT]]);
}

static void mappings_json(json_t *list, const struct nat *nat, const struct list *mappings)
{
	const struct nat_mapping *m;

	list_for_each_entry (m, mappings, age) {
		const struct nat_session *s;
		int sessions = 0;

		list_for_each_entry (s, &m->sessions, node)
			sessions++;
		json_array_append_new(list,
				      json_pack("{s:s, s:i, s:o, s:o, s:i, s:i}", "interface",
						m->netif->name, "protocol", m->protocol, "inner",
						end_of(&m->inner), "outer", end_of(&m->outer),
						"sessions", sessions, "open", (int)m->nopen));
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
	if (f)
		json_object_set_new(all, "policy", policies_json(f->rules));
	json_object_set_new(all, "rules", f ? rules_json(f->rules) : json_array());
	json_object_set_new(all, "flows", json_integer(f && f->flows ? f->flows->count : 0));
	json_object_set_new(all, "mappings", mappings);
	stack_leave(stack);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}
