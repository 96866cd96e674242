/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all devices have in common: a command is given, some time passes, an interrupt tells that it
 * is done and how it went. A terminal counts as two devices, because its halves work independently.
 */
#ifndef PIAZZA_DEVICE_H
#define PIAZZA_DEVICE_H

#include <stdbool.h>
#include <umps/arch.h>
#include <umps/types.h>

#include "semaphore.h"

/* Device classes are called by their interrupt line; transmitters of terminals get one more. */
#define TRANSMITTER	    N_IL
#define DEVICE_CODE(status) ((status)&0x7F)
#define DEVICE_READY	    1

bool device_present(int line, int number);
volatile dtpreg_t *device_registers(int line, int number);

/*
 * Gives the command and waits until it is done; the status then. One process at a time: between
 * device_take() and device_release().
 */
void device_take(int line, int number);
unsigned int device_run(int line, int number, unsigned int command);
void device_release(int line, int number);

void device_start(void); /* once */
void device_interrupt(int line, int number);

/* Given when a network adapter has frames to read. */
extern struct semaphore device_frame_arrived;

#endif
