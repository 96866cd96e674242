// SPDX-License-Identifier: GPL-2.0-only
/*
 * A manager as it was written for ABI 1.1, against the header of that version (abi-1.1/kmview.h), without
 * the library: what runs today has to run unchanged. Neither this file nor that header follows the
 * protocol's changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kmview/abi-1.1/kmview.h"
#include "tests/lib/tap.h"

static int device;
static struct kmview_init init = {.major = 1, .minor = 1};
static struct kmview_ring *ring;
static unsigned int served;

static struct kmview_slot *slot_of(uint32_t index)
{
	return (struct kmview_slot *)((char *)ring + ring->slots_offset +
				      (size_t)index * ring->slot_size);
}

/* Answer what is there; the cookie, the string that came along and the mark decide how. */
static void serve(void)
{
	while (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) != ring->tail) {
		struct kmview_entry entry = ring->entry[ring->tail & ring->mask];
		struct kmview_exchange wake = {.count = 1, .slot = entry.slot};
		struct kmview_slot *slot = slot_of(entry.slot);

		__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
		if (entry.what != KMVIEW_ENTRY_EVENT)
			continue;
		slot->state = KMVIEW_TAKEN;
		memset(&slot->answer, 0, sizeof(slot->answer));
		slot->answer.id = slot->event.id;
		slot->answer.verdict = KMVIEW_RETURN;
		slot->answer.value = -EIO;
		if (slot->event.cookie == 7 && slot->event.nr == SYS_getppid)
			slot->answer.value = 4242;
		if (slot->event.nr == SYS_chdir &&
		    !strcmp((char *)slot->data + slot->event.copied[0].offset, "/nowhere"))
			slot->answer.value = 5;
		if (slot->event.nr == SYS_lseek)
			slot->answer.value = 6;
		served++;
		__atomic_store_n(&slot->state, KMVIEW_ANSWERED, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&slot->waiting, __ATOMIC_SEQ_CST))
			ioctl(device, KMVIEW_EXCHANGE, &wake);
	}
}

static int child_main(int marked, int plain)
{
	struct kmview_join join = {.cookie = 7};

	if (ioctl(device, KMVIEW_JOIN, &join))
		return 1;
	if (syscall(SYS_getppid) != 4242)
		return 2;
	if (syscall(SYS_chdir, "/nowhere") != 5)
		return 3;
	if (syscall(SYS_lseek, marked, 0, SEEK_CUR) != 6)
		return 4;
	if (syscall(SYS_lseek, plain, 0, SEEK_CUR) != 0)
		return 5;
	return 0;
}

int main(void)
{
	struct kmview_rule list[] = {
		{.nr = SYS_getppid, .action = KMVIEW_NOTIFY},
		{.nr = SYS_chdir, .action = KMVIEW_NOTIFY, .copy = {KMVIEW_COPY_STRING}},
		{.nr = SYS_lseek,
		 .action = KMVIEW_NOTIFY,
		 .flags = KMVIEW_RULE_FD,
		 .fd_marks = 1,
		 .dirfd_arg = 255,
		 .nofollow_arg = 255},
	};
	struct kmview_rules rules = {.rules = (uintptr_t)list, .count = 3};
	struct kmview_exchange wait = {.flags = KMVIEW_EXCHANGE_WAIT, .timeout_ms = -1};
	struct kmview_mark mark = {.marks = 1};
	struct kmview_stats stats;
	int plain = open("/etc/passwd", O_RDONLY), status = -1;
	pid_t child;

	mark.fd = open("/etc/passwd", O_RDONLY);
	device = open(KMVIEW_DEVICE, O_RDWR | O_CLOEXEC);
	ok(device >= 0 && ioctl(device, KMVIEW_INIT, &init) == 0 && init.major == 1 &&
		   init.minor >= 1,
	   "a manager of ABI 1.1 opens a session");
	ring = mmap(NULL, init.ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	ok(ring != MAP_FAILED && ioctl(device, KMVIEW_RULES, &rules) == 0 && rules.done == 3 &&
		   ioctl(device, KMVIEW_MARK, &mark) == 0,
	   "it sets rules and marks");
	child = fork();
	if (child == 0)
		_exit(child_main(mark.fd, plain));
	while (ioctl(device, KMVIEW_EXCHANGE, &wait) >= 0 || errno == EINTR)
		serve();
	ok(errno == ESRCH && waitpid(child, &status, 0) == child && status == 0 && served == 3,
	   "it answers calls");
	ok(ioctl(device, KMVIEW_STATS, &stats) == 0 && stats.events == 3 && stats.answers == 3 &&
		   stats.bad_answers == 0,
	   "its statistics are right");
	return done_testing();
}
