/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shell: a line is one of its own commands, or the name of a program and an argument. With "&"
 * at the end it does not wait for the program.
 */
#include <umps/libumps.h>

#include "program.h"

static void help(const char *rest);

static void programs(const char *rest)
{
	char name[NAME_SIZE];
	int slot;

	for (slot = 0; SYSCALL(CALL_PROGRAM, slot, (unsigned int)name, 0); slot++)
		print("%s\n", name);
}

static void processes(const char *rest)
{
	struct process_info info;
	int slot;

	print("number parent terminal state    pages ms  name\n");
	for (slot = 0; slot < 64; slot++)
		if (SYSCALL(CALL_PROCESS, slot, (unsigned int)&info, 0))
			print("%6d %6d %8d %-8s %5d %3u %s\n", info.number, info.parent,
			      info.terminal, info.state, info.resident, info.microseconds / 1000,
			      info.name);
}

static void memory(const char *rest)
{
	struct memory_info info;

	SYSCALL(CALL_MEMORY, (unsigned int)&info, 0, 0);
	print("%d frames, %d free; %u faults, %u pages in, %u pages out\n", info.frames,
	      info.free_frames, info.faults, info.page_ins, info.page_outs);
}

static void print_address(unsigned int address)
{
	print("%u.%u.%u.%u", address >> 24, address >> 16 & 0xFF, address >> 8 & 0xFF,
	      address & 0xFF);
}

/* The address at *TEXT, like 10.0.0.1; 0 if there is none. */
static unsigned int parse_address(const char **text)
{
	unsigned int address = 0;
	int i;

	for (i = 0; i < 4; i++) {
		if (**text < '0' || **text > '9')
			return 0;
		address = address << 8 | (parse_number(text) & 0xFF);
		if (i < 3 && *(*text)++ != '.')
			return 0;
	}
	return address;
}

static void network(const char *rest)
{
	struct network_info info;
	unsigned int address = parse_address(&rest);

	SYSCALL(CALL_NETWORK, (unsigned int)&info, address, 0);
	if (!info.present) {
		print("There is no network adapter 0.\n");
		return;
	}
	print_address(info.address);
	print(" at %02x:%02x:%02x:%02x:%02x:%02x, %u frames received, %u sent, %u pings answered\n",
	      info.mac[0], info.mac[1], info.mac[2], info.mac[3], info.mac[4], info.mac[5],
	      info.received, info.sent, info.answered);
}

static void ping(const char *rest)
{
	unsigned int address = parse_address(&rest), time;
	int count = parse_number(&rest), i;

	if (!address) {
		print("Which address? Say for example: ping 10.0.0.1 3\n");
		return;
	}
	for (i = 0; i < (count ? count : 1); i++) {
		if (SYSCALL(CALL_PING, address, (unsigned int)&time, 0) == 0) {
			print("answer from ");
			print_address(address);
			print(" in %u us\n", time);
		} else {
			print("no answer from ");
			print_address(address);
			print("\n");
		}
	}
}

static void halt(const char *rest)
{
	SYSCALL(CALL_HALT, 0, 0, 0);
}

static const struct command {
	const char *name, *what;
	void (*run)(const char *rest);
} commands[] = {
	{"help", "what there is", help},
	{"programs", "what can be started", programs},
	{"processes", "who is running", processes},
	{"memory", "what the pager has done", memory},
	{"network", "the machine's address; with an address: change it", network},
	{"ping", "ADDRESS [COUNT]: ask another machine for an answer", ping},
	{"halt", "stop the machine", halt},
};
#define N_COMMANDS ((int)(sizeof(commands) / sizeof(*commands)))

static void help(const char *rest)
{
	int i;

	for (i = 0; i < N_COMMANDS; i++)
		print("%-10s %s\n", commands[i].name, commands[i].what);
	print("Anything else is the name of a program and its argument; \"&\" at the end starts it "
	      "beside.\n");
}

static void run_program(const char *name, char *rest)
{
	int length = text_length(rest), process;
	bool beside = length > 0 && rest[length - 1] == '&';

	if (beside)
		rest[length - 1] = 0;
	process = spawn(name, rest);
	if (process < 0)
		print("%s: there is no such command or program, or no room for it; try help\n",
		      name);
	else if (beside)
		print("%s is process %d\n", name, process);
	else
		wait_for(process);
}

static void run_line(char *line)
{
	char *rest = line;
	int i;

	while (*rest && *rest != ' ')
		rest++;
	while (*rest == ' ')
		*rest++ = 0;
	if (!*line)
		return;
	for (i = 0; i < N_COMMANDS; i++) {
		if (text_equal(commands[i].name, line)) {
			commands[i].run(rest);
			return;
		}
	}
	run_program(line, rest);
}

int main(void)
{
	char line[100];

	print("Piazza, a small operating system. Say help to see what it does.\n");
	for (;;) {
		print("> ");
		if (read_line(line, sizeof(line)) < 0)
			return 0;
		run_line(line);
	}
}
