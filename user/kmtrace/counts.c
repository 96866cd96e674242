// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls counted, for the table at the end: how many, how many failed, and their times, as a sum and sorted into powers of
 * two.
 */
#include <jansson.h>
#include <stdlib.h>

#include "kmtrace.h"

#define NOT_KNOWN (CALLS_MAX - 1) /* the row of calls without a name */
#define POWERS	  48
#define BAR	  40

static struct count {
	uint64_t calls, errors, ns;
	uint64_t times[POWERS]; /* [i]: from 2^i ns to twice that; those whose time is known */
} counts[CALLS_MAX];

static struct count *row_of(const struct kmview_syscall *call)
{
	return &counts[call ? call_index(call) : NOT_KNOWN];
}

void counts_call(const struct kmview_syscall *call, bool failed, uint64_t ns)
{
	struct count *count = row_of(call);
	unsigned int power = ns ? 63 - __builtin_clzll(ns) : 0;

	count->calls++;
	count->errors += failed;
	count->ns += ns;
	if (ns)
		count->times[power < POWERS ? power : POWERS - 1]++;
}

void counts_add(const struct kmview_syscall *call, uint64_t calls, uint64_t ns)
{
	struct count *count = row_of(call);

	count->calls += calls;
	count->ns += ns;
}

static int by_time_then_calls(const void *a, const void *b)
{
	const struct count *x = &counts[*(const unsigned int *)a],
			   *y = &counts[*(const unsigned int *)b];

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->calls < y->calls ? 1 : x->calls > y->calls ? -1 : 0;
}

static const char *name_of(unsigned int index)
{
	return index == NOT_KNOWN ? "unknown" : (kmview_syscall_next(NULL) + index)->name;
}

/* [[NS, CALLS], ...]: so many took from NS to twice that. */
static json_t *json_times(const struct count *count)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < POWERS; i++)
		if (count->times[i])
			json_array_append_new(list, json_pack("[I, I]", (json_int_t)1 << i,
							      (json_int_t)count->times[i]));
	return list;
}

static void print_json(FILE *out, const unsigned int *order, unsigned int n, bool results,
		       bool histograms)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++) {
		const struct count *count = &counts[order[i]];
		json_t *row = json_pack("{s:s, s:I}", "call", name_of(order[i]), "calls",
					(json_int_t)count->calls);

		if (results) {
			json_object_set_new(row, "errors", json_integer(count->errors));
			json_object_set_new(row, "seconds", json_real(count->ns / 1e9));
		}
		if (results && histograms)
			json_object_set_new(row, "times", json_times(count));
		json_array_append_new(list, row);
	}
	json_dumpf(list, out, JSON_INDENT(1));
	fputc('\n', out);
	json_decref(list);
}

static void print_table(FILE *out, const unsigned int *order, unsigned int n, bool results)
{
	uint64_t calls = 0, errors = 0, ns = 0;

	fprintf(out, results ? "    seconds  us/call     calls    errors  call\n"
			     : "     calls  call\n");
	for (unsigned int i = 0; i < n; i++) {
		const struct count *count = &counts[order[i]];

		calls += count->calls;
		errors += count->errors;
		ns += count->ns;
		if (results)
			fprintf(out, "%11.6f %8.1f %9llu %9llu  %s\n", count->ns / 1e9,
				count->ns / 1e3 / count->calls, (unsigned long long)count->calls,
				(unsigned long long)count->errors, name_of(order[i]));
		else
			fprintf(out, "%10llu  %s\n", (unsigned long long)count->calls,
				name_of(order[i]));
	}
	if (results)
		fprintf(out, "%11.6f %8s %9llu %9llu  total\n", ns / 1e9, "",
			(unsigned long long)calls, (unsigned long long)errors);
	else
		fprintf(out, "%10llu  total\n", (unsigned long long)calls);
}

/* "1.0 us", "131 us": a power of two of nanoseconds. */
static const char *duration(unsigned int power, char room[16])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	double number = 1ULL << power;
	unsigned int unit = 0;

	while (number >= 1000 && unit < 3) {
		number /= 1000;
		unit++;
	}
	snprintf(room, 16, number < 10 && unit ? "%.1f %s" : "%.0f %s", number, units[unit]);
	return room;
}

static void print_histogram(FILE *out, const struct count *count, const char *name)
{
	static const char bar[BAR + 1] = "########################################";
	unsigned int first = POWERS, last = 0;
	uint64_t most = 0;
	char from[16], to[16];

	for (unsigned int i = 0; i < POWERS; i++) {
		if (!count->times[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = count->times[i] > most ? count->times[i] : most;
	}
	if (!most)
		return;
	fprintf(out, "\n%s:\n", name);
	for (unsigned int i = first; i <= last; i++)
		fprintf(out, "%9s to %7s %9llu  %.*s\n", duration(i, from), duration(i + 1, to),
			(unsigned long long)count->times[i],
			(int)((count->times[i] * BAR + most - 1) / most), bar);
}

void counts_print(FILE *out, bool json, bool results, bool histograms)
{
	unsigned int order[CALLS_MAX] = {0}, n = 0;

	for (unsigned int i = 0; i < CALLS_MAX; i++)
		if (counts[i].calls)
			order[n++] = i;
	qsort(order, n, sizeof(order[0]), by_time_then_calls);
	if (json) {
		print_json(out, order, n, results, histograms);
		return;
	}
	print_table(out, order, n, results);
	for (unsigned int i = 0; histograms && i < n; i++)
		print_histogram(out, &counts[order[i]], name_of(order[i]));
}
