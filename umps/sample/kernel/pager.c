/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pager.
 *
 * A fault takes a frame (free, or the next in turn, whose owner loses it), writes the old content
 * to disk if it was modified, and reads the wanted page from the disk, from the program on flash,
 * or clears it. While that lasts other processes run, so one fault is served at a time. Pages are
 * given out read only; the exception at the first write tells which are modified.
 *
 * Any change of a page table clears the TLB: it fills again in no time, and no stale entry
 * survives.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>

#include "block.h"
#include "pager.h"

#define STACK_PAGE    (N_PAGES - 1)
#define STACK_ADDRESS 0xBFFFF000
#define PAGE_MASK     0xFFFFF000
#define MAX_FRAMES    24
#define MAX_SWAP      256

struct frame {
	struct process *owner; /* NULL: free */
	int page;
};

extern char end[]; /* of the kernel, from the linker script */

static struct frame frames[MAX_FRAMES];
static unsigned int first_frame; /* address */
static int n_frames, next_victim;
static bool swap_used[MAX_SWAP];
static int n_swap;
static struct semaphore pager_free = {1, {0}};
static struct memory_info statistics;

void pager_start(void)
{
	unsigned int ram_end =
		*(unsigned int *)BUS_REG_RAM_BASE + *(unsigned int *)BUS_REG_RAM_SIZE;

	first_frame = ((unsigned int)end + PAGESIZE - 1) & PAGE_MASK;
	n_frames = MIN((int)((ram_end - first_frame) / PAGESIZE), MAX_FRAMES);
	n_swap = MIN(disk_blocks(), MAX_SWAP);
}

int pager_page_number(unsigned int address)
{
	if ((address & PAGE_MASK) == STACK_ADDRESS)
		return STACK_PAGE;
	if (address < KUSEG || address >= KUSEG + STACK_PAGE * PAGESIZE)
		return -1;
	return (address - KUSEG) / PAGESIZE;
}

static void *frame_memory(int frame)
{
	return (void *)(first_frame + frame * PAGESIZE);
}

/* Writes a modified page to disk; false if there is no room or the disk fails. */
static bool swap_out(struct page *page, int frame)
{
	int block;

	if (page->swap_block < 0) {
		for (block = 0; block < n_swap && swap_used[block]; block++)
			;
		if (block == n_swap)
			return false;
		swap_used[block] = true;
		page->swap_block = block;
	}
	statistics.page_outs++;
	return disk_write(page->swap_block, frame_memory(frame));
}

/* A frame with nobody's page in it, or -1. */
static int take_frame(void)
{
	struct page *page;
	int frame;

	for (frame = 0; frame < n_frames; frame++)
		if (!frames[frame].owner)
			return frame;
	frame = next_victim;
	next_victim = (next_victim + 1) % n_frames;
	page = &frames[frame].owner->pages[frames[frame].page];
	if (page->entry_lo & ENTRYLO_DIRTY) {
		page->entry_lo &= ~ENTRYLO_VALID; /* its owner may run while it is written */
		TLBCLR();
		if (!swap_out(page, frame)) {
			page->entry_lo |= ENTRYLO_VALID;
			return -1;
		}
	}
	page->entry_lo = 0;
	TLBCLR();
	frames[frame].owner = NULL;
	return frame;
}

static bool fill(struct process *process, int number, void *memory)
{
	if (process->pages[number].swap_block >= 0)
		return disk_read(process->pages[number].swap_block, memory);
	if (number < process->file_pages)
		return flash_read(process->first_block + number, memory);
	memset(memory, 0, PAGESIZE);
	return true;
}

/* Brings a page of the current process in; what failed, or NULL. */
static const char *bring(int number)
{
	struct page *page = &current->pages[number];
	const char *why = NULL;
	int frame;

	semaphore_take(&pager_free);
	statistics.faults++;
	frame = take_frame();
	if (page->entry_lo & ENTRYLO_VALID) {
		; /* it was about to be taken away, and was not */
	} else if (frame < 0) {
		why = "memory and swap disk are full";
	} else if (!fill(current, number, frame_memory(frame))) {
		why = "a page of it could not be read";
	} else {
		statistics.page_ins++;
		frames[frame] = (struct frame){current, number};
		page->entry_lo = (unsigned int)frame_memory(frame) | ENTRYLO_VALID;
		TLBCLR();
	}
	semaphore_give(&pager_free);
	return why;
}

void pager_fault(unsigned int address)
{
	int number = pager_page_number(address);
	const char *why = "it touched memory that it does not have";

	if (number >= 0)
		why = current->pages[number].entry_lo & ENTRYLO_VALID ? NULL : bring(number);
	if (why)
		process_end(why);
}

static bool allow_write(int number)
{
	if (number < current->text_pages)
		return false;
	current->pages[number].entry_lo |= ENTRYLO_DIRTY;
	TLBCLR();
	return true;
}

void pager_modified(unsigned int address)
{
	int number = pager_page_number(address);

	/* The page may have gone while this process waited for the processor: then it is a fault.
	 */
	if (!(current->pages[number].entry_lo & ENTRYLO_VALID))
		return;
	if (!allow_write(number))
		process_end("it wrote to its own instructions");
}

void *pager_touch(unsigned int address, bool write)
{
	int number = pager_page_number(address);
	struct page *page = &current->pages[number];

	if (number < 0)
		return NULL;
	while (!(page->entry_lo & ENTRYLO_VALID))
		if (bring(number))
			return NULL;
	if (write && !(page->entry_lo & ENTRYLO_DIRTY) && !allow_write(number))
		return NULL;
	return (void *)((page->entry_lo & PAGE_MASK) | (address & ~PAGE_MASK));
}

static void copy(char *kernel, unsigned int address, int length, bool out)
{
	int part;
	void *user;

	for (; length > 0; kernel += part, address += part, length -= part) {
		user = pager_touch(address, out);
		if (!user)
			process_end("it gave the kernel an address that is not its own");
		part = MIN(length, (int)(PAGESIZE - (address & ~PAGE_MASK)));
		if (out)
			memcpy(user, kernel, part);
		else
			memcpy(kernel, user, part);
	}
}

void pager_copy_in(void *to, unsigned int from, int length)
{
	copy(to, from, length, false);
}

void pager_copy_out(unsigned int to, const void *from, int length)
{
	copy((char *)from, to, length, true);
}

void pager_release(struct process *process)
{
	int i;

	semaphore_take(&pager_free);
	for (i = 0; i < n_frames; i++)
		if (frames[i].owner == process)
			frames[i].owner = NULL;
	for (i = 0; i < N_PAGES; i++) {
		process->pages[i].entry_lo = 0;
		if (process->pages[i].swap_block >= 0)
			swap_used[process->pages[i].swap_block] = false;
	}
	TLBCLR();
	semaphore_give(&pager_free);
}

int pager_resident(const struct process *process)
{
	int i, count = 0;

	for (i = 0; i < n_frames; i++)
		count += frames[i].owner == process;
	return count;
}

void pager_statistics(struct memory_info *info)
{
	*info = statistics;
	info->frames = n_frames;
	info->free_frames = pager_resident(NULL);
}
