// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde bench A B: measure the way from one end to another.
 *
 * Theory: this thread sends at A, a second one receives at B. Every frame carries the number of its
 * trial and its own number in it, so what a trial lost, doubled or reordered is known exactly.
 *
 *   overload   send as fast as A takes frames; what arrives at B a second
 *   lossfree   the highest paced rate of which less than 0.1 % is lost, found by bisection below
 *              what overload let through
 *   rtt        B sends each frame back; one frame on the way at a time
 *
 * Except for rtt the receiver naps when nothing is there: a wake-up for each frame would cost more
 * than a switch does, and hide it.
 *
 * B first sends one frame from each of its addresses, so that a switch between knows them.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/end.h"

#define HEADER_TYPE 0x88b5 /* IEEE 802: local experiments */
#define MAGIC	    0x76646562u
#define LOSS_LIMIT  0.001
#define BISECTIONS  6
#define NAP	    50000 /* nanoseconds */

struct payload {
	uint32_t magic;
	uint32_t trial;
	uint64_t number;
};

struct header {
	uint8_t to[6], from[6];
	uint8_t type[2];
	struct payload payload;
} __attribute__((packed));

struct bench {
	const char *a_name, *b_name;
	unsigned int size, addresses, round_trips;
	double seconds;
	const char *tests;
	bool json;

	struct end *a, *b;
	uint8_t frame[END_FRAME_MAX];

	/* The receiving thread. */
	_Atomic bool stop, echo;
	_Atomic uint32_t trial;
	_Atomic uint64_t received, disordered;
	uint64_t next;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint64_t processor_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

static void set_address(uint8_t address[6], unsigned int side, unsigned int number)
{
	memcpy(address, (uint8_t[]){0x02, 0xbe, side, number >> 16, number >> 8, number}, 6);
}

/* Wait for input at an end, 10 ms at most, so that a thread sees that it shall stop. */
static void wait_input(struct end *end)
{
	poll(&(struct pollfd){.fd = end_input(end), .events = POLLIN}, 1, 10);
}

static bool is_ours(const uint8_t *frame, ssize_t length, struct payload *payload)
{
	const struct header *header = (const struct header *)frame;

	if (length < (ssize_t)sizeof(*header) || header->type[0] != HEADER_TYPE >> 8 ||
	    header->type[1] != (HEADER_TYPE & 0xff))
		return false;
	memcpy(payload, &header->payload, sizeof(*payload));
	return payload->magic == MAGIC;
}

static void *receive(void *context)
{
	struct bench *bench = context;
	uint8_t frame[END_FRAME_MAX];
	uint32_t trial = 0;

	while (!atomic_load(&bench->stop)) {
		struct payload payload;
		ssize_t n = end_receive(bench->b, frame, sizeof(frame));

		if (n < 0)
			break;
		if (n == 0) {
			if (atomic_load(&bench->echo))
				wait_input(bench->b);
			else
				nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
			continue;
		}
		if (!is_ours(frame, n, &payload) || payload.trial != atomic_load(&bench->trial))
			continue;
		if (trial != payload.trial) {
			trial = payload.trial;
			bench->next = 0;
		}
		if (payload.number < bench->next)
			atomic_fetch_add(&bench->disordered, 1);
		bench->next = payload.number + 1;
		if (atomic_load(&bench->echo)) {
			memcpy(frame, frame + 6, 6);
			set_address(frame + 6, 2, 0);
			end_send(bench->b, frame, n);
		}
		atomic_fetch_add_explicit(&bench->received, 1, memory_order_relaxed);
	}
	return NULL;
}

static void make_frame(struct bench *bench, uint64_t number)
{
	struct header *header = (struct header *)bench->frame;
	struct payload payload = {MAGIC, atomic_load(&bench->trial), number};

	set_address(header->to, 2, number % bench->addresses);
	set_address(header->from, 1, 0);
	header->type[0] = HEADER_TYPE >> 8;
	header->type[1] = HEADER_TYPE & 0xff;
	memcpy(&header->payload, &payload, sizeof(payload));
}

/* Every address of B says that it is there. */
static void teach(struct bench *bench)
{
	uint8_t frame[64] = {};

	for (unsigned int i = bench->addresses; i-- > 0;) {
		set_address(frame, 1, 0);
		set_address(frame + 6, 2, i);
		frame[12] = HEADER_TYPE >> 8;
		frame[13] = HEADER_TYPE & 0xff;
		end_send(bench->b, frame, sizeof(frame));
		if (i % 64 == 0)
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	memset(frame, 0xff, 6);
	set_address(frame + 6, 1, 0);
	end_send(bench->a, frame, sizeof(frame));
}

struct trial {
	uint64_t sent, received, refused;
	double seconds, processor;
};

/* Send for a while, at `rate` frames a second or, when it is 0, without a break. */
static int run_trial(struct bench *bench, double rate, double seconds, struct trial *result)
{
	uint64_t start, limit = seconds * 1e9, quiet, seen, cpu;

	memset(result, 0, sizeof(*result));
	atomic_store(&bench->received, 0);
	atomic_fetch_add(&bench->trial, 1);
	cpu = processor_time();
	start = now();
	for (;;) {
		uint64_t time = now() - start;
		uint64_t due = rate > 0 ? (uint64_t)(time * 1e-9 * rate) + 1 : result->sent + 32;

		if (time >= limit)
			break;
		if (due <= result->sent) {
			double ahead = (result->sent + 1) / rate * 1e9 - time;

			if (ahead > 60000)
				nanosleep(&(struct timespec){.tv_nsec = 30000}, NULL);
			continue;
		}
		if (due > result->sent + 32)
			due = result->sent + 32;
		while (result->sent < due) {
			make_frame(bench, result->sent);
			int lost = end_send(bench->a, bench->frame, bench->size);

			if (!lost) {
				result->sent++;
			} else if (lost > 0 || errno == EAGAIN) {
				result->refused++;
				break;
			} else {
				return complain("%s: sending failed: %m", end_name(bench->a)), -1;
			}
		}
	}
	result->seconds = (now() - start) * 1e-9;
	/* The rest is still on its way: wait until 30 ms bring nothing more. */
	do {
		seen = atomic_load(&bench->received);
		for (quiet = now();
		     now() - quiet < 30000000 && atomic_load(&bench->received) == seen;)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	} while (atomic_load(&bench->received) != seen);
	result->received = seen;
	result->processor = (processor_time() - cpu) * 1.0;
	return 0;
}

static bool is_lossfree(const struct trial *trial, double rate)
{
	/* A rate that the sender could not reach was not tried. */
	return trial->received >= trial->sent * (1 - LOSS_LIMIT) &&
	       trial->sent >= rate * trial->seconds * 0.98;
}

static int find_lossfree(struct bench *bench, double upper, double *best)
{
	double low = 0, high = upper * 1.05;
	struct trial trial;

	for (int i = 0; i < BISECTIONS; i++) {
		double rate = (low + high) / 2;
		bool good = false;

		/* Others use this machine too: one failure may be theirs. */
		for (int attempt = 0; attempt < 2 && !good; attempt++) {
			if (run_trial(bench, rate, bench->seconds / 2, &trial))
				return -1;
			good = is_lossfree(&trial, rate);
		}
		if (good)
			low = rate;
		else
			high = rate;
	}
	*best = low;
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int find_rtt(struct bench *bench, double *times)
{
	uint8_t frame[END_FRAME_MAX];

	atomic_store(&bench->echo, true);
	atomic_fetch_add(&bench->trial, 1);
	for (unsigned int i = 0; i < bench->round_trips; i++) {
		uint64_t start = now();
		struct payload payload;

		make_frame(bench, 0);
		((struct header *)bench->frame)->payload.number = i;
		if (end_send(bench->a, bench->frame, bench->size) < 0) {
			complain("%s: sending failed: %m", end_name(bench->a));
			return -1;
		}
		do {
			ssize_t n;

			wait_input(bench->a);
			n = end_receive(bench->a, frame, sizeof(frame));
			if (n > 0 && is_ours(frame, n, &payload) && payload.number == i &&
			    payload.trial == atomic_load(&bench->trial))
				break;
			if (now() - start > 2000000000) {
				complain("no answer from %s to a frame of %s within 2 s",
					 end_name(bench->b), end_name(bench->a));
				return -1;
			}
		} while (true);
		times[i] = (now() - start) * 1e-3;
	}
	atomic_store(&bench->echo, false);
	qsort(times, bench->round_trips, sizeof(*times), compare);
	return 0;
}

static void report(struct bench *bench, json_t *result)
{
	const char *key;
	json_t *value;

	if (bench->json) {
		json_dumpf(result, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
		printf("\n");
		return;
	}
	json_object_foreach (result, key, value)
		printf("%-22s %.*f\n", key, json_number_value(value) < 100 ? 2 : 0,
		       json_number_value(value));
}

static bool wants(const struct bench *bench, const char *test)
{
	return strstr(bench->tests, test) != NULL;
}

static int measure(struct bench *bench)
{
	json_t *result = json_pack("{s:i}", "size", (int)bench->size);
	struct trial trial;
	int status = 1;

	if (wants(bench, "overload") || wants(bench, "lossfree")) {
		double best = 0;

		/* One short trial warms tables and caches. */
		if (run_trial(bench, 0, bench->seconds / 4, &trial) ||
		    run_trial(bench, 0, bench->seconds, &trial))
			goto out;
		if (trial.received == 0) {
			complain("no frame of %s arrives at %s", bench->a_name, bench->b_name);
			goto out;
		}
		json_object_set_new(result, "overload", json_real(trial.received / trial.seconds));
		json_object_set_new(result, "overload_sent", json_real(trial.sent / trial.seconds));
		json_object_set_new(result, "overload_loss_percent",
				    json_real(100.0 * (trial.sent - trial.received) / trial.sent));
		json_object_set_new(result, "cpu_ns_per_frame",
				    json_real(trial.processor / trial.received));
		if (wants(bench, "lossfree")) {
			/* Without a break and without loss: that is the rate itself. */
			best = trial.sent / trial.seconds;
			if (!is_lossfree(&trial, 0) &&
			    find_lossfree(bench, trial.received / trial.seconds, &best))
				goto out;
			json_object_set_new(result, "lossfree", json_real(best));
		}
		json_object_set_new(result, "disordered",
				    json_integer(atomic_load(&bench->disordered)));
	}
	if (wants(bench, "rtt")) {
		double *times = calloc(bench->round_trips, sizeof(*times));

		if (times && find_rtt(bench, times) == 0) {
			json_object_set_new(result, "rtt",
					    json_real(times[bench->round_trips / 2]));
			json_object_set_new(
				result, "rtt_p99",
				json_real(times[(uint64_t)bench->round_trips * 99 / 100]));
		} else {
			free(times);
			goto out;
		}
		free(times);
	}
	report(bench, result);
	status = 0;
out:
	json_decref(result);
	return status;
}

static int parse(int key, char *text, struct argp_state *state)
{
	struct bench *bench = state->input;

	switch (key) {
	case 's':
		bench->size = strtoul(text, NULL, 0);
		if (bench->size < sizeof(struct header) || bench->size > END_FRAME_MAX)
			argp_error(state, "%s: a size is a number from %zu to %d", text,
				   sizeof(struct header), END_FRAME_MAX);
		break;
	case 't':
		bench->tests = text;
		break;
	case 'd':
		bench->seconds = strtod(text, NULL);
		if (!(bench->seconds >= 0.01 && bench->seconds <= 3600))
			argp_error(state, "%s: a duration is 0.01 to 3600 seconds", text);
		break;
	case 'n':
		bench->addresses = strtoul(text, NULL, 0);
		if (!bench->addresses || bench->addresses > 1 << 24)
			argp_error(state, "%s: a number of addresses is 1 to 16777216", text);
		break;
	case 'r':
		bench->round_trips = strtoul(text, NULL, 0);
		if (!bench->round_trips || bench->round_trips > 10000000)
			argp_error(state, "%s: a number of round trips is 1 to 10000000", text);
		break;
	case 'j':
		bench->json = true;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			bench->a_name = text;
		else if (state->arg_num == 1)
			bench->b_name = text;
		else
			argp_usage(state);
		break;
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"size", 's', "BYTES", 0, "Length of the frames (64)", 0},
	{"test", 't', "LIST", 0, "Any of overload, lossfree, rtt, with commas (all)", 0},
	{"seconds", 'd', "N", 0, "Duration of one trial (1)", 0},
	{"addresses", 'n', "N", 0, "Send to this many addresses in turn (1)", 0},
	{"round-trips", 'r', "N", 0, "Number of round trips (5000)", 0},
	{"json", 'j', NULL, 0, "Print JSON", 0},
	{}};

static const struct argp parser = {
	options,
	parse,
	"A B",
	"Measure the way from end A to end B: frames a second, loss, round trip (microseconds).\v"
	"An end is a VNL of libvdeplug (a switch, tap://NAME ...) or dev:NAME, a network device.",
	NULL,
	NULL,
	NULL};

int bench_main(int argc, char **argv)
{
	static struct bench bench = {.size = 64,
				     .addresses = 1,
				     .round_trips = 5000,
				     .seconds = 1,
				     .tests = "overload,lossfree,rtt"};
	struct stat about;
	pthread_t receiver;
	int status = 1;

	argp_parse(&parser, argc, argv, 0, NULL, &bench);
	bench.a = end_open(bench.a_name, NULL);
	bench.b = bench.a ? end_open(bench.b_name, NULL) : NULL;
	if (!bench.b)
		goto out;
	/* A tap takes the short way through XDP only for writers that do not wait. */
	if (end_set_nonblocking(bench.b) ||
	    (fstat(end_input(bench.a), &about) == 0 && S_ISCHR(about.st_mode) &&
	     end_set_nonblocking(bench.a))) {
		complain("%s: %m", bench.b_name);
		goto out;
	}
	if (pthread_create(&receiver, NULL, receive, &bench)) {
		complain("cannot start a thread: %m");
		goto out;
	}
	teach(&bench);
	status = measure(&bench);
	atomic_store(&bench.stop, true);
	pthread_join(receiver, NULL);
out:
	end_close(bench.a);
	end_close(bench.b);
	return status;
}
