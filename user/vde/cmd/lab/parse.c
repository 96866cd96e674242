// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The description of a lab (vde-lab.5), read line by line.
 *
 * Theory: a line is words; a word may be quoted; "key=value" words are settings, of the plug that
 * the last on= began or of the node. Each kind of line knows its keys by a table. All faults are
 * reported, so that one run shows them all; links and checks name nodes of earlier lines.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"
#include "user/vde/impair/impair.h"

#define LINE_SIZE 2048

const char *const lab_kind_names[LAB_KINDS] = {"switch",  "ns",	  "tap", "netdev",
					       "gateway", "qemu", "uml"};

struct reader {
	struct lab *lab;
	int line; /* 0: of none */
	bool faulty;
	struct impair_model *impairments; /* tells whether their values are any */
	char *word[LAB_WORDS];
	unsigned int count;
};

__attribute__((format(printf, 2, 3))) static void fault(struct reader *reader, const char *format,
							...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (reader->line)
		complain("%s:%d: %s", reader->lab->file, reader->line, text);
	else
		complain("%s: %s", reader->lab->file, text);
	reader->faulty = true;
}

/* Cut a line into words in place. */
static void split(struct reader *reader, char *line)
{
	char *from = line, *to = line, quote = 0;

	reader->count = 0;
	for (;;) {
		while (*from && isspace((unsigned char)*from))
			from++;
		if (!*from || *from == '#')
			return;
		if (reader->count == LAB_WORDS) {
			fault(reader, "more than %d words", LAB_WORDS);
			return;
		}
		reader->word[reader->count++] = to;
		for (; *from && (quote || !isspace((unsigned char)*from)); from++) {
			if (quote ? *from == quote : *from == '"' || *from == '\'')
				quote = quote ? 0 : *from;
			else
				*to++ = *from;
		}
		if (quote) {
			fault(reader, "a quote is not closed");
			reader->count = 0;
			return;
		}
		from += *from != 0;
		*to++ = 0;
	}
}

static bool copy_text(struct reader *reader, const char *key, char *to, size_t size,
		      const char *text)
{
	if (strlen(text) >= size) {
		fault(reader, "%s= has more than %zu characters", key, size - 1);
		return false;
	}
	strcpy(to, text);
	return true;
}

static int number(struct reader *reader, const char *key, const char *text, int low, int high)
{
	char *rest;
	long value = strtol(text, &rest, 10);

	if (rest == text || *rest || value < low || value > high) {
		fault(reader, "%s=%s: give a number from %d to %d", key, text, low, high);
		return low;
	}
	return value;
}

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	if (!isalpha((unsigned char)*text) || length >= LAB_NAME)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
			return false;
	return true;
}

/* "ADDRESS/BITS" of the family the address is of. */
static void set_address(struct reader *reader, char *v4, char *v6, const char *text, bool bits)
{
	unsigned char room[16];
	char copy[64], *slash;
	bool six;
	int length = -1;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash) {
		char *rest;

		*slash = 0;
		length = strtol(slash + 1, &rest, 10);
		if (rest == slash + 1 || *rest || length < 0)
			length = 999;
	}
	six = strchr(copy, ':') != NULL;
	if (inet_pton(six ? AF_INET6 : AF_INET, copy, room) != 1 || strlen(text) >= sizeof(copy) ||
	    (bits ? length < 0 : length >= 0) || length > (six ? 128 : 32))
		fault(reader, "%s is no address%s", text, bits ? "/BITS" : "");
	else
		strcpy(six ? v6 : v4, text);
}

static bool is_mac(const char *text)
{
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return !text[17];
}

static bool is_vlan_list(const char *text)
{
	while (*text) {
		char *rest;
		long vlan = strtol(text, &rest, 10);

		if (rest == text || vlan < 0 || vlan > 4093 || (*rest && *rest != ','))
			return false;
		text = rest + (*rest == ',');
	}
	return true;
}

/* Settings of a plug; false when the key is not one of them. */
static bool plug_setting(struct reader *reader, struct lab_plug *plug, const char *key,
			 const char *value)
{
	if (strcmp(key, "port") == 0) {
		plug->port = number(reader, key, value, 1, 4095);
	} else if (strcmp(key, "vlan") == 0) {
		plug->vlan = number(reader, key, value, 0, 4093);
	} else if (strcmp(key, "tagged") == 0) {
		if (!is_vlan_list(value))
			fault(reader, "tagged=%s: give VLAN numbers with commas", value);
		else
			copy_text(reader, key, plug->tagged, sizeof(plug->tagged), value);
	} else if (strcmp(key, "address") == 0) {
		set_address(reader, plug->address, plug->address6, value, true);
	} else if (strcmp(key, "mac") == 0) {
		if (!is_mac(value))
			fault(reader, "mac=%s: give six hexadecimal bytes with colons", value);
		else
			strcpy(plug->mac, value);
	} else {
		return false;
	}
	return true;
}

static struct lab_node *switch_named(struct reader *reader, const char *name)
{
	struct lab_node *node = lab_node(reader->lab, name);

	if (!node)
		fault(reader, "there is no switch \"%s\" above this line", name);
	else if (node->kind != LAB_SWITCH)
		fault(reader, "\"%s\" is a %s, not a switch", name, lab_kind_names[node->kind]);
	return node && node->kind == LAB_SWITCH ? node : NULL;
}

/* Give a plug its port; ports of a switch are numbered as the file goes. */
static void plug_in(struct reader *reader, struct lab_plug *plug)
{
	int limit = plug->on->ports;

	if (!plug->port)
		plug->port = plug->on->last_port + 1;
	if (plug->port > plug->on->last_port)
		plug->on->last_port = plug->port;
	if (plug->port > limit)
		fault(reader,
		      "switch \"%s\" has only %d ports; give it more with ports=", plug->on->name,
		      limit);
}

static void add_forward(struct reader *reader, struct lab_node *node, const char *option,
			const char *value)
{
	if (node->forward_count + 2 > LAB_WORDS) {
		fault(reader, "more than %d forwarded ports", LAB_WORDS / 2);
		return;
	}
	node->forwards[node->forward_count++] = strdup(option);
	node->forwards[node->forward_count++] = strdup(value);
}

static bool node_setting(struct reader *reader, struct lab_node *node, const char *key,
			 const char *value)
{
	enum {
		S = 1 << LAB_SWITCH,
		N = 1 << LAB_NAMESPACE,
		G = 1 << LAB_GATEWAY,
		Q = 1 << LAB_QEMU,
		U = 1 << LAB_UML
	};
	static const struct {
		const char *key;
		int kinds;
		size_t offset;
	} texts[] = {
		{"kernel", Q | U, offsetof(struct lab_node, kernel)},
		{"initrd", Q | U, offsetof(struct lab_node, initrd)},
		{"image", Q | U, offsetof(struct lab_node, image)},
		{"append", Q | U, offsetof(struct lab_node, append)},
		{"run", N, offsetof(struct lab_node, run)},
	};
	static const struct {
		const char *key;
		int kinds;
		size_t offset;
		int low, high;
	} integers[] = {
		{"ports", S, offsetof(struct lab_node, ports), 1, 4095},
		{"priority", S, offsetof(struct lab_node, priority), 0, 65535},
		{"memory", Q | U, offsetof(struct lab_node, memory), 16, 65536},
	};
	int kind = 1 << node->kind;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(key, texts[i].key) == 0 && texts[i].kinds & kind)
			return copy_text(reader, key, (char *)node + texts[i].offset, LAB_TEXT,
					 value),
			       true;
	for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++)
		if (strcmp(key, integers[i].key) == 0 && integers[i].kinds & kind) {
			*(int *)((char *)node + integers[i].offset) =
				number(reader, key, value, integers[i].low, integers[i].high);
			return true;
		}
	if (kind == N && strcmp(key, "gateway") == 0)
		set_address(reader, node->gateway, node->gateway6, value, false);
	else if (kind == G && strcmp(key, "host") == 0)
		set_address(reader, node->host, node->host, value, true);
	else if (kind == Q && strcmp(key, "accel") == 0)
		copy_text(reader, key, node->accel, sizeof(node->accel), value);
	else if (kind == G && (strcmp(key, "tcp") == 0 || strcmp(key, "udp") == 0))
		add_forward(reader, node, strcmp(key, "tcp") ? "--udp" : "--tcp", value);
	else
		return false;
	return true;
}

static bool node_flag(struct lab_node *node, const char *word)
{
	if (node->kind == LAB_SWITCH && strcmp(word, "rstp") == 0)
		node->rstp = true;
	else if (node->kind == LAB_SWITCH && strcmp(word, "hub") == 0)
		node->hub = true;
	else if (node->kind == LAB_NAMESPACE && strcmp(word, "forward") == 0)
		node->forward = true;
	else
		return false;
	return true;
}

static struct lab_plug *new_plug(struct reader *reader, struct lab_node *node, const char *on)
{
	struct lab_plug *plug = &node->plug[node->plug_count];

	if (node->plug_count == LAB_PLUGS) {
		fault(reader, "a node has at most %d plugs", LAB_PLUGS);
		return NULL;
	}
	plug->vlan = -1;
	plug->on = switch_named(reader, on);
	if (!plug->on)
		return NULL;
	node->plug_count++;
	return plug;
}

static void check_node(struct reader *reader, struct lab_node *node)
{
	unsigned int most = node->kind == LAB_NAMESPACE || node->kind == LAB_QEMU ? LAB_PLUGS : 1;

	for (unsigned int i = 0; i < node->plug_count; i++)
		plug_in(reader, &node->plug[i]);
	if (node->kind == LAB_SWITCH) {
		if (node->hub && node->rstp)
			fault(reader, "a hub has no spanning tree");
		return;
	}
	if (!node->plug_count && !reader->faulty)
		fault(reader, "%s \"%s\" is plugged in nowhere: give on=SWITCH",
		      lab_kind_names[node->kind], node->name);
	if (node->plug_count > most)
		fault(reader, "a %s has one plug", lab_kind_names[node->kind]);
	if (node->kind == LAB_QEMU && !*node->kernel && !*node->image)
		fault(reader, "a qemu guest needs kernel= or image=");
	if ((node->kind == LAB_TAP || node->kind == LAB_NETDEV) && strlen(node->name) > 15)
		fault(reader, "the name of a %s has at most 15 characters",
		      lab_kind_names[node->kind]);
	if (node->kind == LAB_NETDEV && node->plug_count &&
	    (*node->plug[0].address || *node->plug[0].address6 || *node->plug[0].mac))
		fault(reader, "a netdev keeps the addresses that it has");
}

static void read_node(struct reader *reader, enum lab_kind kind)
{
	struct lab *lab = reader->lab;
	struct lab_node *node = &lab->node[lab->node_count];
	struct lab_plug *plug = NULL;

	if (reader->count < 2 || !is_name(reader->word[1])) {
		fault(reader, "%s needs a name: a letter, then letters, digits, - _ . (%d at most)",
		      lab_kind_names[kind], LAB_NAME - 1);
		return;
	}
	if (lab_node(lab, reader->word[1])) {
		fault(reader, "\"%s\" is there already (line %d)", reader->word[1],
		      lab_node(lab, reader->word[1])->line);
		return;
	}
	if (lab->node_count == LAB_NODES) {
		fault(reader, "more than %d nodes", LAB_NODES);
		return;
	}
	*node = (struct lab_node){
		.kind = kind, .line = reader->line, .ports = 64, .priority = 0x8000, .memory = 128};
	strcpy(node->name, reader->word[1]);
	for (unsigned int i = 2; i < reader->count; i++) {
		char *key = reader->word[i], *value = strchr(key, '=');

		if (value)
			*value++ = 0;
		if (value && kind != LAB_SWITCH && strcmp(key, "on") == 0)
			plug = new_plug(reader, node, value);
		else if (value ? !(plug && plug_setting(reader, plug, key, value)) &&
					 !node_setting(reader, node, key, value)
			       : !node_flag(node, key))
			fault(reader, "a %s knows no \"%s%s\"; see vde-lab(5)",
			      lab_kind_names[kind], key, value ? "=" : "");
	}
	check_node(reader, node);
	lab->node_count++;
}

/* Impairments of a link as options of vde filter. */
static bool link_setting(struct reader *reader, struct lab_link *link, const char *key,
			 const char *value)
{
	static const char *const keys[] = {"delay", "loss",	   "lostburst", "dup", "bandwidth",
					   "speed", "chanbufsize", "noise",	"mtu"};
	char option[LAB_TEXT];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(key, keys[i]) == 0) {
			if (link->filter_count == LAB_WORDS) {
				fault(reader, "more than %d impairments", LAB_WORDS);
				return true;
			}
			if (impair_set(reader->impairments, impair_kind_named(key), value))
				fault(reader, "%s=%s: a value is %s, within its range", key, value,
				      "[LR|RL]NUMBER[+SPREAD][K|M|G][U|N]");
			snprintf(option, sizeof(option), "--%s=%s", key, value);
			link->filter[link->filter_count++] = strdup(option);
			return true;
		}
	return false;
}

static void read_link(struct reader *reader)
{
	struct lab *lab = reader->lab;
	struct lab_link *link = &lab->link[lab->link_count];

	if (reader->count < 3) {
		fault(reader, "link needs two switches");
		return;
	}
	if (lab->link_count == LAB_LINKS) {
		fault(reader, "more than %d links", LAB_LINKS);
		return;
	}
	memset(link, 0, sizeof(*link));
	link->line = reader->line;
	for (int i = 0; i < 2; i++) {
		link->end[i].vlan = -1;
		link->end[i].on = switch_named(reader, reader->word[1 + i]);
	}
	if (!link->end[0].on || !link->end[1].on)
		return;
	if (link->end[0].on == link->end[1].on)
		fault(reader, "a link joins two switches, not \"%s\" to itself",
		      link->end[0].on->name);
	snprintf(link->name, sizeof(link->name), "%s-%s", link->end[0].on->name,
		 link->end[1].on->name);
	for (unsigned int i = 3; i < reader->count; i++) {
		char *key = reader->word[i], *value = strchr(key, '=');

		if (value)
			*value++ = 0;
		if (value && strcmp(key, "name") == 0 && is_name(value))
			strcpy(link->name, value);
		else if (value && (strcmp(key, "vlan") == 0 || strcmp(key, "tagged") == 0))
			for (int end = 0; end < 2; end++)
				plug_setting(reader, &link->end[end], key, value);
		else if (!value || !link_setting(reader, link, key, value))
			fault(reader, "a link knows no \"%s%s\"; see vde-lab(5)", key,
			      value ? "=" : "");
	}
	if (lab_link(lab, link->name))
		fault(reader, "there is a link \"%s\" already: give this one a name=", link->name);
	plug_in(reader, &link->end[0]);
	plug_in(reader, &link->end[1]);
	lab->link_count++;
}

static const struct {
	const char *word;
	enum lab_check_kind kind;
	enum lab_kind from;
	unsigned int words;
	const char *form;
} check_forms[] = {
	{"ping", CHECK_PING, LAB_NAMESPACE, 4, "check ping NS TARGET"},
	{"noping", CHECK_NOPING, LAB_NAMESPACE, 4, "check noping NS TARGET"},
	{"run", CHECK_RUN, LAB_NAMESPACE, 4, "check run NS \"COMMAND\""},
	{"console", CHECK_CONSOLE, LAB_SWITCH, 4, "check console SWITCH \"COMMAND\" match=REGEX"},
	{"recover", CHECK_RECOVER, LAB_NAMESPACE, 4, "check recover NS TARGET cut=LINK"},
};

static void check_setting(struct reader *reader, struct lab_check *check, const char *key,
			  const char *value)
{
	regex_t compiled;
	char *rest;

	if (strcmp(key, "within") == 0) {
		check->within = strtod(value, &rest);
		if (rest == value || *rest || !(check->within > 0 && check->within <= 3600))
			fault(reader, "within=%s: give seconds, up to 3600", value);
	} else if (strcmp(key, "match") == 0) {
		if (regcomp(&compiled, value, REG_EXTENDED | REG_NOSUB))
			fault(reader, "match=%s is no extended regular expression", value);
		else
			regfree(&compiled);
		copy_text(reader, key, check->match, sizeof(check->match), value);
	} else if (strcmp(key, "cut") == 0) {
		check->cut = lab_link(reader->lab, value);
		if (!check->cut)
			fault(reader, "there is no link \"%s\" above this line", value);
	} else {
		fault(reader, "a check knows no \"%s=\"; see vde-lab(5)", key);
	}
}

static void read_check(struct reader *reader)
{
	struct lab *lab = reader->lab;
	struct lab_check *check = &lab->check[lab->check_count];
	unsigned int form = 0, forms = sizeof(check_forms) / sizeof(*check_forms);

	while (form < forms &&
	       (reader->count < 2 || strcmp(reader->word[1], check_forms[form].word)))
		form++;
	if (form == forms || reader->count < check_forms[form].words) {
		fault(reader, "a check is %s",
		      form == forms ? "ping, noping, run, console or recover"
				    : check_forms[form].form);
		return;
	}
	if (lab->check_count == LAB_CHECKS) {
		fault(reader, "more than %d checks", LAB_CHECKS);
		return;
	}
	*check = (struct lab_check){
		.kind = check_forms[form].kind, .line = reader->line, .within = 5};
	check->from = lab_node(lab, reader->word[2]);
	if (!check->from || check->from->kind != check_forms[form].from)
		fault(reader, "there is no %s \"%s\" above this line",
		      lab_kind_names[check_forms[form].from], reader->word[2]);
	if (check->kind == CHECK_RUN || check->kind == CHECK_CONSOLE)
		copy_text(reader, "command", check->command, sizeof(check->command),
			  reader->word[3]);
	else
		copy_text(reader, "target", check->to, sizeof(check->to), reader->word[3]);
	for (unsigned int i = 4; i < reader->count; i++) {
		char *value = strchr(reader->word[i], '=');

		if (value)
			*value++ = 0;
		check_setting(reader, check, reader->word[i], value ? value : "");
	}
	if (check->kind == CHECK_RECOVER && !check->cut && !reader->faulty)
		fault(reader, "a check is %s", check_forms[form].form);
	lab->check_count++;
}

static void read_line(struct reader *reader)
{
	const char *word = reader->word[0];

	for (enum lab_kind kind = 0; kind < LAB_KINDS; kind++)
		if (strcmp(word, lab_kind_names[kind]) == 0) {
			read_node(reader, kind);
			return;
		}
	if (strcmp(word, "link") == 0)
		read_link(reader);
	else if (strcmp(word, "check") == 0)
		read_check(reader);
	else if (strcmp(word, "lab") == 0 && reader->count == 2 && is_name(reader->word[1]))
		strcpy(reader->lab->name, reader->word[1]);
	else
		fault(reader,
		      "\"%s\": a line is lab, switch, link, ns, tap, netdev, gateway, qemu, uml or "
		      "check",
		      word);
}

/* From the name of the file, without its directories and its last suffix. */
static void default_name(struct lab *lab)
{
	const char *base = strrchr(lab->file, '/');
	char *dot;

	snprintf(lab->name, sizeof(lab->name), "%s", base ? base + 1 : lab->file);
	dot = strrchr(lab->name, '.');
	if (dot && dot > lab->name)
		*dot = 0;
	for (char *at = lab->name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
			*at = '-';
	if (!isalpha((unsigned char)lab->name[0]))
		lab->name[0] = 'x';
	if (!lab->name[1] && !lab->name[0])
		strcpy(lab->name, "lab");
}

struct lab *lab_parse(FILE *text, const char *file)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct reader reader = {.lab = lab};
	char line[LINE_SIZE];

	reader.impairments = impair_model_new(1);
	if (!lab || !reader.impairments) {
		complain("out of memory");
		impair_model_free(reader.impairments);
		free(lab);
		return NULL;
	}
	lab->file = file;
	default_name(lab);
	while (fgets(line, sizeof(line), text)) {
		reader.line++;
		if (strlen(line) == sizeof(line) - 1) {
			fault(&reader, "a line has at most %zu characters", sizeof(line) - 2);
			break;
		}
		split(&reader, line);
		if (reader.count)
			read_line(&reader);
	}
	impair_model_free(reader.impairments);
	reader.line = 0;
	if (!reader.faulty && !lab->node_count)
		fault(&reader, "it describes nothing; see vde-lab(5)");
	if (!reader.faulty)
		return lab;
	lab_free(lab);
	return NULL;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (unsigned int i = 0; i < LAB_NODES; i++)
		for (unsigned int j = 0; j < lab->node[i].forward_count; j++)
			free(lab->node[i].forwards[j]);
	for (unsigned int i = 0; i < LAB_LINKS; i++)
		for (unsigned int j = 0; j < lab->link[i].filter_count; j++)
			free(lab->link[i].filter[j]);
	free(lab);
}

struct lab_node *lab_node(struct lab *lab, const char *name)
{
	for (unsigned int i = 0; i < lab->node_count; i++)
		if (strcmp(lab->node[i].name, name) == 0)
			return &lab->node[i];
	return NULL;
}

struct lab_link *lab_link(struct lab *lab, const char *name)
{
	for (unsigned int i = 0; i < lab->link_count; i++)
		if (strcmp(lab->link[i].name, name) == 0)
			return &lab->link[i];
	return NULL;
}

const char *lab_address(struct lab *lab, const char *text, char *room, size_t size)
{
	struct lab_node *node = lab_node(lab, text);
	const char *address = text;

	for (unsigned int i = 0; node && i < node->plug_count; i++) {
		address = *node->host ? node->host : node->plug[i].address;
		if (!*address)
			address = node->plug[i].address6;
		if (*address)
			break;
	}
	snprintf(room, size, "%.*s", (int)strcspn(address, "/"), address);
	return room;
}
