/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table says for each register its name, where its value lives, and how gdb shows it; the XML
 * and the reading and writing follow from it. Features: those that gdb demands of a MIPS, then
 * ours: the rest of coprocessor 0, the TLB, the bus, and four registers for each installed device.
 * Registers of the last three are groups: `info registers tlb`, `info registers bus`, `info
 * registers devices`.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "umps/front/names.h"
#include "umps/gdb/description.h"

#define BUS_BASE 0x10000000u
#define ENTRYHI	 (UMPS_REG_CP0 + 10)

#define EXCEPTION_FIELD "ExcCode"
#define N_EXCEPTIONS	13

enum source {
	PROCESSOR,   /* where: register number of umps_get_register() */
	ASID,	     /* of EntryHi, as a number of its own: for conditions of breakpoints */
	UNAVAILABLE, /* gdb demands a floating-point unit; this machine has none */
	TLB_HI,	     /* where: entry */
	TLB_LO,
	BUS, /* where: physical address */
};

struct reg {
	char name[28];
	enum source source;
	uint32_t where;
	const char *type;
};

struct feature {
	const char *name, *group; /* group NULL: gdb's own choice */
	int first;		  /* register */
};

#define MAX_REGISTERS                                                                              \
	(DESCRIPTION_GENERAL + 34 + 8 + 2 * UMPS_MAX_TLB + 20 + UMPS_N_LINES * UMPS_N_DEVICES * 4)

struct description {
	struct reg regs[MAX_REGISTERS];
	int n_regs;
	struct feature features[8];
	int n_features;
	char *xml;
};

/* The fields of registers, by bits. */
struct field {
	const char *name;
	int first, last;
};

static const struct flags {
	const char *name;
	struct field fields[12];
} flags[] = {
	{"status_bits",
	 {{"IEc", 0, 0},
	  {"KUc", 1, 1},
	  {"IEp", 2, 2},
	  {"KUp", 3, 3},
	  {"IEo", 4, 4},
	  {"KUo", 5, 5},
	  {"IM", 8, 15},
	  {"BEV", 22, 22},
	  {"TE", 27, 27},
	  {"CU0", 28, 28}}},
	{"cause_bits", {{EXCEPTION_FIELD, 2, 6}, {"IP", 8, 15}, {"CE", 28, 29}, {"BD", 31, 31}}},
	{"entryhi_bits", {{"ASID", 6, 11}, {"VPN", 12, 31}}},
	{"entrylo_bits", {{"G", 8, 8}, {"V", 9, 9}, {"D", 10, 10}, {"PFN", 12, 31}}},
};

static void write_types(FILE *out)
{
	fputs("<enum id=\"exception\" size=\"4\">", out);
	for (uint32_t code = 0; code < N_EXCEPTIONS; code++)
		fprintf(out, "<evalue name=\"%s\" value=\"%u\"/>", exception_name(code), code);
	fputs("</enum>", out);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		fprintf(out, "<flags id=\"%s\" size=\"4\">", flags[i].name);
		for (const struct field *f = flags[i].fields; f->name; f++)
			fprintf(out, "<field name=\"%s\" start=\"%d\" end=\"%d\"%s/>", f->name,
				f->first, f->last,
				strcmp(f->name, EXCEPTION_FIELD) ? "" : " type=\"exception\"");
		fputs("</flags>", out);
	}
}

static void feature(struct description *d, const char *name, const char *group)
{
	d->features[d->n_features++] = (struct feature){name, group, d->n_regs};
}

__attribute__((format(printf, 5, 6))) static void reg(struct description *d, enum source source,
						      uint32_t where, const char *type,
						      const char *format, ...)
{
	struct reg *r = &d->regs[d->n_regs++];
	va_list args;

	*r = (struct reg){.source = source, .where = where, .type = type};
	va_start(args, format);
	vsnprintf(r->name, sizeof(r->name), format, args);
	va_end(args);
}

static void cp0(struct description *d, uint32_t number, const char *type, const char *name)
{
	reg(d, PROCESSOR, UMPS_REG_CP0 + number, type, "%s", name);
}

/* Registers are numbered in the order in which they are described. */
static void add_required(struct description *d)
{
	feature(d, "org.gnu.gdb.mips.cpu", NULL);
	for (uint32_t i = 0; i < 32; i++)
		reg(d, PROCESSOR, i, "int", "r%u", i);
	reg(d, PROCESSOR, UMPS_REG_LO, "int", "lo");
	reg(d, PROCESSOR, UMPS_REG_HI, "int", "hi");
	reg(d, PROCESSOR, UMPS_REG_PC, "code_ptr", "pc");
	feature(d, "org.gnu.gdb.mips.cp0", NULL);
	cp0(d, 12, "status_bits", "status");
	cp0(d, 8, "data_ptr", "badvaddr");
	cp0(d, 13, "cause_bits", "cause");
	feature(d, "org.gnu.gdb.mips.fpu", NULL);
	for (uint32_t i = 0; i < 32; i++)
		reg(d, UNAVAILABLE, 0, "ieee_single", "f%u", i);
	reg(d, UNAVAILABLE, 0, "int", "fcsr");
	reg(d, UNAVAILABLE, 0, "int", "fir");
}

static void add_processor(struct description *d, const struct umps *m)
{
	feature(d, "org.umps.cp0", "cp0");
	cp0(d, 0, "uint32", "index");
	cp0(d, 1, "uint32", "random");
	cp0(d, 2, "entrylo_bits", "entrylo");
	cp0(d, 9, "uint32", "timer");
	cp0(d, 10, "entryhi_bits", "entryhi");
	cp0(d, 14, "code_ptr", "epc");
	cp0(d, 15, "uint32", "prid");
	reg(d, ASID, 0, "uint32", "asid");
	feature(d, "org.umps.tlb", "tlb");
	for (uint32_t i = 0; i < (uint32_t)umps_tlb_size(m); i++) {
		reg(d, TLB_HI, i, "entryhi_bits", "tlb%u_hi", i);
		reg(d, TLB_LO, i, "entrylo_bits", "tlb%u_lo", i);
	}
}

/* The bitmaps lie before the devices, with the TLB floor before them where there is one. */
static void add_bus(struct description *d, const struct umps *m)
{
	uint32_t less = 0x10000054 - umps_device_address(m, UMPS_DISK, 0);
	static const struct {
		const char *name;
		uint32_t offset;
	} bus[] = {{"ram_base", 0x00},	    {"ram_size", 0x04},	      {"tod_high", 0x18},
		   {"tod_low", 0x1C},	    {"interval_timer", 0x20}, {"time_scale", 0x24},
		   {"tlb_floor", 0x28},	    {"installed3", 0x2C},     {"installed4", 0x30},
		   {"installed5", 0x34},    {"installed6", 0x38},     {"installed7", 0x3C},
		   {"interrupting3", 0x40}, {"interrupting4", 0x44},  {"interrupting5", 0x48},
		   {"interrupting6", 0x4C}, {"interrupting7", 0x50}};

	feature(d, "org.umps.bus", "bus");
	for (size_t i = 0; i < sizeof(bus) / sizeof(bus[0]); i++)
		if (!less || bus[i].offset != 0x28)
			reg(d, BUS, BUS_BASE + bus[i].offset - (bus[i].offset > 0x28 ? less : 0),
			    "uint32", "%s", bus[i].name);
}

static void add_devices(struct description *d, const struct umps *m)
{
	static const char *const plain[4] = {"status", "command", "data0", "data1"};
	static const char *const terminal[4] = {"recv_status", "recv_command", "transm_status",
						"transm_command"};

	feature(d, "org.umps.devices", "devices");
	for (int line = UMPS_FIRST_LINE; line < UMPS_FIRST_LINE + UMPS_N_LINES; line++)
		for (int number = 0; number < UMPS_N_DEVICES; number++) {
			uint32_t at = umps_device_address(m, (enum umps_line)line, number);
			struct umps_device device;

			umps_get_device(m, (enum umps_line)line, number, &device);
			for (uint32_t i = 0; device.installed && i < 4; i++)
				reg(d, BUS, at + i * 4, "uint32", "%s%d_%s",
				    umps_device_class(m, (enum umps_line)line), number,
				    line == UMPS_TERMINAL ? terminal[i] : plain[i]);
		}
}

static void write_feature(FILE *out, const struct description *d, int number)
{
	const struct feature *f = &d->features[number];
	int end = number + 1 < d->n_features ? d->features[number + 1].first : d->n_regs;

	fprintf(out, "<feature name=\"%s\">", f->name);
	if (number == 0 || f->group || strstr(f->name, ".cp0"))
		write_types(out);
	for (int i = f->first; i < end; i++) {
		fprintf(out, "<reg name=\"%s\" bitsize=\"32\" type=\"%s\"", d->regs[i].name,
			d->regs[i].type);
		if (f->group)
			fprintf(out, " group=\"%s\" save-restore=\"no\"", f->group);
		fputs("/>", out);
	}
	fputs("</feature>", out);
}

struct description *description_new(const struct umps *m)
{
	struct description *d = calloc(1, sizeof(*d));
	size_t length;
	FILE *out;

	if (!d)
		return NULL;
	add_required(d);
	add_processor(d, m);
	add_bus(d, m);
	add_devices(d, m);
	out = open_memstream(&d->xml, &length);
	if (!out) {
		free(d);
		return NULL;
	}
	fputs("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target "
	      "version=\"1.0\">"
	      "<architecture>mips:3000</architecture>",
	      out);
	for (int i = 0; i < d->n_features; i++)
		write_feature(out, d, i);
	fputs("</target>\n", out);
	fclose(out);
	return d;
}

void description_free(struct description *d)
{
	if (d)
		free(d->xml);
	free(d);
}

const char *description_xml(const struct description *d)
{
	return d->xml;
}

bool description_read(const struct description *d, const struct umps *m, int cpu, uint32_t number,
		      uint32_t *value, bool *known)
{
	uint32_t hi = 0, lo = 0;
	const struct reg *r;

	if (number >= (uint32_t)d->n_regs)
		return false;
	r = &d->regs[number];
	*known = true;
	*value = 0;
	switch (r->source) {
	case PROCESSOR:
		*value = umps_get_register(m, cpu, (int)r->where);
		break;
	case ASID:
		*value = umps_get_register(m, cpu, ENTRYHI) >> 6 & 63;
		break;
	case TLB_HI:
	case TLB_LO:
		umps_get_tlb(m, cpu, (int)r->where, &hi, &lo);
		*value = r->source == TLB_HI ? hi : lo;
		break;
	case BUS:
		*known = umps_read_physical(m, r->where, value, sizeof(*value)) == sizeof(*value);
		break;
	default:
		*known = false;
	}
	return true;
}

bool description_write(const struct description *d, struct umps *m, int cpu, uint32_t number,
		       uint32_t value)
{
	const struct reg *r;
	uint32_t hi, lo;

	if (number >= (uint32_t)d->n_regs)
		return false;
	r = &d->regs[number];
	switch (r->source) {
	case PROCESSOR:
		return r->where == 0 || umps_set_register(m, cpu, (int)r->where, value) == 0;
	case ASID:
		hi = umps_get_register(m, cpu, ENTRYHI) & ~(63u << 6);
		return umps_set_register(m, cpu, ENTRYHI, hi | (value & 63) << 6) == 0;
	case TLB_HI:
	case TLB_LO:
		umps_get_tlb(m, cpu, (int)r->where, &hi, &lo);
		*(r->source == TLB_HI ? &hi : &lo) = value;
		return umps_set_tlb(m, cpu, (int)r->where, hi, lo) == 0;
	case BUS:
		return umps_write_physical(m, r->where, &value, sizeof(value)) == sizeof(value);
	default:
		return false;
	}
}
