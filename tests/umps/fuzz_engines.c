/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random programs on both engines: after every stretch of random length the complete states must be
 * equal.
 *
 * usage: fuzz_engines [CASES [SEED]]
 *
 * A case fills RAM with random instructions (mostly sensible ones, so that they get somewhere) and
 * registers with pointers to data, code, mapped pages and device registers, then runs it while
 * terminal input comes and devices fail at random. Programs rewrite themselves, change the TLB,
 * Status and timers, ring every device. Gentle ones, for several processors, do so rarely and work
 * for long on memory of their own and on some that they share.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "umps/machine/umps.h"

#define FRAMES	       16
#define CODE	       0x20004000u
#define CODE_WORDS     1024
#define STRETCHES      12
#define MAX_STRETCH    700
#define GENTLE_STRETCH 9000
#define SHARED	       0x20008000u
#define START	       0x20003000u
#define OWN(cpu)       (0x20009000u + 0x1000u * (uint32_t)(cpu))
#define QUIET	       250000 /* ticks in which a halted machine comes to rest */
#define SELF_BRANCH    0x1000FFFFu
#define DISK_HEADER    7
#define FLASH_HEADER   3

static uint64_t state;
static bool gentle;
static enum umps_machine family;
static uint64_t reasons[UMPS_STOP_EXCEPTION + 1]; /* how often runs ended by each */

static uint32_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint32_t below(uint32_t n)
{
	return random_word() % n;
}

/* ---- random instructions */

static uint32_t plain_register(void)
{
	return below(20) ? below(16) : below(32);
}

static uint32_t pointer_register(void)
{
	if (gentle && below(25))
		return 17 + below(5); /* 16 and 22 point to what they share */
	return below(30) ? 16 + below(8) : below(32);
}

static uint32_t offset(void)
{
	uint32_t n = below(4) ? below(64) * 4 : below(256);

	return (below(8) ? n : 0u - n) & 0xFFFF;
}

static uint32_t special(void)
{
	static const uint8_t functions[] = {0,	2,  3,	4,  6,	7,  16, 17, 18, 19,
					    24, 25, 26, 27, 32, 33, 34, 35, 36, 37,
					    38, 39, 42, 43, 33, 35, 37, 33, 36};
	uint32_t f = functions[below(sizeof(functions))], rs = plain_register(),
		 rt = plain_register();
	uint32_t rd = plain_register(), shamt = 0;

	if (f < 4)
		rs = 0, shamt = below(32);
	if (f == 16 || f == 18)
		rs = rt = 0;
	if (f == 17 || f == 19)
		rt = rd = 0;
	if (f >= 24 && f < 28)
		rd = 0;
	return rs << 21 | rt << 16 | rd << 11 | shamt << 6 | f;
}

static uint32_t immediate(void)
{
	uint32_t op = 8 + below(8);

	return op << 26 | (op == 15 ? 0 : plain_register()) << 21 | plain_register() << 16 |
	       (random_word() & 0xFFFF);
}

static uint32_t load(void)
{
	static const uint8_t ops[] = {32, 33, 34, 35, 35, 35, 36, 37, 38};

	return (uint32_t)ops[below(sizeof(ops))] << 26 | pointer_register() << 21 |
	       plain_register() << 16 | offset();
}

static uint32_t store(void)
{
	static const uint8_t ops[] = {40, 41, 42, 43, 43, 43, 46};

	return (uint32_t)ops[below(sizeof(ops))] << 26 | pointer_register() << 21 |
	       plain_register() << 16 | offset();
}

static uint32_t branch(void)
{
	uint32_t distance = (below(24) - (below(3) ? 0 : 12)) & 0xFFFF, rs = plain_register() << 21;

	if (gentle) { /* forward, so that the whole program runs again and again */
		distance = 1 + below(8);
		return below(3) ? (4 + below(2)) << 26 | rs | plain_register() << 16 | distance
				: (6 + below(2)) << 26 | rs | distance;
	}
	switch (below(8)) {
	case 0:
		return 1u << 26 | rs | (below(2) | below(2) << 4) << 16 | distance;
	case 1:
		return (6 + below(2)) << 26 | rs | distance;
	case 2:
		return (2 + below(2)) << 26 | ((CODE / 4 + below(CODE_WORDS)) & 0x3FFFFFF);
	case 3: /* JR, JALR through 23, which points to code */
		return 23u << 21 | (below(2) ? 8 : plain_register() << 11 | 9);
	default:
		return (4 + below(2)) << 26 | rs | plain_register() << 16 | distance;
	}
}

static uint32_t coprocessor(void)
{
	static const uint8_t registers[] = {0, 1, 2, 8, 9, 10, 12, 13, 14, 15, 4, 3};
	static const uint8_t operations[] = {1, 2, 6, 8, 16, 16, 32, 5};
	uint32_t reg = registers[below(sizeof(registers))];

	switch (below(4)) {
	case 0:
		return 0x42000000 | operations[below(sizeof(operations))];
	case 1:
		return 0x40000000 | plain_register() << 16 | reg << 11;
	case 2: /* Status from registers that hold sensible ones */
		return 0x40800000 | (24 + below(4)) << 16 | 12 << 11;
	default:
		return 0x40800000 | (reg == 12 ? 24 : plain_register()) << 16 | reg << 11;
	}
}

static uint32_t instruction(void)
{
	uint32_t kind = below(100);

	if (gentle && kind >= 90 && below(30))
		kind = kind == 96 ? 96 : kind - 60;
	if (kind < 28)
		return special();
	if (kind < 45)
		return immediate();
	if (kind < 62)
		return load();
	if (kind < 76)
		return store();
	if (kind < 90)
		return branch();
	if (kind < 95)
		return coprocessor();
	if (kind < 96)
		return below(2) ? 12 : 13;
	if (kind < 97) /* CAS */
		return pointer_register() << 21 | plain_register() << 16 | plain_register() << 11 |
		       11;
	return kind < 98 ? random_word() : 0;
}

/* ---- machines */

static struct umps *machines[2]; /* interpreter, translator */
static char directory[] = "/tmp/umps-fuzz-XXXXXX";

/* A tape of 16 blocks in two files. */
static char *tape(int which)
{
	uint32_t block[1025] = {0};
	char *path;
	int fd;

	if (asprintf(&path, "%s/tape.%d", directory, which) < 0)
		abort();
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, "MPS\1", 4) != 4)
		abort();
	for (uint32_t i = 0; i < 16; i++) {
		for (uint32_t word = 0; word < 1024; word++)
			block[word] = i * 0x01234567 + word;
		block[1024] = i == 15 ? 0 : i == 7 ? 1 : 2;
		if (write(fd, block, sizeof(block)) < 0)
			abort();
	}
	close(fd);
	return path;
}

static char *image(const char *name, int which, const uint32_t *header, int words, int blocks)
{
	static const char zero[4096];
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s.%d", directory, name, which) < 0)
		abort();
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, header, 4 * (size_t)words) < 0)
		abort();
	for (int i = 0; i < blocks; i++)
		if (write(fd, zero, sizeof(zero)) < 0)
			abort();
	close(fd);
	return path;
}

static struct umps *machine(int which, int processors, uint32_t floor)
{
	static const uint32_t disk[DISK_HEADER] = {0x0053504D, 4, 2, 8, 16666, 100, 80};
	static const uint32_t flash[FLASH_HEADER] = {0x0153504D, 16, 50};
	struct umps_config *c = umps_config_new();
	struct umps_error error;
	struct umps *m;

	c->machine = family;
	c->processors = processors;
	c->load_core = false;
	c->ram_frames = FRAMES;
	c->tlb_size = 8;
	c->tlb_floor = floor;
	c->devices[0][0] = (struct umps_device_config){
		true, image("disk", which, disk, DISK_HEADER, 64), false, {0}};
	c->devices[1][0] = (struct umps_device_config){
		true,
		family == UMPS_2 ? tape(which) : image("flash", which, flash, FLASH_HEADER, 16),
		false,
		{0}};
	c->devices[3][0] = (struct umps_device_config){true, strdup("/dev/null"), false, {0}};
	c->devices[4][0] = (struct umps_device_config){true, strdup("/dev/null"), false, {0}};
	m = umps_create(c, NULL, &error);
	if (!m) {
		printf("Bail out! %s\n", error.text);
		exit(1);
	}
	if (which && umps_set_engine(m, UMPS_TRANSLATOR) < 0) {
		printf("Bail out! no translator here\n");
		exit(1);
	}
	umps_config_free(c);
	return m;
}

static void both_write(uint32_t address, const void *data, size_t length)
{
	for (int i = 0; i < 2; i++)
		umps_write_physical(machines[i], address, data, length);
}

static void both_set(int cpu, int reg, uint32_t value)
{
	for (int i = 0; i < 2; i++)
		umps_set_register(machines[i], cpu, reg, value);
}

/* Handlers that come back into the code, two instructions further on. */
static void write_handlers(void)
{
	uint32_t handler[] = {
		0x401A7000,		   /* mfc0 k0, EPC */
		0x3C1B0000 | CODE >> 16,   /* lui k1, CODE */
		0x275A0008,		   /* addiu k0, k0, 8 */
		0x335A0FFC,		   /* andi k0, k0, 0xFFC */
		0x375A4000,		   /* ori k0, k0, 0x4000 */
		0x035BD025,		   /* or k0, k0, k1 */
		0x03400008,		   /* jr k0 */
		below(3) ? 0x42000010 : 0, /* rfe */
	};

	both_write(0x00000000, handler, sizeof(handler));
	if (!below(8)) { /* or end as the ROM does */
		handler[0] = SELF_BRANCH;
		handler[1] = 0;
	}
	both_write(0x00000080, handler, sizeof(handler));
}

static uint32_t add_immediate(uint32_t to, uint32_t from, uint32_t value)
{
	return 9u << 26 | from << 21 | to << 16 | (value & 0xFFFF);
}

/* Where the others of several processors start: what write_program() does for the first one. */
static void write_start(void)
{
	uint32_t start[40] = {
		0x401A7800,			/* mfc0 k0, PRID */
		0x3C1B0000 | CODE >> 16,	/* lui k1, CODE */
		0x001AD300,			/* sll k0, k0, 12 */
		0x377B0000 | (OWN(0) & 0xFFFF), /* ori k1, k1, OWN */
		0x037AD021,			/* addu k0, k1, k0 */
		0x3C100000 | SHARED >> 16,	/* lui s0, SHARED */
		0x3C160000 | SHARED >> 16,	/* lui s6, SHARED */
		0x36100000 | (SHARED & 0xFFFF) | below(16) * 4,
		0x36D60000 | (SHARED & 0xFFFF) | below(16) * 4,
		add_immediate(17, 26, 256),
		add_immediate(18, 26, 2044),
		add_immediate(19, 26, 3000),
		add_immediate(20, 26, 1024),
		add_immediate(21, 26, 512),
		0x3C170000 | CODE >> 16,
		0x36F70000 | (CODE & 0xFFFF) | below(CODE_WORDS) * 4,
		0x3C181000, /* lui t8, CU0 */
		0x3C191000,
		0x40806000, /* mtc0 zero, Status: exceptions to the handlers */
	};

	for (int i = 19; i < 38; i++)
		start[i] = add_immediate((uint32_t)i - 18, 0, random_word());
	start[38] = 2u << 26 | ((CODE / 4 + below(CODE_WORDS)) & 0x3FFFFFF);
	both_write(START, start, sizeof(start));
}

/* An address that is mapped: with VM bits the kernel's code and data, too. */
static uint32_t mapped_page(void)
{
	if (family == UMPS_2 && below(2))
		return below(2) ? CODE : 0x20008000 + below(2) * 0x1000;
	return 0x80000000 + below(3) * 0x1000;
}

static void write_program(int processors)
{
	uint32_t status = family == UMPS_2 ? 0x0F00FF3F : 0x0800FF3F;
	uint32_t code[CODE_WORDS];

	for (int i = 0; i < CODE_WORDS; i++)
		code[i] = instruction();
	for (int i = below(4); i < 4; i++) { /* loops that the machine may come to rest in */
		uint32_t at = below(CODE_WORDS - 1);

		code[at] = SELF_BRANCH;
		code[at + 1] = 0;
	}
	if (gentle) {
		code[CODE_WORDS - 2] = 2u << 26 | (CODE / 4 & 0x3FFFFFF);
		code[CODE_WORDS - 1] = 0;
	}
	both_write(CODE, code, sizeof(code));
	write_handlers();
	write_start();
	for (int cpu = 0; cpu < processors; cpu++) {
		for (int i = 1; i < 32; i++)
			both_set(cpu, i, below(3) ? random_word() : below(256));
		both_set(cpu, 16, 0x20008000);
		both_set(cpu, 17, 0x20009F80 + below(256));
		both_set(cpu, 18, 0x10000000 + below(0x100) * 4);
		both_set(cpu, 19, 0x10000254);
		both_set(cpu, 20, 0x80000000 + below(16) * 64);
		both_set(cpu, 21, 0x80001000);
		both_set(cpu, 22, CODE + below(CODE_WORDS) * 4);
		both_set(cpu, 23, (below(4) ? CODE : 0x80000000) + below(CODE_WORDS) * 4);
		if (gentle) {
			both_set(cpu, 16, SHARED + below(16) * 4);
			both_set(cpu, 17, OWN(cpu) + 256);
			both_set(cpu, 18, OWN(cpu) + 2048);
			both_set(cpu, 19, below(20) ? OWN(cpu) + 3000 : 0x10000254);
			both_set(cpu, 20, below(3) ? OWN(cpu) + 1024 : 0x0FFFF000);
			both_set(cpu, 21, below(5) ? OWN(cpu) + 512 : 0x80001000);
			if (below(4))
				both_set(cpu, 22, SHARED + below(16) * 4);
		}
		for (int i = 24; i < 28; i++)
			both_set(cpu, i,
				 0x10000000 |
					 (random_word() & (below(2) ? status : status & ~0x3Au)));
		both_set(cpu, UMPS_REG_PC, CODE + below(CODE_WORDS) * 4);
		both_set(cpu, UMPS_REG_CP0 + 12, 0x10000000 | (random_word() & status & ~0x3Au));
		both_set(cpu, UMPS_REG_CP0 + 9, below(2000));
		for (int i = 0; i < 8; i++)
			for (int m = 0; m < 2; m++) {
				uint64_t kept = state;

				umps_set_tlb(machines[m], cpu, i, mapped_page() + below(2) * 64,
					     (below(3) ? CODE : 0x20008000) + below(2) * 0x1000 +
						     below(16) * 0x100);
				if (m == 0)
					state = kept;
			}
	}
}

static bool equal(uint64_t number, int stretch)
{
	size_t lengths[2];
	void *states[2] = {umps_snapshot(machines[0], &lengths[0]),
			   umps_snapshot(machines[1], &lengths[1])};
	bool same = lengths[0] == lengths[1] && !memcmp(states[0], states[1], lengths[0]);

	if (!same) {
		printf("# case %llu, stretch %d, tick %llu and %llu:\n", (unsigned long long)number,
		       stretch, (unsigned long long)umps_ticks(machines[0]),
		       (unsigned long long)umps_ticks(machines[1]));
		for (int cpu = 0; cpu < umps_cpus(machines[0]); cpu++)
			for (int reg = 0; reg < UMPS_REG_CP0 + 16; reg++) {
				uint32_t a = umps_get_register(machines[0], cpu, reg);
				uint32_t b = umps_get_register(machines[1], cpu, reg);

				if (a != b && umps_register_name(reg))
					printf("# processor %d %s: interpreter %08X, translator "
					       "%08X\n",
					       cpu, umps_register_name(reg), a, b);
			}
		for (size_t i = 0; i < lengths[0] && i < lengths[1]; i++)
			if (((char *)states[0])[i] != ((char *)states[1])[i]) {
				printf("# first difference at byte %zu of %zu\n", i, lengths[0]);
				break;
			}
	}
	free(states[0]);
	free(states[1]);
	return same;
}

static void disturb(void)
{
	static const char text[] = "input for the guest\n";
	uint32_t what = below(12), off = 0xFF;

	if (!below(150))
		both_write(0x10000514, &off, sizeof(off));

	for (int i = 0; i < 2; i++) {
		if (what == 0)
			umps_terminal_input(machines[i], 0, text, 1 + what % 7);
		else if (what == 1)
			umps_set_failing(machines[i], UMPS_DISK + what % 2, 0, true);
		else if (what == 2)
			umps_set_failing(machines[i], UMPS_DISK, 0, false);
	}
}

static bool run_case(uint64_t number, int processors)
{
	for (int stretch = 0; stretch < STRETCHES; stretch++) {
		uint64_t start = umps_ticks(machines[0]), length;
		struct umps_stop stops[2];

		length = 1 + below(gentle ? GENTLE_STRETCH : MAX_STRETCH);
		if (stretch == STRETCHES - 1 && !below(16))
			length += QUIET;
		stops[0] = umps_run(machines[0], start + length, 0);
		stops[1] = umps_run(machines[1], start + 1 + below((uint32_t)length), 0);
		if (stops[1].reason == UMPS_STOP_LIMIT) /* slices make no difference */
			stops[1] = umps_run(machines[1], start + length, 0);
		reasons[stops[0].reason]++;
		if (stops[0].reason != stops[1].reason) {
			printf("# case %llu: stopped for %d and %d\n", (unsigned long long)number,
			       stops[0].reason, stops[1].reason);
			equal(number, stretch);
			return false;
		}
		if (!equal(number, stretch))
			return false;
		if (stops[0].reason != UMPS_STOP_LIMIT)
			return true;
		disturb();
	}
	return true;
}

/* CASES programs on machines of one shape; started from the state after power on. */
static void fuzz(const char *what, uint64_t cases, uint64_t seed, int processors, uint32_t floor)
{
	uint64_t number, executed = 0;
	size_t length;
	void *fresh;
	bool good = true;

	for (int i = 0; i < 2; i++)
		machines[i] = machine(i, processors, floor);
	fresh = umps_snapshot(machines[0], &length);
	for (number = 0; good && number < cases; number++) {
		state = (seed + number + 1) * 0x9E3779B97F4A7C15ull;
		for (int i = 0; i < 2; i++)
			umps_restore(machines[i], fresh, length, NULL);
		write_program(processors);
		if (processors > 1) { /* start the others through the machine registers */
			uint32_t pc = gentle ? START : CODE + below(CODE_WORDS) * 4;

			both_write(0x10000508, &pc, 4);
			for (uint32_t cpu = 1; cpu < (uint32_t)processors; cpu++)
				both_write(0x10000504, &cpu, 4);
		}
		good = run_case(number, processors);
		for (int cpu = 0; cpu < processors; cpu++)
			executed += umps_instructions(machines[0], cpu);
	}
	ok(good, "%s: %llu programs, %llu instructions, equal states (seed %llu)", what,
	   (unsigned long long)number, (unsigned long long)executed, (unsigned long long)seed);
	free(fresh);
	umps_destroy(machines[0]);
	umps_destroy(machines[1]);
}

int main(int argc, char **argv)
{
	uint64_t cases = argc > 1 ? strtoull(argv[1], NULL, 0) : 3000,
		 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	char *remove_directory;

	if (!mkdtemp(directory) || asprintf(&remove_directory, "rm -rf %s", directory) < 0)
		return 1;
	fuzz("one processor, floor 0x80000000", cases, seed, 1, 0x80000000);
	fuzz("one processor, floor at the end of RAM", cases, seed, 1, 0);
	fuzz("one processor, no translation", cases / 4, seed, 1, 0xFFFFFFFF);
	fuzz("two processors", cases / 2, seed, 2, 0x80000000);
	fuzz("three processors", cases / 4, seed, 3, 0x80000000);
	family = UMPS_2;
	fuzz("uMPS2, one processor", cases, seed, 1, 0);
	fuzz("uMPS2, two processors", cases / 4, seed, 2, 0);
	gentle = true;
	fuzz("uMPS2, two processors, gentle programs", cases / 8, seed, 2, 0);
	family = UMPS_3;
	fuzz("two processors, gentle programs", cases / 4, seed, 2, 0x80000000);
	fuzz("four processors, gentle programs", cases / 8, seed, 4, 0x80000000);
	ok(reasons[UMPS_STOP_DEAD] && reasons[UMPS_STOP_POWEROFF] &&
		   reasons[UMPS_STOP_HALT] + reasons[UMPS_STOP_PANIC],
	   "machines came to rest: %llu dead, %llu halted or panicked, %llu switched off",
	   (unsigned long long)reasons[UMPS_STOP_DEAD],
	   (unsigned long long)(reasons[UMPS_STOP_HALT] + reasons[UMPS_STOP_PANIC]),
	   (unsigned long long)reasons[UMPS_STOP_POWEROFF]);
	if (system(remove_directory))
		printf("# cannot remove %s\n", directory);
	free(remove_directory);
	return done_testing();
}
