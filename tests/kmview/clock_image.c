// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image for KMVIEW_IMAGE: the vDSO's functions of the clock, which add to what the kernel's own give the number of
 * seconds in the shared page. Linked by clock_image.lds to one segment; behind it comes struct kmview_image_page.
 */
#include <elf.h>
#include <sys/time.h>
#include <time.h>

#include "user/libkmview/kmview.h"

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

/* What is mapped of it: it is no longer than a page. */
#define IMAGE_BYTES 4096

static const struct kmview_image_page *page(void)
{
	return (const void *)(__ehdr_start + IMAGE_BYTES);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A function of the vDSO, or of the image of the session outside. */
static void *function(const char *name)
{
	const Elf64_Ehdr *elf = (const void *)page()->vdso;
	const Elf64_Phdr *segment = (const void *)((const char *)elf + elf->e_phoff);
	const char *base = (const char *)elf, *names = 0;
	const Elf64_Sym *symbols = 0;
	const Elf64_Dyn *dynamic = 0;

	for (int i = 0; i < elf->e_phnum; i++) {
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + segment[i].p_vaddr);
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_STRTAB)
			names = base + dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + dynamic->d_un.d_ptr);
	}
	/* The names come right behind the symbols. */
	for (const Elf64_Sym *symbol = symbols; symbol && (const char *)symbol < names; symbol++) {
		if (symbol->st_shndx && same(names + symbol->st_name, name))
			return (void *)(base + symbol->st_value);
	}
	return 0;
}

static long offset(void)
{
	return page()->shared ? *(volatile const long *)page()->shared : 0;
}

int __vdso_clock_gettime(clockid_t clock, struct timespec *now)
{
	int (*outer)(clockid_t, struct timespec *) = function("__vdso_clock_gettime");
	int result = outer(clock, now);

	if (!result && clock == CLOCK_REALTIME)
		now->tv_sec += offset();
	return result;
}

int __vdso_gettimeofday(struct timeval *now, void *zone)
{
	int (*outer)(struct timeval *, void *) = function("__vdso_gettimeofday");
	int result = outer(now, zone);

	if (!result && now)
		now->tv_sec += offset();
	return result;
}

long __vdso_time(long *where)
{
	long (*outer)(long *) = function("__vdso_time");
	long now = outer(0) + offset();

	if (where)
		*where = now;
	return now;
}
