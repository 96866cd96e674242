/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes to packets and back. One byte at a time, so it does not matter how the connection cuts
 * them.
 */
#include <string.h>

#include "umps/gdb/packet.h"

#define INTERRUPT 0x03

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_number(const char **text, uint32_t *number)
{
	const char *start = *text;

	for (*number = 0; hex_digit(**text) >= 0; (*text)++)
		*number = *number << 4 | (uint32_t)hex_digit(**text);
	return *text != start && *text - start <= 16;
}

bool hex_bytes(const char *text, uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void hex_write(FILE *out, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

static enum packet_event outside(struct packet_reader *r, uint8_t byte)
{
	switch (byte) {
	case '$':
		r->state = INSIDE;
		r->sum = 0;
		r->bad = false;
		r->length = 0;
		return PACKET_NOTHING;
	case '-':
		return PACKET_RESEND;
	case INTERRUPT:
		return PACKET_INTERRUPT;
	default: /* '+', or noise on the line */
		return PACKET_NOTHING;
	}
}

static void keep(struct packet_reader *r, uint8_t byte)
{
	if (r->length < PACKET_MAX)
		r->data[r->length++] = (char)byte;
	else
		r->bad = true;
}

static enum packet_event end(struct packet_reader *r, uint8_t byte)
{
	r->state = OUTSIDE;
	if (r->bad || hex_digit((char)byte) < 0 ||
	    (r->wanted << 4 | hex_digit((char)byte)) != r->sum)
		return PACKET_DAMAGED;
	r->data[r->length] = 0;
	return PACKET_COMPLETE;
}

enum packet_event packet_feed(struct packet_reader *r, uint8_t byte)
{
	switch (r->state) {
	case OUTSIDE:
		return outside(r, byte);
	case SUM_HIGH:
		if (hex_digit((char)byte) < 0)
			r->bad = true;
		r->wanted = (uint8_t)(hex_digit((char)byte) & 15);
		r->state = SUM_LOW;
		return PACKET_NOTHING;
	case SUM_LOW:
		return end(r, byte);
	default:
		break;
	}
	if (byte == '#') {
		r->bad |= r->state == ESCAPED;
		r->state = SUM_HIGH;
		return PACKET_NOTHING;
	}
	r->sum = (uint8_t)(r->sum + byte);
	if (r->state == ESCAPED) {
		keep(r, byte ^ 0x20);
		r->state = INSIDE;
	} else if (byte == '}') {
		r->state = ESCAPED;
	} else {
		keep(r, byte);
	}
	return PACKET_NOTHING;
}

void packet_write(FILE *out, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	fputc('$', out);
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = bytes[i];

		if (strchr("$#}*", byte) && byte) {
			fputc('}', out);
			sum = (uint8_t)(sum + '}');
			byte ^= 0x20;
		}
		fputc(byte, out);
		sum = (uint8_t)(sum + byte);
	}
	fprintf(out, "#%02x", sum);
}
