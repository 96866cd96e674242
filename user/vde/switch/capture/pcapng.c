/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing pcapng; see pcapng.h. */
#include <string.h>

#include "user/vde/switch/capture/pcapng.h"
#include "user/vde/switch/switch.h"

#define BLOCK_SECTION	 0x0a0d0d0au
#define BLOCK_INTERFACE	 1u
#define BLOCK_PACKET	 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINK_ETHERNET	 1u
#define PACKET_FIXED	 28 /* of an enhanced packet block, up to the data */

enum option { OPTION_END = 0, OPTION_NAME = 2, OPTION_FLAGS = 2, OPTION_RESOLUTION = 9 };

static uint8_t *put32(uint8_t *to, uint32_t value)
{
	return mempcpy(to, &value, sizeof(value));
}

static uint8_t *put16(uint8_t *to, uint16_t value)
{
	return mempcpy(to, &value, sizeof(value));
}

static uint8_t *pad(uint8_t *to, size_t len)
{
	size_t fill = -len & 3;

	memset(to, 0, fill);
	return to + fill;
}

static uint8_t *put_option(uint8_t *to, uint16_t code, const void *value, uint16_t len)
{
	to = put16(to, code);
	to = put16(to, len);
	to = mempcpy(to, value, len);
	return pad(to, len);
}

/* The end of a block that began at `start`: its length, twice. */
static size_t finish(uint8_t *start, uint8_t *end)
{
	uint32_t len = end + 4 - start;

	put32(start + 4, len);
	put32(end, len);
	return len;
}

size_t pcapng_section(uint8_t *to)
{
	uint8_t *p = put32(to, BLOCK_SECTION) + 4;

	p = put32(p, BYTE_ORDER_MAGIC);
	p = put16(p, 1); /* version 1.0 */
	p = put16(p, 0);
	p = put32(p, UINT32_MAX); /* length of the section: not known */
	p = put32(p, UINT32_MAX);
	return finish(to, p);
}

size_t pcapng_interface(uint8_t *to, const char *name)
{
	static const uint8_t nanoseconds = 9;
	uint8_t *p = put32(to, BLOCK_INTERFACE) + 4;

	p = put16(p, LINK_ETHERNET);
	p = put16(p, 0);
	p = put32(p, 0); /* no snap length */
	p = put_option(p, OPTION_NAME, name, strlen(name));
	p = put_option(p, OPTION_RESOLUTION, &nanoseconds, 1);
	p = put32(p, OPTION_END);
	return finish(to, p);
}

uint8_t *pcapng_packet(uint8_t *to, uint32_t interface, uint64_t time, uint32_t len)
{
	uint8_t *p = put32(to, BLOCK_PACKET) + 4;

	p = put32(p, interface);
	p = put32(p, time >> 32);
	p = put32(p, time);
	p = put32(p, len);
	return put32(p, len);
}

size_t pcapng_packet_end(uint8_t *to, uint32_t len, int inbound)
{
	uint32_t flags = inbound ? 1 : 2;
	uint8_t *p = pad(to + PACKET_FIXED + len, len);

	p = put_option(p, OPTION_FLAGS, &flags, sizeof(flags));
	p = put32(p, OPTION_END);
	return finish(to, p);
}
