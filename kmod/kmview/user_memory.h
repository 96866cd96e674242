/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_USER_MEMORY_H
#define KMVIEW_USER_MEMORY_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * kmview_copy_string() - As strncpy_from_user(), without the check that the destination lies within one object,
 * which searches the tree of all vmalloc areas each time.
 * @to: of @room bytes
 * @from: the string
 * @room: bytes of it that are wanted, with the NUL
 *
 * Return: The length without the NUL, @room if there is none in it, or -EFAULT.
 */
long kmview_copy_string(char *to, const char __user *from, size_t room);

/**
 * kmview_copy_out() - As copy_to_user(), without that check, and word by word: of the few hundred bytes that
 * answers have this is the quickest way.
 * @to: the address
 * @from: kernel memory
 * @length: bytes
 *
 * Return: True, or false: EFAULT.
 */
bool kmview_copy_out(u64 to, const void *from, size_t length);

#endif
