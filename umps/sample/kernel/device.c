/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands and completions of devices.
 */
#include <umps/const.h>

#include "device.h"
#include "process.h"

#define READ_PENDING 0x80 /* in the status of a network adapter */

struct device {
	struct semaphore free, done;
	unsigned int status;
	bool running; /* a command whose completion somebody waits for */
};

struct semaphore device_frame_arrived;

static struct device devices[TRANSMITTER - DEV_IL_START + 1][N_DEV_PER_IL];

static struct device *find(int line, int number)
{
	return &devices[line - DEV_IL_START][number];
}

void device_start(void)
{
	int line, number;

	for (line = DEV_IL_START; line <= TRANSMITTER; line++)
		for (number = 0; number < N_DEV_PER_IL; number++)
			find(line, number)->free.value = 1;
}

bool device_present(int line, int number)
{
	return *(volatile unsigned int *)IDEV_BITMAP_ADDR(line) >> number & 1;
}

volatile dtpreg_t *device_registers(int line, int number)
{
	return (volatile dtpreg_t *)DEV_REG_ADDR(line, number);
}

static volatile termreg_t *terminal_registers(int number)
{
	return (volatile termreg_t *)DEV_REG_ADDR(IL_TERMINAL, number);
}

void device_take(int line, int number)
{
	semaphore_take(&find(line, number)->free);
}

void device_release(int line, int number)
{
	semaphore_give(&find(line, number)->free);
}

unsigned int device_run(int line, int number, unsigned int command)
{
	struct device *device = find(line, number);

	device->running = true;
	if (line == TRANSMITTER)
		terminal_registers(number)->transm_command = command;
	else if (line == IL_TERMINAL)
		terminal_registers(number)->recv_command = command;
	else
		device_registers(line, number)->command = command;
	semaphore_take(&device->done);
	return device->status;
}

static void completed(struct device *device, unsigned int status)
{
	if (!device->running)
		return;
	device->running = false;
	device->status = status;
	semaphore_give(&device->done);
}

/* Has this half of a terminal something to tell? */
static bool half_completed(unsigned int status)
{
	status &= 0xFF;
	return status != READY && status != BUSY;
}

static void terminal_interrupt(int number)
{
	volatile termreg_t *terminal = terminal_registers(number);
	unsigned int status = terminal->transm_status;

	if (half_completed(status)) {
		terminal->transm_command = ACK;
		completed(find(TRANSMITTER, number), status);
	}
	status = terminal->recv_status;
	if (half_completed(status)) {
		terminal->recv_command = ACK;
		completed(find(IL_TERMINAL, number), status);
	}
}

void device_interrupt(int line, int number)
{
	unsigned int status;

	if (line == IL_TERMINAL) {
		terminal_interrupt(number);
		return;
	}
	status = device_registers(line, number)->status;
	device_registers(line, number)->command = ACK;
	completed(find(line, number), status);
	if (line == IL_ETHERNET && status & READ_PENDING && device_frame_arrived.value == 0)
		semaphore_give(&device_frame_arrived);
}
