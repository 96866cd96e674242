/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libumps without memory: a session with a machine is run again and again, and its first, second,
 * third... allocation fails, alone or with all that follow. The library must return an error with a
 * sentence, leave what it promises to leave, and lose no memory. It never aborts.
 *
 * The linker leads allocations of the library and of this file to the functions named __wrap_...;
 * those within libjansson always succeed (it does not survive all of its own failures).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "umps/machine/umps.h"

#define PROGRAM	   0x20004000u
#define BUFFER	   0x20008000u
#define CLOCK_RATE 99 /* messages take 20 us: so many are under way */

/* ---- allocation */

static uint64_t countdown; /* allocations until one fails, 0: none does */
static bool all_fail, failed;
static int64_t live;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
int __wrap_asprintf(char **text, const char *format, ...);
char *__wrap_realpath(const char *path, char *place);
void __wrap_free(void *memory);

static bool fails(void)
{
	if (countdown == 0 || (failed && !all_fail))
		return false;
	if (!failed && --countdown)
		return false;
	countdown = 1;
	failed = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *memory)
{
	live += memory != NULL;
	return memory;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *memory = __wrap_malloc(n * size);

	return memory ? memset(memory, 0, n * size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	return old ? __real_realloc(old, size) : counted(__real_realloc(NULL, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strndup(const char *text, size_t max)
{
	size_t length = strnlen(text, max);
	char *copy = __wrap_malloc(length + 1);

	if (copy) {
		memcpy(copy, text, length);
		copy[length] = 0;
	}
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	char place[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	*text = __wrap_strdup(place);
	return *text ? n : -1;
}

char *__wrap_realpath(const char *path, char *place)
{
	return __wrap_strdup(path); /* absolute already here */
}

void __wrap_free(void *memory)
{
	live -= memory != NULL;
	__real_free(memory);
}

/* ---- the session */

static char directory[] = "/tmp/umps-memory-XXXXXX";
static const char *complaint; /* what was wrong */
static bool machine_lost;     /* some machine stopped as an event could not be kept */

static void check(bool right, const char *what)
{
	if (!right && !complaint)
		complaint = what;
}

static char *in_directory(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	int fd = open(in_directory(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		printf("Bail out! cannot write %s\n", in_directory(name));
	close(fd);
}

static void write_files(void)
{
	static const char config[] =
		"{\"num-processors\": 2, \"clock-rate\": 99, \"num-ram-frames\": 32, "
		"\"boot\": {\"load-core-file\": false, \"core-file\": \"none\"}, "
		"\"symbol-table\": {\"file\": \"stab\", \"asid\": 64}, \"devices\": {"
		"\"disk0\": {\"enabled\": true, \"file\": \"disk\"}, "
		"\"terminal0\": {\"enabled\": true, \"file\": \"term\"}}}";
	static const char stab[] =
		"MPSA00000001 00000000\n"
		"work                             :FUN:0x20004000:0x00000100:GLB\n";
	static uint32_t disk[7 + 1024] = {0x0053504D, 1, 1, 1, 16666, 100, 80};

	write_file("machine.json", config, sizeof(config) - 1);
	write_file("stab", stab, sizeof(stab) - 1);
	write_file("disk", disk, sizeof(disk));
}

/* Reads a line, writes the disk, writes pages of its own, then sends messages for ever. */
static const uint32_t program[] = {
	0x3C081000, /*       lui   t0, 0x1000 */
	0x24090002, /*       addiu t1, zero, 2 */
	0xAD090258, /*       sw    t1, 0x258(t0)      receive */
	0x3C0A2000, /*       lui   t2, 0x2000 */
	0x354A8000, /*       ori   t2, t2, 0x8000 */
	0x400B7800, /*       mfc0  t3, PRID */
	0x00000000, /*       nop */
	0x000B5C00, /*       sll   t3, t3, 16 */
	0x014B5021, /*       addu  t2, t2, t3 */
	0xAD4B0000, /*       sw    t3, 0(t2) */
	0xAD4B1000, /*       sw    t3, 0x1000(t2) */
	0xAD0A005C, /*       sw    t2, 0x5C(t0)       disk: from there */
	0x24090004, /*       addiu t1, zero, 4 */
	0xAD090058, /*       sw    t1, 0x58(t0)       write */
	0x240C0301, /*       addiu t4, zero, 0x301 */
	0xAD0C0404, /* send: sw    t4, 0x404(t0)      to both */
	0x1000FFFE, /*       b     send */
	0xAD4C0004, /*       sw    t4, 4(t2) */
};

static void observed(void *context, int cpu, uint32_t code, uint32_t epc)
{
}

static void start_programs(struct umps *m)
{
	uint32_t pc = PROGRAM, one = 1;

	umps_write_physical(m, PROGRAM, program, sizeof(program));
	umps_set_register(m, 0, UMPS_REG_PC, PROGRAM);
	umps_write_physical(m, 0x10000508, &pc, sizeof(pc));
	umps_write_physical(m, 0x10000504, &one, sizeof(one));
}

/* A snapshot is all or nothing; a failed restore leaves the machine as it was. */
static void snapshots(struct umps *m)
{
	size_t length = 0, after_length = 0;
	struct umps_error error = {""};
	uint64_t kept = countdown;
	void *before, *after;
	int result;

	before = umps_snapshot(m, &length);
	if (!before)
		return;
	umps_run(m, umps_ticks(m) + 300, 0);
	result = umps_restore(m, before, length, &error);
	check(result == 0 || error.text[0], "umps_restore() fails without a sentence");
	if (result == 0) {
		countdown = 0; /* of this file's own */
		after = umps_snapshot(m, &after_length);
		countdown = kept;
		check(length == after_length && !memcmp(before, after, length),
		      "umps_restore() says 0 but the state is another one");
		free(after);
	}
	free(before);
}

static void travel(struct umps *m)
{
	uint64_t now = umps_ticks(m), since = umps_recorded_since(m);
	struct umps_error error = {""};

	if (since == UINT64_MAX)
		return;
	if (now > since && umps_travel(m, since + (now - since) / 2, &error) < 0) {
		check(error.text[0], "umps_travel() fails without a sentence");
		check(umps_ticks(m) == now, "umps_travel() failed and moved the machine");
	}
	umps_reverse(m, &error);
}

static void use(struct umps *m, enum umps_engine engine, bool record)
{
	const struct umps_observer observer = {.exception = observed};
	const struct umps_stop_point point = {.kind = UMPS_SUSPECT,
					      .enabled = true,
					      .asid = 64,
					      .first = 0x20010000,
					      .last = 0x20010003,
					      .on_write = true};
	struct umps_error error = {""};
	struct umps_stop stop;

	umps_set_engine(m, engine);
	if (record && umps_record(m, &error) < 0)
		check(error.text[0], "umps_record() fails without a sentence");
	start_programs(m);
	umps_run(m, 400, 0);
	umps_terminal_input(m, 0, "some text\n", 10);
	umps_run(m, 3000, 0);
	umps_set_failing(m, UMPS_DISK, 0, true);
	snapshots(m);
	if (engine == UMPS_INTERPRETER) {
		umps_observe(m, &observer);
		if (umps_add_stop_point(m, &point, &error) < 0)
			check(error.text[0], "umps_add_stop_point() fails without a sentence");
	}
	stop = umps_run(m, 9000, 0);
	machine_lost |= stop.reason == UMPS_STOP_MEMORY;
	check(stop.reason != UMPS_STOP_MEMORY || umps_run(m, 10000, 0).reason == UMPS_STOP_MEMORY,
	      "a machine whose event was lost goes on");
	travel(m);
	umps_run(m, umps_ticks(m) + 1000, 0);
}

static void session(enum umps_engine engine, bool record)
{
	struct umps_error error = {""};
	struct umps_config *config = umps_config_read(in_directory("machine.json"), &error);
	struct umps *m;

	check(config || error.text[0], "umps_config_read() fails without a sentence");
	if (!config)
		return;
	error.text[0] = 0;
	if (umps_config_write(config, in_directory("written.json"), &error) < 0)
		check(error.text[0], "umps_config_write() fails without a sentence");
	error.text[0] = 0;
	m = umps_create(config, NULL, &error);
	check(m || error.text[0], "umps_create() fails without a sentence");
	umps_config_free(config);
	if (m)
		use(m, engine, record);
	umps_destroy(m);
}

/* The session with each allocation failing in turn, until it needs no more. */
static void each(const char *what, enum umps_engine engine, bool record, bool all)
{
	uint64_t n = 0;
	int64_t before;

	complaint = NULL;
	do {
		write_files();
		before = live;
		countdown = ++n;
		all_fail = all;
		failed = false;
		session(engine, record);
		countdown = 0;
		check(live == before, "memory is lost");
	} while (failed && !complaint);
	ok(!complaint && n > 30, "%s: %llu allocations, %s", what, (unsigned long long)n - 1,
	   complaint ? complaint : "each may fail");
}

int main(void)
{
	char *remove_directory;

	if (!mkdtemp(directory))
		return 1;
	each("one fails, interpreter", UMPS_INTERPRETER, true, false);
	each("one fails, translator", UMPS_TRANSLATOR, false, false);
	each("one fails, translator, recorded", UMPS_TRANSLATOR, true, false);
	each("one and all later ones fail, interpreter", UMPS_INTERPRETER, true, true);
	each("one and all later ones fail, translator", UMPS_TRANSLATOR, false, true);
	ok(machine_lost, "a machine without memory for what its guest does stops");
	if (asprintf(&remove_directory, "rm -rf %s", directory) > 0) {
		if (system(remove_directory))
			printf("# cannot remove %s\n", directory);
		free(remove_directory);
	}
	return done_testing();
}
