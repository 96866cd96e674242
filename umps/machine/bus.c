/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The physical address space (sections 5.1 and 8): memories, and the register area from 0x10000000.
 */
#include "umps/machine/machine.h"

enum bus_register {
	BUS_RAM_BASE,
	BUS_RAM_SIZE,
	BUS_EXEC_BASE,
	BUS_EXEC_SIZE,
	BUS_BOOT_BASE,
	BUS_BOOT_SIZE,
	BUS_TOD_HIGH,
	BUS_TOD_LOW,
	BUS_INTERVAL,
	BUS_TIME_SCALE,
	BUS_TLB_FLOOR, /* without one, what follows comes a word earlier */
	BUS_INSTALLED,
	BUS_PENDING = BUS_INSTALLED + UMPS_N_LINES,
	BUS_DEVICES = BUS_PENDING + UMPS_N_LINES
};

#define ROUTING_BASE  0x10000300u
#define ROUTING_END   0x100003C0u
#define ROUTING_BITS  0x1000FFFFu
#define INBOX	      0x10000400u
#define OUTBOX	      0x10000404u
#define TASK_PRIORITY 0x10000408u
#define BIOS_RESERVED 0x1000040Cu
#define N_CPUS	      0x10000500u
#define RESET_CPU     0x10000504u
#define BOOT_PC	      0x10000508u
#define BOOT_SP	      0x1000050Cu
#define HALT_CPU      0x10000510u
#define POWER	      0x10000514u
#define DEVICE_BYTES  (UMPS_N_LINES * UMPS_N_DEVICES * 16u)

#define RESET_CPU_US 50
#define POWER_OFF_US 1000

/* Plain memory at a physical address: the host's place and how many bytes follow it; NULL where
 * there is none. */
uint8_t *bus_memory(const struct umps *m, uint32_t physical, uint32_t *available, bool write)
{
	if (physical - UMPS_RAM_BASE < m->ram_size) {
		*available = m->ram_size - (physical - UMPS_RAM_BASE);
		return m->ram + (physical - UMPS_RAM_BASE);
	}
	if (physical - BIOS_DATA_BASE < UMPS_PAGE && m->variant->has_bios_data) {
		*available = UMPS_PAGE - (physical - BIOS_DATA_BASE);
		return m->bios_data + (physical - BIOS_DATA_BASE);
	}
	if (!write && physical < m->exec_rom.size) {
		*available = m->exec_rom.size - physical;
		return m->exec_rom.bytes + physical;
	}
	if (!write && physical - BOOT_ROM_BASE < m->boot_rom.size) {
		*available = m->boot_rom.size - (physical - BOOT_ROM_BASE);
		return m->boot_rom.bytes + (physical - BOOT_ROM_BASE);
	}
	return NULL;
}

static uint32_t installed(const struct umps *m, int line)
{
	uint32_t bits = 0;

	for (int i = 0; i < UMPS_N_DEVICES; i++)
		bits |= (uint32_t)m->devices[line][i].installed << i;
	return bits;
}

static uint32_t bus_register_read(const struct umps *m, const struct cpu *cpu, uint32_t reg)
{
	switch (reg) {
	case BUS_RAM_BASE:
		return UMPS_RAM_BASE;
	case BUS_RAM_SIZE:
		return m->ram_size;
	case BUS_EXEC_SIZE:
		return m->exec_rom.size;
	case BUS_BOOT_BASE:
		return BOOT_ROM_BASE;
	case BUS_BOOT_SIZE:
		return m->boot_rom.size;
	case BUS_TOD_HIGH:
		return (uint32_t)(m->tod >> 32);
	case BUS_TOD_LOW:
		return (uint32_t)m->tod;
	case BUS_INTERVAL:
		return interval_value(m);
	case BUS_TIME_SCALE:
		return m->clock_rate;
	case BUS_TLB_FLOOR:
		return m->tlb_floor;
	default:
		if (reg >= BUS_PENDING)
			return cpu->device_pending[reg - BUS_PENDING];
		if (reg >= BUS_INSTALLED)
			return installed(m, (int)(reg - BUS_INSTALLED));
		return 0; /* the execution ROM's base */
	}
}

static uint32_t controller_read(const struct umps *m, const struct cpu *cpu, uint32_t address)
{
	switch (address) {
	case INBOX:
		return cpu->inbox_length
			       ? (uint32_t)cpu->inbox[0].origin << 8 | cpu->inbox[0].message
			       : 0;
	case TASK_PRIORITY:
		return cpu->tpr;
	case BIOS_RESERVED:
	case BIOS_RESERVED + 4:
		return cpu->bios_reserved[(address - BIOS_RESERVED) / 4];
	case N_CPUS:
		return (uint32_t)m->n_cpus;
	case BOOT_PC:
		return m->boot_pc;
	case BOOT_SP:
		return m->boot_sp;
	default:
		return 0;
	}
}

static uint32_t register_read(const struct umps *m, const struct cpu *cpu, uint32_t address)
{
	uint32_t base = m->variant->device_base, reg = (address - REGISTER_BASE) / 4;

	if (address < base)
		return bus_register_read(m, cpu,
					 reg + (reg >= BUS_TLB_FLOOR && !m->variant->has_floor));
	if (address - base < DEVICE_BYTES) {
		uint32_t at = (address - base) / 16;

		return device_read(m, &m->devices[at / UMPS_N_DEVICES][at % UMPS_N_DEVICES],
				   (address - base) / 4 % 4);
	}
	if (address >= ROUTING_BASE && address < ROUTING_END)
		return m->routing[(address - ROUTING_BASE) / 4];
	return controller_read(m, cpu, address);
}

static void after_us(struct umps *m, uint32_t us, enum event_kind kind, uint32_t cpu)
{
	if (kind != EVENT_POWER_OFF && cpu >= (uint32_t)m->n_cpus)
		return;
	event_add(m, (struct event){.tick = m->tod + (uint64_t)us * m->clock_rate,
				    .kind = (uint8_t)kind,
				    .a = (uint8_t)cpu});
}

static void controller_write(struct umps *m, struct cpu *cpu, uint32_t address, uint32_t word)
{
	switch (address) {
	case INBOX:
		message_remove(cpu);
		break;
	case OUTBOX:
		message_send(m, cpu, word);
		break;
	case TASK_PRIORITY:
		cpu->tpr = word & 15;
		break;
	case BIOS_RESERVED:
	case BIOS_RESERVED + 4:
		cpu->bios_reserved[(address - BIOS_RESERVED) / 4] = word;
		break;
	case RESET_CPU:
		after_us(m, RESET_CPU_US, EVENT_RESET_CPU, word);
		break;
	case BOOT_PC:
		m->boot_pc = word;
		break;
	case BOOT_SP:
		m->boot_sp = word;
		break;
	case HALT_CPU:
		after_us(m, RESET_CPU_US, EVENT_HALT_CPU, word);
		break;
	case POWER:
		if (word == 0xFF)
			after_us(m, POWER_OFF_US, EVENT_POWER_OFF, 0);
		break;
	default:
		break;
	}
}

static void register_write(struct umps *m, struct cpu *cpu, uint32_t address, uint32_t word)
{
	uint32_t base = m->variant->device_base;

	if (address == REGISTER_BASE + 4 * BUS_INTERVAL)
		interval_write(m, word);
	else if (address - base < DEVICE_BYTES) {
		uint32_t at = (address - base) / 16;

		device_write(m, &m->devices[at / UMPS_N_DEVICES][at % UMPS_N_DEVICES],
			     (address - base) / 4 % 4, word);
	} else if (address >= ROUTING_BASE && address < ROUTING_END)
		m->routing[(address - ROUTING_BASE) / 4] = word & ROUTING_BITS;
	else
		controller_write(m, cpu, address, word);
}

/* PHYSICAL is aligned. False: nothing is there (bus error). */
bool bus_read(struct umps *m, const struct cpu *cpu, uint32_t physical, uint32_t *word)
{
	uint32_t available;
	const uint8_t *host;

	if (physical - REGISTER_BASE < REGISTER_END - REGISTER_BASE) {
		*word = register_read(m, cpu, physical);
		return true;
	}
	host = bus_memory(m, physical, &available, false);
	if (!host)
		return false;
	memcpy(word, host, sizeof(*word));
	return true;
}

bool bus_write(struct umps *m, struct cpu *cpu, uint32_t physical, uint32_t word)
{
	uint32_t available;
	uint8_t *host;

	if (physical - REGISTER_BASE < REGISTER_END - REGISTER_BASE) {
		ahead_cut(m);
		register_write(m, cpu, physical, word);
		return true;
	}
	host = bus_memory(m, physical, &available, true);
	if (!host)
		return false;
	memcpy(host, &word, sizeof(word));
	bus_wrote(m, physical, sizeof(word));
	return true;
}

void bus_wrote(struct umps *m, uint32_t physical, uint32_t length)
{
	if (m->translator)
		translator_wrote(m, physical, length);
}

/* DMA moves whole words between devices and writable memory (section 9). */
static uint8_t *dma_memory(const struct umps *m, uint32_t physical, uint32_t length)
{
	uint32_t available;
	uint8_t *host = bus_memory(m, physical, &available, true);

	return host && !(physical & 3) && available >= length ? host : NULL;
}

bool bus_dma_to(struct umps *m, uint32_t physical, const uint8_t *bytes, uint32_t length)
{
	uint8_t *host = dma_memory(m, physical, length);

	if (!host)
		return false;
	memcpy(host, bytes, length);
	bus_wrote(m, physical, length);
	return true;
}

bool bus_dma_from(const struct umps *m, uint32_t physical, uint8_t *bytes, uint32_t length)
{
	const uint8_t *host = dma_memory(m, physical, length);

	if (!host)
		return false;
	memcpy(bytes, host, length);
	return true;
}
