/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Constants and small macros that kernels written in C use.
 */
#ifndef UMPS_CONST_H
#define UMPS_CONST_H

#define PAGESIZE 4096
#define WORDLEN	 4

#define RAMBASEADDR   0x10000000
#define TODLOADDR     0x1000001C
#define INTERVALTMR   0x10000020
#define TIMESCALEADDR 0x10000024

#define TRUE   1
#define FALSE  0
#define HIDDEN static
#define EOS    '\0'
#define NULL   ((void *)0)

/* Interrupt lines of the device classes. */
#define DISKINT	 3
#define FLASHINT 4
#define NETWINT	 5
#define PRNTINT	 6
#define TERMINT	 7

#define DEVINTNUM  5
#define DEVPERINT  8
#define DEVREGLEN  4
#define DEVREGSIZE 16

/* Word numbers of the registers of a device, and of a terminal. */
#define STATUS	    0
#define COMMAND	    1
#define DATA0	    2
#define DATA1	    3
#define RECVSTATUS  0
#define RECVCOMMAND 1
#define TRANSTATUS  2
#define TRANCOMMAND 3

/* Status codes and commands common to all devices. */
#define UNINSTALLED 0
#define READY	    1
#define BUSY	    3
#define RESET	    0
#define ACK	    1

/* Memory. */
#define KSEG0	     0x00000000
#define KSEG1	     0x20000000
#define KSEG2	     0x40000000
#define KUSEG	     0x80000000
#define RAMSTART     0x20000000
#define BIOSDATAPAGE 0x0FFFF000

#define MIN(A, B)  ((A) < (B) ? (A) : (B))
#define MAX(A, B)  ((A) > (B) ? (A) : (B))
#define ALIGNED(A) (((unsigned)(A)&0x3) == 0)

/*
 * LDIT(T) starts the interval timer for T microseconds; STCK(T) reads the time of day, in
 * microseconds, into T. The kernel defines the type cpu_t, an integer of one word.
 */
#define LDIT(T) ((*((volatile cpu_t *)INTERVALTMR)) = (T) * (*((volatile cpu_t *)TIMESCALEADDR)))
#define STCK(T) ((T) = ((*((volatile cpu_t *)TODLOADDR)) / (*((volatile cpu_t *)TIMESCALEADDR))))

#endif
