/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor COMMAND`: what gdb has no words for. One function per command; each prints to a text
 * that is sent to the debugger's console.
 */
#include <stdlib.h>
#include <string.h>

#include "umps/front/names.h"
#include "umps/gdb/server.h"

#define ENTRYHI	 (UMPS_REG_CP0 + 10)
#define NO_INPUT "name a terminal and a text: input 0 ls"

static const char *const states[] = {"halted", "running", "waiting"};

/* The symbol at an address of CPU, "" when there is none. */
static void symbolize(const struct server *s, int cpu, uint32_t address, char *text, size_t size)
{
	int asid = address < umps_tlb_floor(s->machine)
			   ? UMPS_ASID_PHYS
			   : (int)(umps_get_register(s->machine, cpu, ENTRYHI) >> 6 & 63);
	const struct umps_symbol *symbol = umps_symbol_at(s->machine, asid, address);

	text[0] = 0;
	if (symbol)
		snprintf(text, size, "%s+0x%x", symbol->name, address - symbol->start);
}

static void show_cpus(struct server *s, char *arguments, FILE *out)
{
	char symbol[64];

	for (int i = 0; i < umps_cpus(s->machine); i++) {
		uint32_t pc = umps_get_register(s->machine, i, UMPS_REG_PC);

		symbolize(s, i, pc, symbol, sizeof(symbol));
		fprintf(out, "%2d  %-8s PC %08X  Status %08X  ASID %2u  %llu instructions  %s\n", i,
			states[umps_cpu_state(s->machine, i)], pc,
			umps_get_register(s->machine, i, UMPS_REG_CP0 + 12),
			umps_get_register(s->machine, i, ENTRYHI) >> 6 & 63,
			(unsigned long long)umps_instructions(s->machine, i), symbol);
	}
}

static void show_tlb(struct server *s, char *arguments, FILE *out)
{
	fprintf(out, "TLB of processor %d, translating from 0x%08X on\n", s->cpu,
		umps_tlb_floor(s->machine));
	fprintf(out, "entry  page      ASID  frame     flags\n");
	for (int i = 0; i < umps_tlb_size(s->machine); i++) {
		uint32_t hi, lo;

		umps_get_tlb(s->machine, s->cpu, i, &hi, &lo);
		if (hi || lo)
			fprintf(out, "%5d  %08X  %4u  %08X  %c%c%c\n", i, hi & 0xFFFFF000,
				hi >> 6 & 63, lo & 0xFFFFF000, lo >> 10 & 1 ? 'D' : '-',
				lo >> 9 & 1 ? 'V' : '-', lo >> 8 & 1 ? 'G' : '-');
	}
}

static void show_devices(struct server *s, char *arguments, FILE *out)
{
	for (int line = UMPS_FIRST_LINE; line < UMPS_FIRST_LINE + UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++) {
			struct umps_device d;

			umps_get_device(s->machine, (enum umps_line)line, i, &d);
			if (d.installed)
				fprintf(out, "%s%d: %s%s; registers %08X %08X %08X %08X\n",
					umps_device_class(s->machine, (enum umps_line)line), i,
					d.status, d.failing ? " (failing)" : "", d.registers[0],
					d.registers[1], d.registers[2], d.registers[3]);
		}
}

static void show_ticks(struct server *s, char *arguments, FILE *out)
{
	uint64_t since = umps_recorded_since(s->machine);

	fprintf(out, "tick %llu", (unsigned long long)umps_ticks(s->machine));
	if (since == UINT64_MAX)
		fprintf(out, ", not recorded\n");
	else
		fprintf(out, ", recorded since tick %llu\n", (unsigned long long)since);
}

static void change_asid(struct server *s, char *arguments, FILE *out)
{
	char *end;
	long number = strtol(arguments, &end, 0);

	if (!strcmp(arguments, "current"))
		s->asid = CURRENT_ASID;
	else if (!strcmp(arguments, "physical"))
		s->asid = UMPS_ASID_PHYS;
	else if (*arguments && !*end && number >= 0 && number < UMPS_ASID_PHYS)
		s->asid = (int)number;
	else if (*arguments)
		fprintf(out, "an address space is 0..63, \"current\" or \"physical\"\n");
	if (s->asid == CURRENT_ASID)
		fprintf(out, "addresses mean the current address space\n");
	else if (s->asid == UMPS_ASID_PHYS)
		fprintf(out, "addresses are physical\n");
	else
		fprintf(out, "addresses from 0x%08X on mean address space %d\n",
			umps_tlb_floor(s->machine), s->asid);
}

static void set_failing(struct server *s, const char *name, bool failing, FILE *out)
{
	enum umps_line line;
	int number;

	if (!device_from_name(name, &line, &number) ||
	    umps_set_failing(s->machine, line, number, failing) < 0)
		fprintf(out, "this machine has no device \"%s\"; `monitor devices` lists them\n",
			name);
	else
		fprintf(out, "operations of %s %s\n", name,
			failing ? "fail from now on" : "work again");
}

static void fail_device(struct server *s, char *arguments, FILE *out)
{
	set_failing(s, arguments, true, out);
}

static void repair_device(struct server *s, char *arguments, FILE *out)
{
	set_failing(s, arguments, false, out);
}

static void type_line(struct server *s, char *arguments, FILE *out)
{
	int terminal = arguments[0] - '0';
	size_t length = strlen(arguments);

	if (length < 2 || arguments[1] != ' ') {
		fprintf(out, NO_INPUT "\n");
		return;
	}
	arguments[length] = '\n'; /* over the NUL: the length says where it ends */
	if (umps_terminal_input(s->machine, terminal, arguments + 2, length - 1) < 0)
		fprintf(out, "this machine has no terminal %d\n", terminal);
	arguments[length] = 0;
}

static void change_tape(struct server *s, char *arguments, FILE *out)
{
	struct umps_error error;
	enum umps_line line;
	char *file = arguments + strcspn(arguments, " ");
	int number;

	if (*file)
		*file++ = 0;
	if (!device_from_name(arguments, &line, &number) || line != UMPS_TAPE)
		fprintf(out, "name a drive, tape0 to tape7, and a file\n");
	else if (umps_change_tape(s->machine, number, *file ? file : NULL, &error) < 0)
		fprintf(out, "%s\n", error.text);
	else
		fprintf(out, *file ? "tape%d: %s\n" : "tape%d is empty\n", number, file);
}

static void stop_on(struct server *s, char *arguments, FILE *out)
{
	static const struct {
		const char *name;
		unsigned bit;
	} kinds[] = {{"exceptions", UMPS_STOPS_EXCEPTION},
		     {"kernel-refill", UMPS_STOPS_KERNEL_REFILL},
		     {"user-refill", UMPS_STOPS_USER_REFILL},
		     {"none", 0}};
	unsigned mask = 0;
	char *save;

	if (*arguments) {
		for (char *word = strtok_r(arguments, " ,", &save); word;
		     word = strtok_r(NULL, " ,", &save)) {
			size_t i = 0;

			while (i < 4 && strcmp(word, kinds[i].name))
				i++;
			if (i == 4) {
				fprintf(out, "one can stop on exceptions, kernel-refill, "
					     "user-refill, or none\n");
				return;
			}
			mask |= kinds[i].bit;
		}
		s->exception_stops = mask;
		umps_set_exception_stops(s->machine, mask);
	}
	fprintf(out, "stopping on:");
	for (size_t i = 0; i < 3; i++)
		if (s->exception_stops & kinds[i].bit)
			fprintf(out, " %s", kinds[i].name);
	fprintf(out, "%s\n", s->exception_stops ? "" : " none");
}

static void travel(struct server *s, char *arguments, FILE *out)
{
	struct umps_error error;
	char *end;
	uint64_t tick = strtoull(arguments, &end, 0);

	if (!*arguments || *end)
		fprintf(out, "name a tick\n");
	else if (umps_travel(s->machine, tick, &error) < 0)
		fprintf(out, "%s\n", error.text);
	else
		fprintf(out, "tick %llu; `maintenance flush register-cache` makes gdb look\n",
			(unsigned long long)umps_ticks(s->machine));
	s->ended = false;
}

static void reset(struct server *s, char *arguments, FILE *out)
{
	struct umps_error error;

	if (server_power_on(s, &error) < 0) {
		fprintf(out, "%s\n", error.text);
		s->finished = true;
	} else {
		fprintf(out, "the machine starts again; `maintenance flush register-cache` makes "
			     "gdb look\n");
	}
}

static void help(struct server *s, char *arguments, FILE *out);

static const struct {
	const char *name, *arguments, *summary;
	void (*run)(struct server *s, char *arguments, FILE *out);
} commands[] = {
	{"asid", "[N|current|physical]", "which address space gdb's addresses mean", change_asid},
	{"cpus", "", "all processors", show_cpus},
	{"devices", "", "all devices", show_devices},
	{"fail", "DEVICE", "let the device's operations fail", fail_device},
	{"help", "", "this list", help},
	{"input", "TERMINAL TEXT", "type a line on a terminal", type_line},
	{"repair", "DEVICE", "let them work again", repair_device},
	{"reset", "", "power the machine off and on", reset},
	{"stop-on", "[exceptions] [kernel-refill] [user-refill] [none]",
	 "stop after such exceptions", stop_on},
	{"tape", "TAPE [FILE]", "put a tape in a drive that is rewound, or take it out",
	 change_tape},
	{"ticks", "", "the clock, and since when time is recorded", show_ticks},
	{"tlb", "", "the TLB of the current thread's processor", show_tlb},
	{"travel", "TICK", "go to the state after a recorded tick", travel},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(struct server *s, char *arguments, FILE *out)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "monitor %s %s\n        %s\n", commands[i].name, commands[i].arguments,
			commands[i].summary);
}

void handle_monitor(struct server *s, const char *command)
{
	char line[1024], *arguments, *text = NULL;
	size_t i = 0, length;
	FILE *out = open_memstream(&text, &length);

	if (!out) {
		send_error(s, "out of memory");
		return;
	}
	snprintf(line, sizeof(line) - 1, "%s", command);
	arguments = line + strcspn(line, " ");
	if (*arguments)
		*arguments++ = 0;
	while (i < N_COMMANDS && strcmp(commands[i].name, line))
		i++;
	if (i < N_COMMANDS)
		commands[i].run(s, arguments, out);
	else
		fprintf(out, "there is no command \"%s\"; `monitor help` lists them\n", line);
	fclose(out);
	send_console(s, text, length);
	free(text);
	send_text(s, "OK");
}
