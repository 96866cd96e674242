/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damaged files: machine files, ROMs, core files, symbol tables, images, saved states. Each either
 * gives one sentence or a machine that runs; the sanitizers watch.
 *
 * usage: fuzz_files DIRECTORY CASES [SEED]     DIRECTORY holds machine.json and what it names, see
 * fuzz_files.sh
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "umps/machine/umps.h"

#define MAX_BYTES (1u << 20)
#define TICKS	  3000

static const char *const names[] = {"machine.json", "kernel.core.umps", "kernel.stab.umps",
				    "kernel",	    "exec.rom.umps",	"boot.rom.umps",
				    "disk.umps",    "flash.umps"};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static uint64_t state;
static uint8_t *original[N_NAMES], *damaged;
static size_t length[N_NAMES];

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

static size_t read_file(const char *name, uint8_t **bytes)
{
	FILE *file = fopen(name, "rb");
	size_t n;

	*bytes = malloc(MAX_BYTES);
	n = file ? fread(*bytes, 1, MAX_BYTES, file) : 0;
	if (file)
		fclose(file);
	return n;
}

static void write_file(const char *name, const uint8_t *bytes, size_t n)
{
	FILE *file = fopen(name, "wb");

	if (!file || fwrite(bytes, 1, n, file) != n || fclose(file))
		abort();
}

/* Damage mostly near the start, where the headers are. */
static size_t damage(const uint8_t *from, size_t n)
{
	static const uint32_t words[] = {0,	     1,		 0x7FFFFFFF, 0x80000000,
					 0xFFFFFFFF, 0x20001000, 4096};
	static const char tokens[] = "{}[]\",:0-\\";
	int times = 1 + (int)below(4);

	memcpy(damaged, from, n);
	while (times-- && n > 8) {
		size_t at = below(3) ? below(n < 256 ? (uint32_t)n : 256) : below((uint32_t)n);

		switch (below(6)) {
		case 0:
			damaged[at] ^= (uint8_t)(1u << below(8));
			break;
		case 1:
			damaged[at] = (uint8_t)tokens[below(sizeof(tokens) - 1)];
			break;
		case 2:
			if (at + 4 <= n)
				memcpy(damaged + (at & ~3ul), &words[below(7)], 4);
			break;
		case 3:
			n = at;
			break;
		case 4:
			memmove(damaged + at, damaged + at + 1, n - at - 1);
			n--;
			break;
		default:
			damaged[at] = (uint8_t)below(256);
		}
	}
	return n;
}

/* 1: a machine, 0: a sentence, -1: neither. */
static int attempt(bool elf)
{
	struct umps_error error = {""};
	struct umps_config *config = umps_config_read("machine.json", &error);
	struct umps *m = NULL;

	if (config && elf) {
		free(config->core_file);
		config->core_file = strdup("kernel");
	}
	if (config)
		m = umps_create(config, NULL, &error);
	umps_config_free(config);
	if (!m)
		return error.text[0] && !strchr(error.text, '\n') ? 0 : -1;
	umps_set_engine(m, UMPS_TRANSLATOR);
	umps_run(m, TICKS, 0);
	umps_destroy(m);
	return 1;
}

/* Saved states, damaged before RAM begins; the machine that refuses one is as it was. */
static void states(uint64_t cases, uint64_t seed)
{
	struct umps_error error = {""};
	struct umps_config *config = umps_config_read("machine.json", &error);
	struct umps *m = umps_create(config, NULL, &error);
	size_t n, again;
	uint8_t *saved, *now;
	int refused = 0, same = 0, silent = 0;
	uint64_t number;

	umps_set_engine(m, UMPS_TRANSLATOR);
	umps_run(m, TICKS, 0);
	saved = umps_snapshot(m, &n);
	for (number = 0; number < cases; number++) {
		state = (seed + number + 1) * 0x9E3779B97F4A7C15ull;
		memcpy(damaged, saved, n);
		for (uint32_t times = 1 + below(3); times--;)
			damaged[below(below(3) ? 2000 : (uint32_t)(n - umps_ram_size(m)))] =
				(uint8_t)below(256);
		error.text[0] = 0;
		if (umps_restore(m, damaged, below(50) ? n : below((uint32_t)n), &error) < 0) {
			refused++;
			silent += !error.text[0];
			now = umps_snapshot(m, &again);
			same += n == again && !memcmp(saved, now, n);
			free(now);
		} else {
			umps_run(m, umps_ticks(m) + TICKS, 0);
			umps_restore(m, saved, n, NULL);
		}
	}
	ok(refused && same == refused && !silent,
	   "a saved state damaged %llu times: %d sentences, %llu machines (seed %llu)",
	   (unsigned long long)cases, refused, (unsigned long long)cases - (unsigned)refused,
	   (unsigned long long)seed);
	free(saved);
	umps_destroy(m);
	umps_config_free(config);
}

int main(int argc, char **argv)
{
	uint64_t cases = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000,
		 seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (argc < 3 || chdir(argv[1]) < 0)
		return 2;
	damaged = malloc(MAX_BYTES);
	for (size_t i = 0; i < N_NAMES; i++)
		length[i] = read_file(names[i], &original[i]);
	ok(attempt(false) == 1 && attempt(true) == 1, "the files are good to begin with");
	for (size_t i = 0; i < N_NAMES; i++) {
		int results[3] = {0, 0, 0};

		for (uint64_t n = 0; n < cases; n++) {
			state = (seed + n * N_NAMES + i + 1) * 0x9E3779B97F4A7C15ull;
			write_file(names[i], damaged, damage(original[i], length[i]));
			results[attempt(i == 3) + 1]++;
		}
		write_file(names[i], original[i], length[i]);
		ok(results[0] == 0, "%s damaged %llu times: %d sentences, %d machines (seed %llu)",
		   names[i], (unsigned long long)cases, results[1], results[2],
		   (unsigned long long)seed);
		free(original[i]);
	}
	states(4 * cases, seed);
	free(damaged);
	return done_testing();
}
