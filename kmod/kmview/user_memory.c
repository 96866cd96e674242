// SPDX-License-Identifier: GPL-2.0-only
/* To and from user space, see user_memory.h: by words, as long as the memory goes on, then by bytes. */
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/word-at-a-time.h>

#include "user_memory.h"

long kmview_copy_string(char *to, const char __user *from, size_t room)
{
	const struct word_at_a_time constants = WORD_AT_A_TIME_CONSTANTS;
	unsigned long address = (unsigned long)from, word, zeros;
	size_t length = 0, most;
	char c;

	if (address >= TASK_SIZE_MAX)
		return -EFAULT;
	most = min_t(size_t, room, TASK_SIZE_MAX - address);
	if (!user_read_access_begin(from, most))
		return -EFAULT;
	while (most - length >= sizeof(word)) {
		unsafe_get_user(word, (const unsigned long __user *)(from + length), bytes);
		memcpy(to + length, &word, sizeof(word));
		if (has_zero(word, &zeros, &constants)) {
			zeros = create_zero_mask(prep_zero_mask(word, zeros, &constants));
			length += find_zero(zeros);
			goto out;
		}
		length += sizeof(word);
	}
bytes: /* up to the end of the room, or where the word reached into memory that is not there */
	for (; length < most; length++) {
		unsafe_get_user(c, from + length, fault);
		to[length] = c;
		if (!c)
			break;
	}
out:
	user_read_access_end();
	return length < most || most == room ? length : -EFAULT;
fault:
	user_read_access_end();
	return -EFAULT;
}

bool kmview_copy_out(u64 address, const void *bytes, size_t length)
{
	u64 __user *to = (u64 __user *)(unsigned long)address;
	const u64 *from = bytes;

	if (!length)
		return true;
	if (!user_write_access_begin(to, length))
		return false;
	for (; length >= 64; length -= 64, to += 8, from += 8) {
		unsafe_put_user(from[0], to, fault);
		unsafe_put_user(from[1], to + 1, fault);
		unsafe_put_user(from[2], to + 2, fault);
		unsafe_put_user(from[3], to + 3, fault);
		unsafe_put_user(from[4], to + 4, fault);
		unsafe_put_user(from[5], to + 5, fault);
		unsafe_put_user(from[6], to + 6, fault);
		unsafe_put_user(from[7], to + 7, fault);
	}
	unsafe_copy_to_user((char __user *)to, (const char *)from, length, fault);
	user_write_access_end();
	return true;
fault:
	user_write_access_end();
	return false;
}
