/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the machine share: its state, and who owns which part of it. "Section N" in
 * comments means docs/umps-machine.md, which describes the machine.
 *
 *   machine.c      the passing of time                  event.c      what happens at which tick
 *   rest.c         when a run is over
 *   power.c config.c image.c symbols.c                  on and off, and the files for it
 *   interpreter.c  one instruction (reference)          ../translator  the same, faster
 *   exception.c    exception entry                      cp0.c        coprocessor 0 registers
 *   variant.c      the machines of the family, as a table
 *   mmu.c          addresses, TLB, access to memory     bus.c        physical map, bus registers
 *   interrupt.c    lines, routing, messages             device.c     registers common to devices
 *   terminal.c printer.c disk.c flash.c tape.c network.c   block.c      images of disks and flashes
 *   stop_point.c   breakpoints and suspects             snapshot.c record.c   time travel
 *   inspect.c      what the outside sees and changes    access.h     loads and stores of both
 * engines
 *
 * Time: `tod` is the tick whose instructions were executed last, or are being executed. Things that
 * depend on time (timers, Random) are kept as a value and the moment it was true, never counted
 * down.
 */
#ifndef UMPS_MACHINE_MACHINE_H
#define UMPS_MACHINE_MACHINE_H

#include <signal.h>
#include <string.h>

#include "umps/machine/error.h"
#include "umps/machine/umps.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define NEVER UINT64_MAX

#define BIOS_DATA_BASE 0x0FFFF000u
#define REGISTER_BASE  0x10000000u
#define REGISTER_END   0x10000518u
#define BOOT_ROM_BASE  0x1FC00000u
#define KUSEG_BASE     0x80000000u
#define MAX_ROM_BYTES  0x100000u

enum exception_code {
	EXC_INT,
	EXC_MOD,
	EXC_TLBL,
	EXC_TLBS,
	EXC_ADEL,
	EXC_ADES,
	EXC_DBE, /* 6 for data and 7 for fetches, the other way round than MIPS (section 6) */
	EXC_IBE,
	EXC_SYS,
	EXC_BP,
	EXC_RI,
	EXC_CPU,
	EXC_OV,
	N_EXCEPTIONS
};

enum cp0_register {
	CP0_INDEX = 0,
	CP0_RANDOM = 1,
	CP0_ENTRYLO = 2,
	CP0_TLBCLR = 4, /* not a register: MTC0 to it clears the TLB */
	CP0_BADVADDR = 8,
	CP0_TIMER = 9,
	CP0_ENTRYHI = 10,
	CP0_STATUS = 12,
	CP0_CAUSE = 13,
	CP0_EPC = 14,
	CP0_PRID = 15
};

#define STATUS_IEC	 0x00000001u
#define STATUS_KUC	 0x00000002u
#define STATUS_IM	 0x0000FF00u
#define STATUS_BEV	 0x00400000u
#define STATUS_VMC	 0x01000000u /* with the two above it: not in uMPS3 */
#define STATUS_VMP	 0x02000000u
#define STATUS_TE	 0x08000000u
#define STATUS_CU0	 0x10000000u
#define STATUS_WRITABLE	 0x1F40FF3Fu
#define STATUS_RESET	 (STATUS_CU0 | STATUS_BEV)
#define CAUSE_BD	 0x80000000u
#define CAUSE_IP	 0x0000FF00u
#define ENTRYHI_VPN	 0xFFFFF000u
#define ENTRYHI_ASID	 0x00000FC0u
#define ENTRYHI_WRITABLE 0xFFFFFFC0u
#define ENTRYLO_WRITABLE 0xFFFFFF00u
#define ENTRYLO_PFN	 0xFFFFF000u
#define ENTRYLO_D	 0x00000400u
#define ENTRYLO_V	 0x00000200u
#define ENTRYLO_G	 0x00000100u
#define INDEX_P		 0x80000000u
#define INDEX_SHIFT	 8

/* ---- processors */

/*
 * Translations in use, direct mapped by page number: `read` and `write` hold the virtual page if
 * plain memory is behind it that may be touched so without further checks; `host` + address is
 * where it is. NO_PAGE matches no address, because its low bits are set and the compared address
 * has none.
 */
#define FAST_PAGES 256
#define NO_PAGE	   0x00000800u
struct fast_page {
	uint32_t read, write;
	uintptr_t host;
};

/* What an instruction has produced that the next one may not see yet (section 3.4). */
enum pending_kind { PENDING_NOTHING, PENDING_GENERAL, PENDING_CP0 };

struct cpu {
	/* The translator's code addresses these by offset; general registers come first. */
	uint32_t r[32];
	uint32_t hi, lo;
	uint32_t pc, next_pc;
	uint32_t branch_pc; /* the branch whose delay slot pc is, if in_slot */
	uint32_t pending_value;
	uint8_t in_slot;
	uint8_t pending;
	uint8_t pending_register;
	uint8_t state;	   /* enum umps_cpu_state */
	uint8_t woken;	   /* waiting, but will run again after its next cycle */
	uint8_t interrupt; /* an enabled interrupt is pending */
	uint8_t number;
	uint8_t mode;		/* bit 0: user; = KUc; bit 1: VMc */
	uint8_t last_service;	/* of the last kernel-mode BREAK: tells HALT from PANIC */
	struct fast_page *fast; /* pages[mode] */

	/* from mode: addresses up to direct_last are physical ones, those below lowest are errors */
	uint32_t direct_last, lowest;

	/* the instruction being executed, for exceptions */
	uint32_t this_pc, this_branch;
	uint8_t this_slot;

	/* where instructions come from: the virtual range [fetch_base, +fetch_size) at fetch_host
	 */
	uint32_t fetch_base, fetch_size;
	const uint8_t *fetch_host;

	uint64_t instructions;
	uint64_t loop_next; /* it executes a branch to itself for ever, next when `instructions` is
			       this: rest.c */
	uint64_t random_origin; /* Random had its reset value at this count of instructions */

	/* what it took, for people: no guest sees these */
	uint64_t exceptions[N_EXCEPTIONS], refills[N_EXCEPTIONS];
	struct umps_exception last_exception, last_fault; /* those counted, if any */

	uint32_t index, entry_lo, entry_hi, bad_vaddr, status, cause, epc;
	uint32_t timer;	     /* local timer's value at timer_tick */
	uint64_t timer_tick; /* meaningful while Status.TE is set */
	struct {
		uint32_t hi, lo;
	} tlb[UMPS_MAX_TLB];

	/* this processor's part of the interrupt controller */
	uint16_t tpr;
	uint32_t bios_reserved[2];
	uint8_t device_pending[UMPS_N_LINES]; /* interrupting devices, a bit each */
	struct {
		uint8_t origin, message;
	} inbox[UMPS_MAX_CPUS]; /* oldest first, at most one of each origin */
	uint8_t inbox_length;

	struct umps *machine;
	struct known_jump
		*known_jumps; /* translator: places of indirect jumps, valid for tag jump_tag */
	uint64_t jump_tag, entered_tag; /* the latter with the mode in which code was entered */
	struct fast_page pages[4][FAST_PAGES]; /* [mode] */
};

/* ---- events */

enum event_kind { EVENT_DEVICE, EVENT_MESSAGE, EVENT_RESET_CPU, EVENT_HALT_CPU, EVENT_POWER_OFF };

struct event {
	uint64_t tick;
	uint8_t kind;
	uint8_t a, b, c; /* device: line, number, sub-device; message: origin, recipient, message;
			    else cpu */
	uint32_t pad;
};

/* ---- devices */

enum device_status { STATUS_NONE, STATUS_READY, STATUS_ILLEGAL, STATUS_BUSY };

struct frame {
	uint16_t length;
	uint8_t bytes[1536];
};
#define FRAME_QUEUE 16

struct device {
	const struct device_kind *kind;
	uint8_t line, number;
	bool installed, failing;
	bool unacknowledged[2]; /* completions not acknowledged yet; [1]: transmitter */
	uint32_t reg[4];
	uint32_t result[2];    /* status after completion */
	uint64_t completes[2]; /* tick, 0: idle */
	int8_t routed_to;      /* processor that got the pending interrupt, -1 none */
	int fd;		       /* log, output or image; -1 for none */
	bool write_failed;     /* a warning about it was given */

	/* disk and flash: geometry from the image, arm, the block buffer */
	uint32_t cylinders, heads, sectors, rotation, seek, data_percent; /* disk */
	uint32_t blocks, write_time; /* flash; blocks for both */
	uint32_t cylinder;
	uint32_t position; /* tape: the block that comes next */
	int64_t buffered;  /* block in the buffer, -1 none */
	int64_t target;	   /* block or cylinder of the running operation */
	uint8_t *buffer;

	/* terminal: input not read yet */
	uint8_t *input;
	size_t input_start, input_length, input_capacity;
	bool starved; /* waiting for input; retried every period from receive_start */
	uint64_t receive_start;

	/* network */
	void *link; /* VDECONN */
	uint8_t address[6];
	uint8_t mode;
	bool read_pending;
	bool link_stuck;     /* it did not take the last frame */
	uint64_t poll_start; /* phase of looking for frames */
	struct frame *frames;
	int first_frame, n_frames;
	uint8_t *packet; /* being sent or received */
	uint32_t packet_length;
	int outcome; /* of the running operation, a status code */
};

/* ---- the machine */

struct rom {
	uint8_t *bytes; /* whole pages, zero padded */
	uint32_t size;	/* bytes that exist for the guest */
};

/* A ROM that is built in: the end of its name in machine files, and its file. */
struct builtin_rom {
	const char *file;
	const uint8_t *start, *end;
};

/* How a machine of the family differs from the others: variant.c. */
struct variant {
	const char *name;
	bool has_floor;	    /* the TLB floor and its register; else status_vm */
	bool has_bios_data; /* the page at BIOS_DATA_BASE */
	uint32_t status_vm; /* bits VMc, VMp, VMo of Status, pushed and popped with the mode */
	int address_spaces; /* values of cpu->mode */
	uint32_t device_base;
	uint32_t zero_quotient;			/* LO after a division by zero */
	const struct device_kind *block_device; /* on line 4 */
	struct builtin_rom exec, boot, tape_boot;
};

struct symbol_table {
	struct umps_symbol *symbols;
	int count, functions, asid;
	char *names;
};

struct umps {
	const struct variant *variant;
	uint64_t tod;
	uint64_t horizon;  /* last tick that may be executed before looking at events and requests
			      again */
	uint64_t next_due; /* tick of the next event or timer */
	uint32_t interval_timer; /* its value at interval_tick */
	uint64_t interval_tick;
	bool powered_off;
	bool out_of_memory; /* what the guest did is lost, so it cannot go on */
	uint64_t stirred;   /* the last tick at which an event happened, or a processor halted the
			     machine: rest.c */

	int n_cpus;
	struct cpu *cpus;
	uint32_t tlb_size, tlb_floor, clock_rate; /* without a floor: that of processes */

	uint8_t *ram;
	uint32_t ram_size;
	struct rom exec_rom, boot_rom;
	uint8_t *bios_data; /* one page */

	struct event *events; /* by tick; [0, n_events) */
	int n_events, max_events;

	struct device devices[UMPS_N_LINES][UMPS_N_DEVICES];
	uint32_t routing[6 * 8]; /* line 2..7 */
	int8_t interval_routed;
	uint8_t next_target; /* where the search of dynamic routing starts */
	uint32_t boot_pc, boot_sp;

	volatile sig_atomic_t interrupt_request;
	struct umps_stop stop; /* valid if stopping */
	bool stopping;

	struct umps_config *config;
	struct umps_host host;
	struct umps_observer *observer, observer_place; /* the first: NULL, or the second */
	struct symbol_table symbols;
	enum umps_engine engine;
	struct translator *translator;
	struct ahead *ahead; /* translator, with several processors */
	bool ahead_open;     /* they run ahead of each other now */
	uint8_t *
		code_pages; /* one per RAM page and one for BIOS data: translated code lies there */

	struct umps_stop_point *points;
	int n_points, next_point;
	bool breakpoints, suspects; /* some are enabled */
	unsigned exception_stops;

	struct recording *recording;
	bool replaying; /* nothing of what happens is visible outside */
};

/* variant.c */
const struct variant *variant_of(enum umps_machine machine);
void mode_update(struct cpu *cpu); /* after a change of Status */

/* power.c */
/* NAME as a path, beside the machine file if it names a place that is not on this computer. */
char *machine_path(struct umps *m, const char *name, bool created);
uint8_t *pages_alloc(size_t bytes);

/* machine.c */
void machine_break(struct umps *m); /* stop executing after this tick and look around */
void machine_stop(struct umps *m, struct umps_stop stop);
struct umps_stop machine_run(struct umps *m, uint64_t until, unsigned flags);
void machine_warn(struct umps *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cpu_reset(struct umps *m, struct cpu *cpu, uint32_t pc, uint32_t sp);
void cpu_halt(struct umps *m, struct cpu *cpu);

/* rest.c */
#define SERVICE_HALT 3			   /* of the ROM */
bool interruptible(const struct cpu *cpu); /* can an interrupt of any line be taken? */
void rest_notice_loop(struct cpu *cpu);	   /* executes a branch to itself; may not return */
void rest_notice_wait(struct cpu *cpu);	   /* is about to wait; may not return */
bool rest_loops(const struct cpu *cpu);	   /* does it do nothing but loop, now and for ever? */
uint64_t rest_due(const struct umps *m);
bool rest_reached(const struct umps *m, struct umps_stop *stop);

/* event.c */
void event_add(struct umps *m, struct event event);
bool events_reserve(struct umps *m, int n); /* room for N in all; false: no memory */
void event_remove_device(struct umps *m, int line, int number, int sub);
struct event event_take(struct umps *m);
void timers_changed(struct umps *m);
uint32_t interval_value(const struct umps *m);
void interval_write(struct umps *m, uint32_t value);

/* interpreter.c */
void interpret_cycle(
	struct cpu *cpu); /* one instruction and the interrupt after it, or a waking up */
void interpret_until_horizon(struct umps *m, struct cpu *cpu); /* alone, while it runs */
void interpret_in_turns(struct umps *m); /* all processors, up to the horizon */
void pending_complete(struct cpu *cpu);

/* exception.c */
void exception(struct cpu *cpu, enum exception_code code);
void exception_refill(struct cpu *cpu, enum exception_code code);
void exception_coprocessor(struct cpu *cpu, uint32_t number);
void exception_interrupt(struct cpu *cpu);
void interrupt_check(struct cpu *cpu); /* after a change of Status or Cause */

/* cp0.c */
bool cp0_usable(const struct cpu *cpu);
bool cp0_readable(uint32_t reg);
uint32_t cp0_read(const struct cpu *cpu, uint32_t reg);
void cp0_write(struct cpu *cpu, uint32_t reg, uint32_t value);
void cp0_execute(struct cpu *cpu, uint32_t word); /* all COP0 instructions but MFC0, MTC0, BC0 */
void status_write(struct cpu *cpu, uint32_t value);
uint32_t local_timer(const struct cpu *cpu);
uint64_t local_timer_due(const struct cpu *cpu);
uint32_t random_value(const struct cpu *cpu);

/* mmu.c: false means that an exception was entered */
enum access { ACCESS_FETCH, ACCESS_READ, ACCESS_WRITE };
bool mmu_fetch(struct cpu *cpu, uint32_t *word);
bool mmu_read(struct cpu *cpu, uint32_t address, uint32_t alignment, uint32_t *word);
bool mmu_write(struct cpu *cpu, uint32_t address, uint32_t word);
/* read, merge `word` under `mask`, write (sub-word stores) */
bool mmu_merge(struct cpu *cpu, uint32_t address, uint32_t alignment, uint32_t mask, uint32_t word);
bool mmu_compare_and_set(struct cpu *cpu, uint32_t address, uint32_t old, uint32_t value,
			 uint32_t *done);
int tlb_search(const struct cpu *cpu, uint32_t address, uint32_t entry_hi);
void tlb_set(struct cpu *cpu, uint32_t index, uint32_t hi, uint32_t lo);
void mmu_flush(struct cpu *cpu); /* forget all translations in use */
void mmu_flush_all(struct umps *m);
void mmu_forget_pages(struct cpu *cpu); /* mappings did not change, but uses must be seen */

/* bus.c */
uint8_t *bus_memory(const struct umps *m, uint32_t physical, uint32_t *available, bool write);
bool bus_read(struct umps *m, const struct cpu *cpu, uint32_t physical, uint32_t *word);
bool bus_write(struct umps *m, struct cpu *cpu, uint32_t physical, uint32_t word);
bool bus_dma_to(struct umps *m, uint32_t physical, const uint8_t *bytes, uint32_t length);
bool bus_dma_from(const struct umps *m, uint32_t physical, uint8_t *bytes, uint32_t length);
void bus_wrote(struct umps *m, uint32_t physical,
	       uint32_t length); /* memory changed under translations */

/* interrupt.c */
void interrupt_raise_device(struct umps *m, struct device *d);
void interrupt_clear_device(struct umps *m, struct device *d);
void interrupt_raise_interval(struct umps *m);
void interrupt_clear_interval(struct umps *m);
void interrupt_line(struct cpu *cpu, int line, bool on);
bool interrupt_may_time(const struct umps *m, int cpu); /* may the interval timer interrupt it? */
void message_send(struct umps *m, const struct cpu *from, uint32_t value);
void message_deliver(struct umps *m, int origin, int recipient, int message);
void message_remove(struct cpu *cpu);

/* device.c */
uint32_t device_read(const struct umps *m, const struct device *d, int reg);
void device_write(struct umps *m, struct device *d, int reg, uint32_t value);
void device_event(struct umps *m, struct device *d, int sub);
int device_open(struct umps *m, struct device *d, const struct umps_device_config *config,
		struct umps_error *error);
void device_close(struct umps *m, struct device *d);
void device_busy(struct umps *m, struct device *d, int sub, uint64_t ticks, uint32_t result);
void device_finish(struct umps *m, struct device *d, int sub, uint32_t status);
void device_acknowledge(struct umps *m, struct device *d, int sub);
/* Appends to the backing file of terminals and printers. */
void device_log(struct umps *m, struct device *d, const void *bytes, size_t length);

/* What differs between the five kinds. */
struct device_kind {
	const char *name; /* key of the machine file, without the number */
	int (*open)(struct umps *m, struct device *d, const struct umps_device_config *config,
		    const char *path, struct umps_error *error);
	void (*close)(struct device *d);
	void (*write)(struct umps *m, struct device *d, int reg, uint32_t value);
	/* the operation's time is over */
	void (*complete)(struct umps *m, struct device *d, int sub);
	void (*describe)(const struct device *d, char *text, size_t size);
};
extern const struct device_kind disk_kind, flash_kind, tape_kind, network_kind, printer_kind,
	terminal_kind;

/* block.c */
int block_open(struct device *d, const char *path, uint32_t magic, uint32_t *header, int words,
	       struct umps_error *error);
bool block_read(struct device *d, int64_t block, uint8_t *buffer);
bool block_write(struct umps *m, struct device *d, int64_t block, const uint8_t *buffer);
void block_restore(const struct device *d, int64_t block, const uint8_t *buffer);
#define BLOCK_DMA_TICKS 1024
void block_start_write(struct umps *m, struct device *d, uint64_t when_ready, uint32_t dma_error);
uint32_t block_end_write(struct umps *m, struct device *d, uint32_t write_error);
uint32_t block_end_read(struct umps *m, struct device *d, uint32_t read_error, uint32_t dma_error);
void block_finish(struct umps *m, struct device *d, uint32_t status, uint32_t dma_error);

/* terminal.c, network.c */
/* False: no memory, and nothing was queued. */
bool terminal_queue(struct umps *m, struct device *d, const void *text, size_t length);
void terminal_look(struct umps *m, struct device *d);
void network_queue(struct umps *m, struct device *d, const void *frame, size_t length);

/* image.c */
int image_load_core(struct umps *m, const char *path, struct umps_error *error);
int rom_load(struct umps *m, struct umps_error *error);
uint8_t *file_read(const char *path, size_t limit, size_t *length, struct umps_error *error);

/* symbols.c */
int symbols_load(struct symbol_table *table, const char *path, int asid, struct umps_error *error);
void symbols_free(struct symbol_table *table);

/* stop_point.c */
bool breakpoint_hit(struct umps *m);
void suspect_check(struct cpu *cpu, uint32_t address, uint32_t physical, uint32_t length,
		   bool write);
bool suspect_on_page(const struct umps *m, uint32_t page, uint32_t physical_page);

/* record.c */
void record_input(struct umps *m, struct device *d, const void *bytes, size_t length);
void record_failing(struct umps *m, struct device *d, bool failing);
void record_block(struct umps *m, struct device *d, int64_t block); /* is about to be overwritten */
void record_changed(struct umps *m); /* from outside, by other means than input */
void record_tick(struct umps *m);
void record_free(struct umps *m);
struct umps_stop record_run(struct umps *m, uint64_t until, unsigned flags);

/* ../translator */
struct translator *translator_new(struct umps *m);
void translator_free(struct translator *t);
void translator_wrote(struct umps *m, uint32_t physical, uint32_t length);
void translator_flush(struct umps *m);
void translator_forget_jumps(struct cpu *cpu);
void translate_until_horizon(struct umps *m, struct cpu *cpu);

/* ../translator/ahead.c: several processors; ahead_cut() and ahead_use() may not return */
void ahead_run(struct umps *m);
void ahead_reset(struct umps *m);
void ahead_cut(struct umps *m);
void ahead_use(struct cpu *cpu, uint32_t physical, bool write);
bool ahead_fetch(struct cpu *cpu, uint32_t physical); /* may the page's others go unseen? */
bool ahead_owns(const struct umps *m, uint32_t physical);

#endif
