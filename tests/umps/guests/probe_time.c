/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 2, 3.7, 4.3, 4.4, 7, 8.1: ticks, timers, interrupts, waiting. */
#include "probe.h"

/* Hidden from the compiler, which must not know that only the handler leaves it. */
#define FOREVER	     __asm__ volatile("1:\tb 1b" ::: "memory")
#define ENABLE(line) (0x10000001 | 0x100 << (line)) /* CU0, IEc, one line */

static u32 start;

/* Starts a printer, so that an interrupt comes in 8 us. */
static void print_dot(void)
{
	DEVICE(6, 0)[2] = '.';
	DEVICE(6, 0)[1] = 2;
}

static void acknowledge(void)
{
	DEVICE(6, 0)[1] = 1;
}

static void show_entry(const char *what)
{
	print(what);
	print(" ticks=");
	print_hex(entered - start);
	print(" cause=");
	print_hex(cause);
	print(" status=");
	print_hex(status);
	put('\n');
}

/* Runs CODE with the handler armed; prints when the handler was entered. */
#define TIMED(what, block)                                                                         \
	do {                                                                                       \
		if (!save_point(back)) {                                                           \
			start = TOD;                                                               \
			block;                                                                     \
			print(what);                                                               \
			print(" no exception\n");                                                  \
		} else {                                                                           \
			show_entry(what);                                                          \
		}                                                                                  \
		MTC0(12, 0x10000000);                                                              \
		acknowledge();                                                                     \
	} while (0)

static void random_values(void)
{
	u32 a, b, c;

	__asm__ volatile(
		".set push\n.set noreorder\nmfc0 %0,$1\nmfc0 %1,$1\nnop\nmfc0 %2,$1\nnop\n.set pop"
		: "=r"(a), "=r"(b), "=r"(c));
	show("4.4 Random", a);
	show("4.4 Random one later", b);
	show("4.4 Random three later", c);
}

static void local_timer(void)
{
	u32 a, b, t;

	MTC0(9, 100);
	show("4.3 Timer frozen", MFC0(9));
	__asm__ volatile(".set push\n.set noreorder\n"
			 "lui $8,0x1800\nli $9,50\nmtc0 $8,$12\nmtc0 $9,$9\nmfc0 "
			 "%0,$9\nnop\nnop\nmfc0 %1,$9\nnop\n"
			 "lui $8,0x1000\nmtc0 $8,$12\nnop\nmfc0 %2,$9\nnop\n.set pop"
			 : "=r"(a), "=r"(b), "=r"(t)::"$8", "$9");
	show("4.3 Timer running", a);
	show("4.3 Timer three later", b);
	show("4.3 Timer stopped", t);
	TIMED("4.3 local timer of 40", {
		__asm__ volatile(".set push\n.set noreorder\nli $8,40\nmtc0 $8,$9\nlui "
				 "$8,0x1800\nori $8,0x201\n"
				 "mtc0 $8,$12\n1:b 1b\naddiu $9,$9,1\n.set pop" ::
					 : "$8", "$9");
	});
	TIMED("4.3 local timer of 0", {
		__asm__ volatile(
			".set push\n.set noreorder\nmtc0 $0,$9\nlui $8,0x1800\nori $8,0x201\n"
			"mtc0 $8,$12\n1:b 1b\naddiu $9,$9,1\n.set pop" ::
				: "$8", "$9");
	});
	TIMED("4.3 local timer wakes WAIT", {
		__asm__ volatile(
			".set push\n.set noreorder\nli $8,40\nmtc0 $8,$9\nlui $8,0x1800\nori "
			"$8,0x201\n"
			"mtc0 $8,$12\nnop\n.word 0x42000020\n1:b 1b\naddiu $9,$9,1\n.set pop" ::
				: "$8", "$9");
	});
	MTC0(9, 1000);
	show("4.3 Cause after writing Timer", MFC0(13));
}

static void interval_timer(void)
{
	u32 a;

	INTERVAL = 1000;
	a = INTERVAL;
	show("8.1 interval timer after writing 1000", a);
	TIMED("8.1 interval timer of 50", {
		INTERVAL = 50;
		MTC0(12, ENABLE(2));
		FOREVER;
	});
	INTERVAL = 0xFFFFFFFF;
	show("8.1 Cause after acknowledging", MFC0(13));
}

static void device_interrupts(void)
{
	TIMED("9.1 printer completes", {
		MTC0(12, ENABLE(6));
		print_dot();
		FOREVER;
	});
	TIMED("3.7 printer wakes WAIT", {
		MTC0(12, ENABLE(6));
		print_dot();
		__asm__ volatile(".word 0x42000020\n\tnop");
		FOREVER;
	});
	start = TOD;
	print_dot();
	__asm__ volatile(".word 0x42000020\n\tnop");
	entered = TOD;
	show("3.7 WAIT with interrupts off: ticks", entered - start);
	show("3.7 Cause then", MFC0(13));
	start = TOD;
	__asm__ volatile(".word 0x42000020\n\tnop");
	show("3.7 WAIT with an interrupt pending: ticks", TOD - start);
	show("8.1 interrupting printers", PENDING(6));
	acknowledge();
	show("8.1 after ACK", PENDING(6));
	show("7 Cause after ACK", MFC0(13));
	start = TOD;
	DEVICE(6, 0)[1] = 7;
	show("9 unknown command: status", DEVICE(6, 0)[0]);
	show("9 unknown command: pending", PENDING(6));
	acknowledge();
	DEVICE(6, 0)[1] = 0;
	show("9 RESET: busy", DEVICE(6, 0)[0]);
	DEVICE(6, 0)[2] = 'x';
	show("9 DATA0 of a busy device", DEVICE(6, 0)[2]);
	while (DEVICE(6, 0)[0] == 3)
		;
	show("9 RESET ends: status", DEVICE(6, 0)[0]);
	show("9 RESET ends: pending", PENDING(6));
	show("9 COMMAND reads back", DEVICE(6, 0)[1]);
	acknowledge();
	show("9 not installed: status", DEVICE(6, 1)[0]);
	DEVICE(6, 1)[2] = 5;
	show("9 not installed: DATA0", DEVICE(6, 1)[2]);
}

static void exceptions(void)
{
	TIMED("2 SYSCALL", CODE(t1, "syscall"));
	TIMED("2 load error", CODE(t2, "lui $2,0x3000\n\tlw $3,0($2)\n\tnop"));
	TIMED("2 fetch error costs a tick", CODE(t3, "lui $2,0x3000\n\tjr $2\n\tnop"));
	TIMED("2 unaligned fetch", CODE(t4, "lui $2,0x2000\n\tori $2,$2,1\n\tjr $2\n\tnop"));
	TIMED("6 interrupt after MTC0 Status", {
		print_dot();
		while (DEVICE(6, 0)[0] == 3)
			;
		start = TOD;
		CODE(t5, "lui $2,0x1000\n\tori $2,$2,0x4001\n\tmtc0 $2,$12\n\tnop\n\tnop\n\tnop");
	});
	show("6 its EPC", epc - ({
				  extern char t5[];
				  (u32) t5;
			  }));
	TIMED("6 interrupt after RFE", {
		print_dot();
		while (DEVICE(6, 0)[0] == 3)
			;
		start = TOD;
		CODE(t6, "lui $2,0x1000\n\tori $2,$2,0x4004\n\tmtc0 $2,$12\n\tnop\n\t.word "
			 "0x42000010\n\tnop\n\tnop");
	});
	show("6 its EPC", epc - ({
				  extern char t6[];
				  (u32) t6;
			  }));
}

int main(void)
{
	probes_start();
	random_values();
	local_timer();
	interval_timer();
	device_interrupts();
	exceptions();
	show("8.1 TOD high", TOD_HIGH);
	show("8.1 time scale", REG(0x10000024));
	show("8.1 RAM base", REG(0x10000000));
	show("8.1 RAM size", REG(0x10000004));
	show("8.1 exec ROM size", REG(0x1000000C));
	show("8.1 boot ROM base", REG(0x10000010));
	show("8.1 boot ROM size", REG(0x10000014));
	show("8.1 TLB floor", REG(0x10000028));
	show("8.1 installed terminals", REG(0x1000003C));
	show("2 ticks in all", TOD);
	return 0;
}
