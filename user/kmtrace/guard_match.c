// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns of kmtrace guard: names of files, addresses, and whether a file can be trusted. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "guard.h"

/*
 * Greedy, with one place to go back to for each of the two stars: what an earlier star could do
 * better, the last one of its kind can do, too. A "*" that reaches a "/" gives up in favour of the
 * last "**". So the time is bounded by the lengths, whatever a program calls its files.
 */
bool guard_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL, *any = NULL, *any_text = NULL;

	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			while (*pattern == '*')
				pattern++;
			any = pattern;
			any_text = text;
			star = NULL;
		} else if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
		} else if (*text && (*pattern == *text || (*pattern == '?' && *text != '/'))) {
			pattern++;
			text++;
		} else if (!*text && !*pattern) {
			return true;
		} else if (star && *star_text && *star_text != '/') {
			pattern = star;
			text = ++star_text;
		} else if (any && *any_text) {
			pattern = any;
			text = ++any_text;
			star = NULL;
		} else {
			return false;
		}
	}
}

bool guard_path_matches(const struct guard_pattern *pattern, const char *text)
{
	for (; pattern; pattern = pattern->next)
		if (guard_glob(pattern->resolved, text))
			return true;
	return false;
}

/* ---- addresses */

bool guard_network_parse(const char *text, struct guard_network *network)
{
	bool six = *text == '[';
	const char *colon = strrchr(text, ':'), *end = colon, *slash;
	char address[INET6_ADDRSTRLEN + 8];
	size_t length;
	char *rest;

	if (!colon || strlen(colon + 1) >= sizeof(network->port) || !colon[1])
		return false;
	if (strcmp(colon + 1, "*") && strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	if (six) {
		text++;
		if (end <= text || *--end != ']')
			return false;
	}
	slash = memchr(text, '/', end - text);
	length = (slash ? slash : end) - text;
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	network->family = six ? AF_INET6 : AF_INET;
	network->bits = six ? 128 : 32;
	strcpy(network->port, colon + 1);
	if (!strcmp(address, "*") && !slash) {
		network->bits = 0;
		return true;
	}
	if (inet_pton(network->family, address, network->address) != 1)
		goto none;
	if (slash) {
		unsigned long bits = strtoul(slash + 1, &rest, 10);

		if (rest != end || slash[1] == '-' || bits > network->bits)
			goto none;
		network->bits = bits;
	}
	return true;
none:
	*network = (struct guard_network){};
	return false;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned int bits)
{
	unsigned int rest = bits % 8;

	return !memcmp(a, b, bits / 8) &&
	       (!rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest) & 0xff));
}

static bool in_network(const struct guard_network *network, const struct guard_object *object)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&object->inet;
	bool six = object->inet.sin6_family == AF_INET6;
	const void *address = six ? (const void *)&object->inet.sin6_addr : &four->sin_addr;
	unsigned int port = ntohs(six ? object->inet.sin6_port : four->sin_port);

	/* "*:80" is for both families. */
	if (network->bits && network->family != object->inet.sin6_family)
		return false;
	if (strcmp(network->port, "*") && strtoul(network->port, NULL, 10) != port)
		return false;
	return same_bits(network->address, address, network->bits);
}

bool guard_address_matches(const struct guard_pattern *pattern, const struct guard_object *object)
{
	for (; pattern; pattern = pattern->next) {
		if (pattern->network.family && object->inet.sin6_family &&
		    in_network(&pattern->network, object))
			return true;
		if (!pattern->network.family &&
		    (guard_glob(pattern->text, object->text) ||
		     (*pattern->text == '/' && guard_glob(pattern->resolved, object->text))))
			return true;
	}
	return false;
}

/* ---- files that others than root can change */

static bool others_write(const char *name)
{
	struct stat s;

	if (stat(name, &s) < 0)
		return true; /* a memfd, or gone meanwhile */
	return s.st_uid != 0 || s.st_mode & S_IWOTH || (s.st_gid != 0 && s.st_mode & S_IWGRP);
}

/* A sticky directory lets others add files, not replace those of root. */
static bool others_replace(const char *name)
{
	struct stat s;

	if (stat(name, &s) < 0)
		return true;
	return s.st_uid != 0 || (!(s.st_mode & S_ISVTX) && (s.st_mode & S_IWOTH)) ||
	       (!(s.st_mode & S_ISVTX) && s.st_gid != 0 && s.st_mode & S_IWGRP);
}

bool guard_writable(struct traced *traced, const char *path)
{
	char name[GUARD_TEXT + 32], *slash;
	int root = snprintf(name, sizeof(name), "/proc/%d/root", traced->tid);
	bool direct = true;

	if (*path != '/' ||
	    snprintf(name + root, sizeof(name) - root, "%s", path) >= (int)sizeof(name) - root)
		return true;
	if (others_write(name))
		return true;
	while ((slash = strrchr(name + root, '/'))) {
		*slash = '\0';
		if (direct ? others_write(name) : others_replace(name))
			return true;
		direct = false;
	}
	return false;
}
