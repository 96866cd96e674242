/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text, in the kernel and in programs.
 */
#include "format.h"

struct sink {
	char *text;
	int size, length;
};

static void put(struct sink *sink, char c)
{
	if (sink->length < sink->size - 1)
		sink->text[sink->length++] = c;
}

static void put_padded(struct sink *sink, const char *text, int length, int width, bool left,
		       char pad)
{
	int i;

	for (i = length; !left && i < width; i++)
		put(sink, pad);
	for (i = 0; i < length; i++)
		put(sink, text[i]);
	for (i = length; left && i < width; i++)
		put(sink, ' ');
}

static void put_number(struct sink *sink, unsigned int number, unsigned int base, bool minus,
		       int width, bool left, char pad)
{
	char digits[12];
	int i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	if (minus)
		digits[--i] = '-';
	put_padded(sink, digits + i, sizeof(digits) - i, width, left, pad);
}

int format_list(char *text, int size, const char *format, va_list arguments)
{
	struct sink sink = {text, size, 0};
	const char *string;
	bool left;
	char pad, c;
	int width, number;

	for (; *format; format++) {
		if (*format != '%') {
			put(&sink, *format);
			continue;
		}
		format++;
		left = *format == '-';
		if (left)
			format++;
		pad = *format == '0' ? '0' : ' ';
		for (width = 0; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + *format - '0';
		switch (*format) {
		case 's':
			string = va_arg(arguments, const char *);
			put_padded(&sink, string, text_length(string), width, left, ' ');
			break;
		case 'c':
			c = va_arg(arguments, int);
			put_padded(&sink, &c, 1, width, left, ' ');
			break;
		case 'd':
			number = va_arg(arguments, int);
			put_number(&sink, number < 0 ? -(unsigned int)number : (unsigned int)number,
				   10, number < 0, width, left, pad);
			break;
		case 'u':
			put_number(&sink, va_arg(arguments, unsigned int), 10, false, width, left,
				   pad);
			break;
		case 'x':
			put_number(&sink, va_arg(arguments, unsigned int), 16, false, width, left,
				   pad);
			break;
		default:
			put(&sink, *format);
		}
	}
	sink.text[sink.length] = 0;
	return sink.length;
}

int format(char *text, int size, const char *pattern, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, pattern);
	length = format_list(text, size, pattern, arguments);
	va_end(arguments);
	return length;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int text_length(const char *text)
{
	int length = 0;

	while (text[length])
		length++;
	return length;
}

void *memcpy(void *to, const void *from, size_t length)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	if ((((unsigned int)t | (unsigned int)f) & 3) == 0) {
		for (; length >= 4; length -= 4, t += 4, f += 4)
			*(unsigned int *)t = *(const unsigned int *)f;
	}
	while (length--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	unsigned char *t = to;

	while (length--)
		*t++ = byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const unsigned char *x = a, *y = b;

	for (; length; length--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
