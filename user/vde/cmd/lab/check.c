// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The checks of a lab, as TAP.
 *
 * Theory: each check is a condition that must come true within its time; it is tried again and
 * again until then. A recover check cuts a link, waits for answers to come back and mends the link.
 */
#include <jansson.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/console.h"
#include "user/vde/cmd/lab/lab.h"

#define OUTPUT	  4096
#define PAUSE	  50000000 /* ns between two tries */
#define WAY_PINGS 10
#define ANSWERS	  3 /* pings in a row that make a recovery */

struct attempt {
	struct lab *lab;
	const struct lab_check *check;
	char output[OUTPUT];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static bool matches(const char *expression, const char *text)
{
	regex_t compiled;
	bool result;

	if (!*expression)
		return true;
	if (regcomp(&compiled, expression, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
		return false;
	result = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return result;
}

static bool ping(struct attempt *attempt)
{
	char address[64];
	char *argv[] = {"ping", "-n", "-c", "1", "-W", "0.5", address, NULL};

	lab_address(attempt->lab, attempt->check->to, address, sizeof(address));
	return lab_run_inside(attempt->lab, attempt->check->from, argv, attempt->output, OUTPUT) ==
	       0;
}

static bool run(struct attempt *attempt)
{
	char *argv[] = {"sh", "-c", (char *)attempt->check->command, NULL};

	return lab_run_inside(attempt->lab, attempt->check->from, argv, attempt->output, OUTPUT) ==
		       0 &&
	       matches(attempt->check->match, attempt->output);
}

static bool console(struct attempt *attempt)
{
	const struct lab_check *check = attempt->check;
	struct console_reply reply;
	struct console_link *link;
	char path[256];
	bool result = false;

	lab_path(attempt->lab, check->from->name, ".mgmt", path, sizeof(path));
	link = console_open(path, NULL, NULL);
	if (link && console_command(link, check->command, 5, &reply) == 0) {
		snprintf(attempt->output, OUTPUT, "%s%s", reply.listing, reply.message);
		result = reply.status == 0 && matches(check->match, reply.listing);
		console_reply_free(&reply);
	}
	console_close(link);
	return result;
}

static bool within(struct attempt *attempt, bool (*try)(struct attempt *))
{
	double end = now() + attempt->check->within;

	while (!try(attempt)) {
		if (now() >= end)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
	}
	return true;
}

/* Nothing may be answered for as long as the check says; a second unless it says. */
static bool silent(struct attempt *attempt)
{
	for (int i = 0; i < 2; i++)
		if (ping(attempt))
			return false;
	return true;
}

/* Frames that passed the port of a link so far, or -1. */
static long long passed(const struct lab *lab, const struct lab_plug *plug)
{
	struct console_reply reply;
	struct console_link *link;
	char path[256], command[64];
	long long frames = -1;

	lab_path(lab, plug->on->name, ".mgmt", path, sizeof(path));
	snprintf(command, sizeof(command), "json port/counters %d", plug->port);
	link = console_open(path, NULL, NULL);
	if (link && console_command(link, command, 5, &reply) == 0) {
		json_t *list = json_loads(reply.listing, JSON_DISABLE_EOF_CHECK, NULL);
		const json_t *total = json_object_get(json_array_get(list, 0), "total");

		if (total)
			frames = json_integer_value(json_object_get(total, "frames_in")) +
				 json_integer_value(json_object_get(total, "frames_out"));
		json_decref(list);
		console_reply_free(&reply);
	}
	console_close(link);
	return frames;
}

/*
 * Is the link the way of the answers? To cut another one would prove nothing. Of each ping the link
 * has at least one frame to carry, more than the protocols of bridges send meanwhile.
 */
static bool carries(struct attempt *attempt)
{
	const struct lab_plug *plug = &attempt->check->cut->end[0];
	long long before = passed(attempt->lab, plug), after;

	for (int i = 0; i < WAY_PINGS; i++)
		ping(attempt);
	after = passed(attempt->lab, plug);
	return before < 0 || after < 0 || after - before >= WAY_PINGS;
}

/* Seconds without answers after the cut, or -1 if they never came back. */
static double outage(struct attempt *attempt)
{
	double cut, back = -1, start;
	int answers = 0;

	lab_end(attempt->lab, attempt->check->cut->name);
	cut = now();
	while (answers < ANSWERS && now() < cut + attempt->check->within + 1) {
		start = now();
		if (!ping(attempt))
			answers = 0;
		else if (!answers++)
			back = start - cut;
	}
	return answers == ANSWERS ? back : -1;
}

static bool recover(struct attempt *attempt, char *remark, size_t size)
{
	double seconds;

	if (!within(attempt, ping)) {
		snprintf(remark, size, "no answer even before the cut");
		return false;
	}
	if (!carries(attempt)) {
		snprintf(remark, size, "nothing flows over %s", attempt->check->cut->name);
		return false;
	}
	seconds = outage(attempt);
	if (lab_start_link(attempt->lab, attempt->check->cut))
		snprintf(remark, size, "the link cannot be mended");
	else if (seconds < 0)
		snprintf(remark, size, "no answers after the cut");
	else
		snprintf(remark, size, "back after %.2f s", seconds);
	return seconds >= 0 && seconds <= attempt->check->within;
}

static void describe(const struct lab_check *check, char *text, size_t size)
{
	static const char *const words[] = {"ping", "noping", "run", "console", "recover"};

	snprintf(text, size, "%s %s %s%s%s", words[check->kind], check->from->name,
		 *check->command ? check->command : check->to, check->cut ? " without " : "",
		 check->cut ? check->cut->name : "");
}

static void print_output(const char *output)
{
	char copy[OUTPUT], *rest = copy, *line;

	snprintf(copy, sizeof(copy), "%s", output);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("# %s\n", line);
}

int lab_check(struct lab *lab)
{
	int failed = 0;

	printf("TAP version 13\n1..%u\n", lab->check_count);
	for (unsigned int i = 0; i < lab->check_count; i++) {
		struct attempt attempt = {.lab = lab, .check = &lab->check[i]};
		char text[2 * LAB_TEXT], remark[128] = "";
		bool good = false;

		switch (attempt.check->kind) {
		case CHECK_PING:
			good = within(&attempt, ping);
			break;
		case CHECK_NOPING:
			good = silent(&attempt);
			break;
		case CHECK_RUN:
			good = within(&attempt, run);
			break;
		case CHECK_CONSOLE:
			good = within(&attempt, console);
			break;
		case CHECK_RECOVER:
			good = recover(&attempt, remark, sizeof(remark));
			break;
		}
		describe(attempt.check, text, sizeof(text));
		printf("%sok %u - %s%s%s%s (line %d)\n", good ? "" : "not ", i + 1, text,
		       *remark ? ": " : "", remark, "", attempt.check->line);
		if (!good)
			print_output(attempt.output);
		fflush(stdout);
		failed += !good;
	}
	return failed ? 1 : 0;
}
