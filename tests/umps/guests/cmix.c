/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mix of ordinary C: sieve, CRC-32, recursion, list work. ROUNDS scales it. With MAPPED its data
 * are behind the TLB at 0x80000000, more pages than entries, refilled by a handler, and the
 * interval timer interrupts it.
 */
#if defined(MAPPED) && defined(UMPS2)
#include "../guests2/handlers.h"
#elif defined(MAPPED)
#include "handlers.h"
#else
#include "guest.h"
#endif

#ifndef ROUNDS
#define ROUNDS 20
#endif

#define SIEVE 8192
struct node {
	struct node *next;
	u32 key;
};
#ifdef MAPPED
#define SPREAD	  40 /* nodes lie on 20 pages */
#define composite ((u8 *)0x80000000)
#define nodes	  ((struct node *)0x80004000)
#else
#define SPREAD 1
static u8 composite[SIEVE];
static struct node nodes[256];
#endif

static u32 sieve(void)
{
	u32 primes = 0;

	for (u32 i = 0; i < SIEVE; i++)
		composite[i] = 0;
	for (u32 i = 2; i < SIEVE; i++) {
		if (composite[i])
			continue;
		primes++;
		for (u32 j = i + i; j < SIEVE; j += i)
			composite[j] = 1;
	}
	return primes;
}

static u32 crc(const u8 *bytes, u32 length)
{
	u32 value = 0xFFFFFFFF;

	while (length--) {
		value ^= *bytes++;
		for (int i = 0; i < 8; i++)
			value = value & 1 ? value >> 1 ^ 0xEDB88320 : value >> 1;
	}
	return ~value;
}

static u32 __attribute__((noinline)) fibonacci(u32 n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static u32 sorted_list(void)
{
	struct node *head = 0, **at, *node;
	u32 seed = 1, sum = 0, n = 0;

	for (u32 i = 0; i < 256; i++) {
		seed = seed * 1103515245 + 12345;
		node = &nodes[i * SPREAD];
		node->key = seed >> 16 & 0x7FFF;
		for (at = &head; *at && (*at)->key < node->key; at = &(*at)->next)
			;
		node->next = *at;
		*at = node;
	}
	for (struct node *p = head; p; p = p->next)
		sum += p->key * n++ % 7919;
	return sum;
}

int main(void)
{
	u32 sum = 0;

#ifdef MAPPED
	handlers_start(2000);
#endif
	for (u32 round = 0; round < ROUNDS; round++) {
		sum += sieve();
		sum = sum * 31 + crc(composite, 2048);
		sum = sum * 31 + fibonacci(16);
		sum = sum * 31 + sorted_list();
	}
#ifdef MAPPED
	handlers_stop();
	show("refills", refills);
	show("interrupts", interrupts);
#endif
	show("sum", sum);
	show("tod", TOD);
	return 0;
}
