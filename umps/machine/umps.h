/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libumps: a uMPS3 machine as a library.
 *
 * One `struct umps` is one powered-on machine: processors, RAM, bus and devices. It does nothing by
 * itself; time passes inside umps_run() only, in ticks: in one tick the bus clock advances by one
 * and then every processor, in order of number, executes one instruction. The library never prints,
 * never exits and starts no threads; one thread at a time may use a machine, except for
 * umps_interrupt(), which any thread or signal handler may call. Sections are those of
 * docs/umps-machine.md.
 *
 * Errors are returned as 0 / -1 (or NULL), with one sentence in a struct umps_error that the caller
 * may pass as NULL. Words are guest words: 32 bits, little endian.
 *
 * Stable: everything in this file. What other files of this folder declare is private to the
 * machine.
 */
#ifndef UMPS_MACHINE_UMPS_H
#define UMPS_MACHINE_UMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UMPS_MAX_CPUS 16
#define UMPS_MAX_TLB  64
#define UMPS_PAGE     4096u
#define UMPS_RAM_BASE 0x20000000u
#define UMPS_ASID_PHYS                                                                             \
	64 /* the "address space" of physical addresses in stop points and symbol tables */

/* Interrupt lines that have devices, 8 each; device classes are named by their line. */
#define UMPS_FIRST_LINE 3
#define UMPS_N_LINES	5
#define UMPS_N_DEVICES	8
enum umps_line {
	UMPS_DISK = 3,
	UMPS_FLASH,
	UMPS_TAPE = UMPS_FLASH,
	UMPS_NETWORK,
	UMPS_PRINTER,
	UMPS_TERMINAL
};

struct umps;

struct umps_error {
	char text[512]; /* one sentence, no newline */
};

/* ---- machine files (section 15) */

struct umps_device_config {
	bool enabled;
	char *file; /* as written in the file; NULL or "" means no device */
	bool has_address;
	uint8_t address[6]; /* network only */
};

/* The machines of the family (section 17). */
enum umps_machine { UMPS_3, UMPS_2 };
bool umps_machine_from_name(const char *name, enum umps_machine *machine);
const char *umps_machine_name(enum umps_machine machine);

struct umps_config {
	enum umps_machine machine;
	char *directory; /* relative file names start here */
	int processors, clock_rate, tlb_size, ram_frames;
	uint32_t tlb_floor; /* 0 means the end of RAM */
	bool load_core;
	char *core_file;		     /* .core.umps, or an ELF executable */
	char *bootstrap_rom, *execution_rom; /* NULL: built in */
	char *symbol_file;		     /* NULL: none */
	int symbol_asid;
	struct umps_device_config devices[UMPS_N_LINES]
					 [UMPS_N_DEVICES]; /* [line - UMPS_FIRST_LINE] */
};

/* Defaults of section 15, no devices, no symbol table. Freed by umps_config_free(). NULL: no memory.
 */
struct umps_config *umps_config_new(void);
/* Reads a machine file. NULL and a sentence naming file and field on errors. */
struct umps_config *umps_config_read(const char *path, struct umps_error *error);
/* The same for a file that does not tell which machine it is for: MACHINE (umps3 above). */
struct umps_config *umps_config_read_for(const char *path, const enum umps_machine *machine,
					 struct umps_error *error);
/* Writes a machine file, keys in alphabetical order, indented by 4. Replaces the file atomically.
 */
int umps_config_write(const struct umps_config *config, const char *path, struct umps_error *error);
void umps_config_free(struct umps_config *config);
/* NAME as a path that can be opened from anywhere; malloc'ed; NULL: no memory. */
char *umps_config_path(const struct umps_config *config, const char *name);

/* ---- power */

enum umps_engine { UMPS_INTERPRETER, UMPS_TRANSLATOR };

/* What the machine tells its host while it runs; every function may be NULL. They must not call
 * umps_run(). */
struct umps_host {
	void *context;
	/* a character left terminal NUMBER's transmitter, or printer NUMBER */
	void (*terminal_output)(void *context, int number, uint8_t character);
	void (*printer_output)(void *context, int number, uint8_t character);
	/* terminal NUMBER's receiver waits for input and its queue is empty (told once per wait) */
	void (*terminal_starved)(void *context, int number);
	/* something the user should read: a backing file that cannot be written, a lost link */
	void (*warning)(void *context, const char *sentence);
};

/*
 * Powers a machine on: loads ROMs and RAM, opens backing files and links, resets processor 0. The
 * configuration is copied. HOST may be NULL. NULL and a sentence on errors; nothing is left open or
 * changed then.
 */
struct umps *umps_create(const struct umps_config *config, const struct umps_host *host,
			 struct umps_error *error);
/* Powers it off: flushes and closes everything. NULL is allowed. */
void umps_destroy(struct umps *machine);

const struct umps_config *umps_get_config(const struct umps *machine);
/* May be changed at any time; results do not depend on it. -1: the host cannot run translated code.
 */
int umps_set_engine(struct umps *machine, enum umps_engine engine);
enum umps_engine umps_get_engine(const struct umps *machine);

/* ---- running */

enum umps_stop_reason {
	UMPS_STOP_LIMIT,    /* the tick asked for was reached */
	UMPS_STOP_POWEROFF, /* the guest wrote the power register; running again does nothing */
	UMPS_STOP_HALT,	    /* at rest, and a processor is in the endless loop of the ROM's HALT */
	UMPS_STOP_PANIC,    /* at rest, and one is in that of the ROM's panic routine */
	UMPS_STOP_DEAD,	    /* at rest without either: each processor is halted, in an endless empty
			   loop that no interrupt can end, or waits for what cannot come */
	UMPS_STOP_IDLE, /* asked for by UMPS_RUN_IDLE_STOPS: no processor has anything to do before
			   wake */
	UMPS_STOP_REQUEST,    /* umps_interrupt() */
	UMPS_STOP_BREAKPOINT, /* before the instruction at a breakpoint */
	UMPS_STOP_SUSPECT,    /* after the instruction that accessed a watched range */
	UMPS_STOP_EXCEPTION,  /* after an exception of umps_set_exception_stops() was entered */
	UMPS_STOP_MEMORY,     /* the host had no memory for what the guest did: it cannot go on */
};

struct umps_stop {
	enum umps_stop_reason reason;
	int cpu;	  /* the processor that caused it, when there is one */
	int id;		  /* breakpoint or suspect */
	uint32_t address; /* accessed by a suspect; EPC of an exception */
	bool write;	  /* the suspect's access */
	uint32_t code; /* exception code, 0..12; UMPS_REFILL is added for the TLB-refill vector */
	uint64_t wake; /* UMPS_STOP_IDLE: the tick of the next thing to happen, UINT64_MAX for never
			*/
};
#define UMPS_REFILL 0x100u

#define UMPS_RUN_IDLE_STOPS 1u /* stop when idle rather than jump to the next event */

/*
 * At rest: no processor can go on, and no event is pending (a device's operation, a message, the
 * reset of a processor, power off). A machine that a processor halted is at rest, too, when the
 * others go on but nothing has happened for 200 ms of its time. Running it again does nothing.
 *
 * Runs until tick UNTIL has been executed or a stop condition holds; UNTIL at or before
 * umps_ticks() runs nothing. A breakpoint at the place where the run starts does not stop it; one
 * at the place where the limit ends it is reported, so running in slices misses none. Jumps over
 * time in which all processors are idle, with the same result as stepping.
 */
struct umps_stop umps_run(struct umps *machine, uint64_t until, unsigned flags);
/* Ticks executed since power on (the TOD clock). */
uint64_t umps_ticks(const struct umps *machine);
/* Makes the current or next umps_run() stop soon. Async-signal-safe. */
void umps_interrupt(struct umps *machine);
/* Are all processors halted or waiting? */
bool umps_is_idle(const struct umps *machine);
/* Is the machine waiting for terminal input that has not come? */
bool umps_is_starved(const struct umps *machine);
/* Instructions executed by a processor since power on (waiting cycles do not count). */
uint64_t umps_instructions(const struct umps *machine, int cpu);

/* ---- processors */

enum umps_cpu_state { UMPS_CPU_HALTED, UMPS_CPU_RUNNING, UMPS_CPU_WAITING };

/* Registers by number: 0..31 general, then these. The general ones include a pending delayed load.
 */
enum umps_register {
	UMPS_REG_HI = 32,
	UMPS_REG_LO,
	UMPS_REG_PC,	  /* next instruction to execute; writing leaves any delay slot */
	UMPS_REG_NEXT_PC, /* the one after; differs from PC + 4 in a branch delay slot; read only */
	UMPS_REG_CP0 = 64 /* + number of the CP0 register, section 4 */
};

int umps_cpus(const struct umps *machine);
enum umps_cpu_state umps_cpu_state(const struct umps *machine, int cpu);
bool umps_in_delay_slot(const struct umps *machine, int cpu);
bool umps_load_pending(const struct umps *machine, int cpu);
uint32_t umps_get_register(const struct umps *machine, int cpu, int reg);
/* -1: no such register, or read only. CP0 Cause, EPC, BadVAddr and Random can be written here. */
int umps_set_register(struct umps *machine, int cpu, int reg, uint32_t value);

/* An exception that a processor took. */
struct umps_exception {
	uint64_t tick;
	uint32_t code; /* as in struct umps_stop */
	uint32_t epc;
	uint32_t bad_vaddr;	   /* meaningful with codes 1 to 5 */
	uint32_t status, entry_hi; /* afterwards: bit 3 of Status tells who was interrupted */
	uint32_t service;	   /* register a0, which names the service of a BREAK */
	uint32_t caller;	   /* register ra */
	uint32_t cause;
};
/*
 * The last exception that CPU took, or the last that is neither interrupt, SYSCALL, BREAK nor TLB
 * refill (FAULT). False if there was none since power on.
 */
bool umps_last_exception(const struct umps *machine, int cpu, bool fault,
			 struct umps_exception *exception);
/* How many exceptions of CODE, 0 to 12, CPU took; with UMPS_REFILL only TLB refills are counted. */
uint64_t umps_exceptions(const struct umps *machine, int cpu, uint32_t code);

int umps_tlb_size(const struct umps *machine);
int umps_get_tlb(const struct umps *machine, int cpu, int index, uint32_t *hi, uint32_t *lo);
int umps_set_tlb(struct umps *machine, int cpu, int index, uint32_t hi, uint32_t lo);
/* Conventional names: "v0", "HI", "Status"...; NULL when REG does not exist. */
const char *umps_register_name(int reg);

/* ---- memory; returns bytes moved, which is less than LENGTH at the first byte that is not there
 */

/*
 * Physical addresses. Reading device registers has no side effects; writing them acts as the
 * guest's store does (whole aligned words only). ROM can be written by the host.
 */
size_t umps_read_physical(const struct umps *machine, uint32_t address, void *data, size_t length);
size_t umps_write_physical(struct umps *machine, uint32_t address, const void *data, size_t length);
/*
 * Virtual addresses, as CPU sees them in kernel mode now: through its TLB where it translates,
 * with address space ASID (-1: the current EntryHi). D bits are ignored.
 */
size_t umps_read_virtual(const struct umps *machine, int cpu, int asid, uint32_t address,
			 void *data, size_t length);
size_t umps_write_virtual(struct umps *machine, int cpu, int asid, uint32_t address,
			  const void *data, size_t length);
/* False when no TLB entry (or no memory) maps the address. */
bool umps_translate(const struct umps *machine, int cpu, int asid, uint32_t address,
		    uint32_t *physical);
/* Sizes for those who draw the map. */
uint32_t umps_ram_size(const struct umps *machine);
/* Addresses from here on belong to address spaces; those below are the same in all. */
uint32_t umps_tlb_floor(const struct umps *machine);

/* ---- stop points (section 16.3) */

enum umps_stop_point_kind { UMPS_BREAKPOINT, UMPS_SUSPECT };

struct umps_stop_point {
	int id; /* given by umps_add_stop_point(), never reused */
	enum umps_stop_point_kind kind;
	bool enabled;
	int asid; /* 0..63: virtual addresses while EntryHi.ASID is equal; UMPS_ASID_PHYS: physical
		     addresses; -1: virtual addresses in any address space */
	uint32_t first, last;	/* bytes, inclusive; a breakpoint has first == last */
	bool on_read, on_write; /* suspects only */
};

/* -1 when a point of the same kind overlaps; otherwise its id. */
int umps_add_stop_point(struct umps *machine, const struct umps_stop_point *point,
			struct umps_error *error);
int umps_remove_stop_point(struct umps *machine, int id);
int umps_enable_stop_point(struct umps *machine, int id, bool enabled);
/* Stop point number INDEX (0..) in order of ids; false past the end. */
bool umps_get_stop_point(const struct umps *machine, int index, struct umps_stop_point *point);

#define UMPS_STOPS_EXCEPTION	 8u  /* all but TLB refill */
#define UMPS_STOPS_KERNEL_REFILL 16u /* refill for an address below 0x80000000 */
#define UMPS_STOPS_USER_REFILL	 32u
void umps_set_exception_stops(struct umps *machine, unsigned mask);

/* ---- devices */

struct umps_device {
	enum umps_line line;
	int number;
	bool installed;
	bool failing; /* the "hardware failure" switch */
	uint32_t registers[4];
	uint64_t completes[2]; /* tick at which a busy (sub-)device completes, 0: not busy; [1]:
				  transmitter */
	char status[64];       /* in words */
};
/* What line 4 has: "flash" or "tape"; the names of the others are the same in all machines. */
const char *umps_device_class(const struct umps *machine, enum umps_line line);
/* Where its first register is. */
uint32_t umps_device_address(const struct umps *machine, enum umps_line line, int number);
void umps_get_device(const struct umps *machine, enum umps_line line, int number,
		     struct umps_device *device);
/* Fault injection: while set, operations end with the device's error code. */
int umps_set_failing(struct umps *machine, enum umps_line line, int number, bool failing);
/*
 * Queues input on a terminal; a newline is what ends a line for guests. Guests see characters no
 * earlier than the next tick. -1: no such terminal, or no memory; nothing was queued then.
 */
int umps_terminal_input(struct umps *machine, int number, const void *text, size_t length);
/*
 * Puts the tape in file PATH in drive NUMBER, in place of the one that is there (NULL: none). The
 * drive must be idle and rewound.
 */
int umps_change_tape(struct umps *machine, int number, const char *path, struct umps_error *error);
/* Looks for frames on the links of network devices, which is also done while running. */
void umps_poll_network(struct umps *machine);
/* File descriptors to wait for on behalf of network devices; returns how many there are. */
int umps_network_fds(const struct umps *machine, int *fds, int max);

/* ---- observers: called while running, in order of the things they tell; slow engines are used as
 * needed */

struct umps_observer {
	void *context;
	/* before each instruction: PC, and the word fetched */
	void (*instruction)(void *context, int cpu, uint32_t pc, uint32_t word);
	/* after an exception was entered; code as in struct umps_stop */
	void (*exception)(void *context, int cpu, uint32_t code, uint32_t epc);
	/* the guest wrote a device register: line, device number, register 0..3 */
	void (*device_command)(void *context, enum umps_line line, int number, int reg,
			       uint32_t value);
	/* a device finished: sub is 1 for a terminal's transmitter, otherwise 0 */
	void (*device_done)(void *context, enum umps_line line, int number, int sub,
			    uint32_t status);
};
/* NULL removes it. Observers are not called while time is replayed. */
void umps_observe(struct umps *machine, const struct umps_observer *observer);

/* ---- symbol tables (section 12.4) */

struct umps_symbol {
	const char *name;
	uint32_t start, size;
	bool function;
};
/* The symbol whose range holds ADDRESS in address space ASID (64: physical or below the TLB floor),
 * or NULL. */
const struct umps_symbol *umps_symbol_at(const struct umps *machine, int asid, uint32_t address);
const struct umps_symbol *umps_symbol_named(const struct umps *machine, const char *name);
/* Symbol number INDEX (0..), functions first and by address; NULL past the end. */
const struct umps_symbol *umps_symbol(const struct umps *machine, int index);
/* The address space the table belongs to. */
int umps_symbol_asid(const struct umps *machine);

/* ---- time travel */

/*
 * The complete state of the machine: processors, memory, devices, events; not the contents of disk
 * and flash images. Two machines are in the same state exactly when these bytes are equal.
 * Malloc'ed; NULL: no memory.
 */
void *umps_snapshot(const struct umps *machine, size_t *length);
/* Restores one taken from a machine of the same shape (processors, RAM, TLB, devices, ROM sizes).
 */
int umps_restore(struct umps *machine, const void *snapshot, size_t length,
		 struct umps_error *error);

/*
 * Starts to remember the way: from now on input is logged and checkpoints are kept, disk and flash
 * contents included, so that time can be reversed by running again from a checkpoint with the same
 * input and nothing visible outside. If memory runs out later, what cannot be kept is forgotten:
 * the recording starts over, or ends with a warning.
 */
int umps_record(struct umps *machine, struct umps_error *error);
/*
 * Puts the machine in the state after tick TICK, which must lie between the start of recording and
 * now, with the input that was given there.
 */
int umps_travel(struct umps *machine, uint64_t tick, struct umps_error *error);
/*
 * Goes back to the last breakpoint or suspect that was hit before now (or the start of the
 * recording: UMPS_STOP_LIMIT).
 */
struct umps_stop umps_reverse(struct umps *machine, struct umps_error *error);
/* First tick that can be travelled to; UINT64_MAX when not recording. */
uint64_t umps_recorded_since(const struct umps *machine);

#endif
