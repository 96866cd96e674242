/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls: what they are is in common/system_calls.h. Arguments are in the saved registers of
 * the calling process, the result goes there too.
 */
#include <umps/const.h>
#include <umps/libumps.h>

#include "clock.h"
#include "network.h"
#include "pager.h"
#include "program.h"
#include "terminal.h"
#include "trap.h"

#define CHUNK	       128
#define MAX_SEMAPHORES 16

/* Semaphores of programs; owner 0: free. They go with the process that made them. */
static struct {
	int owner;
	struct semaphore semaphore;
} semaphores[MAX_SEMAPHORES];

static unsigned int call_write(unsigned int address, unsigned int length)
{
	char chunk[CHUNK];
	unsigned int done, part;

	for (done = 0; done < length; done += part) {
		part = MIN(length - done, CHUNK);
		pager_copy_in(chunk, address + done, part);
		terminal_write(current->terminal, chunk, part);
	}
	return length;
}

static unsigned int call_read(unsigned int address, unsigned int size)
{
	char line[CHUNK];
	int length = terminal_read(current->terminal, line, MIN(size, CHUNK));

	pager_copy_out(address, line, length);
	return length;
}

/* A text of the process, cut to fit. */
static void copy_text(char *to, unsigned int from, int size)
{
	int i;

	for (i = 0; i < size - 1; i++) {
		pager_copy_in(&to[i], from + i, 1);
		if (!to[i])
			return;
	}
	to[i] = 0;
}

static unsigned int call_spawn(unsigned int name_address, unsigned int argument_address)
{
	char name[NAME_SIZE], argument[ARGUMENT_SIZE];
	struct process *process;

	copy_text(name, name_address, sizeof(name));
	copy_text(argument, argument_address, sizeof(argument));
	process = process_spawn(name, argument, current->terminal, current->number);
	return process ? (unsigned int)process->number : FAILED;
}

static unsigned int call_wait(int number)
{
	struct process *process;

	for (process = processes; process < processes + MAX_PROCESSES; process++) {
		if (process->state == PROCESS_FREE || process->number != number ||
		    process->parent != current->number)
			continue;
		semaphore_take(&process->ended);
		return 0;
	}
	return FAILED;
}

static unsigned int call_argument(unsigned int address, unsigned int size)
{
	unsigned int length = text_length(current->argument);

	if (size == 0)
		return FAILED;
	length = MIN(length, size - 1);
	pager_copy_out(address, current->argument, length);
	pager_copy_out(address + length, "", 1);
	return length;
}

static unsigned int call_semaphore(int value)
{
	int i;

	for (i = 0; i < MAX_SEMAPHORES && semaphores[i].owner; i++)
		;
	if (i == MAX_SEMAPHORES || value < 0)
		return FAILED;
	semaphores[i].owner = current->number;
	semaphores[i].semaphore.value = value;
	return i;
}

static unsigned int call_use_semaphore(unsigned int number, bool take)
{
	if (number >= MAX_SEMAPHORES || !semaphores[number].owner)
		return FAILED;
	if (take)
		semaphore_take(&semaphores[number].semaphore);
	else
		semaphore_give(&semaphores[number].semaphore);
	return 0;
}

void system_call_release(int process)
{
	int i;

	for (i = 0; i < MAX_SEMAPHORES; i++) {
		if (semaphores[i].owner != process)
			continue;
		semaphores[i].owner = 0;
		while (semaphores[i].semaphore.waiting.first)
			semaphore_give(&semaphores[i].semaphore);
	}
}

static unsigned int call_process(unsigned int slot, unsigned int address)
{
	static const char *const states[] = {"", "ready", "running", "waiting", "sleeping"};
	struct process_info info = {0};
	struct process *process = &processes[slot];

	if (slot >= MAX_PROCESSES || process->state == PROCESS_FREE)
		return 0;
	info.number = process->number;
	info.parent = process->parent;
	info.terminal = process->terminal;
	format(info.name, sizeof(info.name), "%s", process->name);
	format(info.state, sizeof(info.state), "%s", states[process->state]);
	info.microseconds = process->microseconds;
	info.resident = pager_resident(process);
	pager_copy_out(address, &info, sizeof(info));
	return 1;
}

static unsigned int call_program(int slot, unsigned int address)
{
	const char *name = program_name(slot);

	if (!name)
		return 0;
	pager_copy_out(address, name, NAME_SIZE);
	return 1;
}

static unsigned int call_memory(unsigned int address)
{
	struct memory_info info;

	pager_statistics(&info);
	pager_copy_out(address, &info, sizeof(info));
	return 0;
}

static unsigned int call_network(unsigned int address, unsigned int ip)
{
	struct network_info info;

	if (ip)
		network_set_address(ip);
	network_information(&info);
	pager_copy_out(address, &info, sizeof(info));
	return 0;
}

static unsigned int call_ping(unsigned int ip, unsigned int address)
{
	unsigned int microseconds;

	if (!network_ping(ip, &microseconds))
		return FAILED;
	pager_copy_out(address, &microseconds, sizeof(microseconds));
	return 0;
}

static unsigned int serve(unsigned int number, unsigned int a1, unsigned int a2)
{
	switch (number) {
	case CALL_EXIT:
		process_end(NULL);
		return 0;
	case CALL_WRITE:
		return call_write(a1, a2);
	case CALL_READ:
		return call_read(a1, a2);
	case CALL_SPAWN:
		return call_spawn(a1, a2);
	case CALL_WAIT:
		return call_wait(a1);
	case CALL_ARGUMENT:
		return call_argument(a1, a2);
	case CALL_TIME:
		return clock_microseconds();
	case CALL_SLEEP:
		clock_sleep(a1);
		return 0;
	case CALL_SEMAPHORE:
		return call_semaphore(a1);
	case CALL_P:
	case CALL_V:
		return call_use_semaphore(a1, number == CALL_P);
	case CALL_PROCESS:
		return call_process(a1, a2);
	case CALL_PROGRAM:
		return call_program(a1, a2);
	case CALL_MEMORY:
		return call_memory(a1);
	case CALL_NETWORK:
		return call_network(a1, a2);
	case CALL_PING:
		return call_ping(a1, a2);
	case CALL_HALT:
		HALT();
	}
	process_end("it made a system call that does not exist");
	return 0;
}

void system_call(void)
{
	state_t *user = &current->user;

	user->reg_v0 = serve(user->reg_a0, user->reg_a1, user->reg_a2);
}
