/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwip-router: a stack that routes between switches and taps, until a signal ends it. Its arguments
 * become a configuration string, lwip_stack_create(3): each place is an interface, with -n the last
 * one translates what leaves by it.
 *
 *   lwip-router -n /run/lan=10.0.0.1/24 /run/uplink=dhcp
 *     -> forward,vd0=/run/lan,ip=vd0:10.0.0.1/24,vd1=/run/uplink,dhcp=vd1,nat=vd1
 */
#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lwipv6/lwipv6.h"

const char *argp_program_version = "lwip-router " VSQUARE_VERSION;

struct arguments {
	char *config; /* so far */
	const char *gateway, *advertise, *filter;
	bool nat;
	int taps, vdes;
	char last[16]; /* interface */
};

static const struct argp_option options[] = {
	{"nat", 'n', 0, 0, "translate what leaves by the last place (NAT)", 0},
	{"gateway", 'g', "ADDRESS", 0, "default route", 0},
	{"advertise", 'r', "FILE", 0, "send router advertisements as FILE says, lwip_radv(3)", 0},
	{"filter", 'f', "FILE", 0, "packet filter rules, lwip_filter(3)", 0},
	{0},
};

static const char doc[] =
	"Route between the places: a VDE URL or tap:NAME, each with its addresses.\v"
	"ADDRESS is an address with a prefix length, dhcp, dhcp6, or auto (IPv6 "
	"autoconfiguration).";

/* Append an item: NAME=VALUE with the value quoted, for a URL may have commas. */
static void item(struct arguments *a, const char *name, const char *before, const char *value)
{
	char *longer, quote = strchr(value, '\'') ? '"' : '\'';

	if (asprintf(&longer, "%s,%s=%c%s%s%c", a->config, name, quote, before, value, quote) < 0)
		abort();
	free(a->config);
	a->config = longer;
}

static void address(struct arguments *a, const char *text)
{
	char before[32];

	snprintf(before, sizeof(before), "%s:", a->last);
	if (!strcmp(text, "dhcp") || !strcmp(text, "dhcp6") || !strcmp(text, "auto"))
		item(a, text, "", a->last);
	else
		item(a, "ip", before, text);
}

/* PLACE=ADDRESS,ADDRESS... */
static bool place(struct arguments *a, char *text)
{
	char *addresses = strrchr(text, '='), *next;
	bool tap = !strncmp(text, "tap:", 4);

	if (!addresses || addresses == text)
		return false;
	*addresses++ = 0;
	snprintf(a->last, sizeof(a->last), "%s%d", tap ? "tp" : "vd", tap ? a->taps++ : a->vdes++);
	item(a, a->last, "", text + (tap ? 4 : 0));
	while ((next = strsep(&addresses, ",")))
		address(a, next);
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'n':
		a->nat = true;
		return 0;
	case 'g':
		a->gateway = arg;
		return 0;
	case 'r':
		a->advertise = arg;
		return 0;
	case 'f':
		a->filter = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!place(a, arg))
			argp_error(state, "%s: write PLACE=ADDRESS[,ADDRESS...]", arg);
		return 0;
	case ARGP_KEY_END:
		if (a->taps + a->vdes < 2)
			argp_error(state, "name two places at least, as in lan=10.0.0.1/24");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* What names interfaces or needs them, behind all of them. */
static void finish(struct arguments *a)
{
	if (a->gateway)
		item(a, "gw", "", a->gateway);
	if (a->advertise)
		item(a, "ra", "", a->advertise);
	if (a->filter)
		item(a, "filter", "", a->filter);
	if (a->nat)
		item(a, "nat", "", a->last);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "PLACE=ADDRESS[,ADDRESS...]...", doc, 0,
					 0,	  0};
	struct arguments a = {.config = strdup("forward")};
	struct stack *stack;
	char error[256];
	sigset_t set;
	int which;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	finish(&a);
	/* Before the stack's thread is there. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	stack = lwip_stack_create(a.config, error, sizeof(error));
	if (!stack) {
		fprintf(stderr, "lwip-router: %s\n", error);
		return 1;
	}
	puts("routing");
	fflush(stdout);
	sigwait(&set, &which);
	lwip_stack_free(stack);
	free(a.config);
	return 0;
}
