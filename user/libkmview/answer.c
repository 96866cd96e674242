// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Answers, and the memory of the task that waits for one.
 *
 * An answer is written into the slot of the request, then the slot goes from TAKEN to ANSWERED; the
 * compare-and-swap fails if the kernel cancelled it meanwhile, and the slot is given back instead.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "session.h"

static bool slot_move(struct kmview_slot *slot, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static struct kmview_slot *answer_begin(struct kmview_request *request, uint32_t verdict,
					uint32_t flags)
{
	struct kmview_slot *slot = session_slot(request->session, request->slot);
	uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);

	/* A second answer must not touch the first, nor the slot's next event. */
	if ((state != KMVIEW_TAKEN && state != KMVIEW_CANCELLED) ||
	    slot->event.id != request->event.id)
		return NULL;
	slot->answer.id = request->event.id;
	slot->answer.verdict = verdict;
	slot->answer.flags = flags;
	return slot;
}

static int answer_end(struct kmview_request *request, struct kmview_slot *slot)
{
	if (slot->told)
		return slot_move(slot, KMVIEW_TAKEN, KMVIEW_RELEASED) ? 0 : -ESTALE;
	if (slot_move(slot, KMVIEW_TAKEN, KMVIEW_ANSWERED)) {
		if (!__atomic_load_n(&slot->waiting, __ATOMIC_SEQ_CST))
			return 0;
		return loop_wake(request->loop, request->session, request->slot);
	}
	return slot_move(slot, KMVIEW_CANCELLED, KMVIEW_RELEASED) ? -ECANCELED : -ESTALE;
}

static int answer_plain(struct kmview_request *request, uint32_t verdict, uint32_t flags,
			int64_t value)
{
	struct kmview_slot *slot = answer_begin(request, verdict, flags);

	if (!slot)
		return -ESTALE;
	slot->answer.value = value;
	return answer_end(request, slot);
}

static uint32_t tell_flag(const struct kmview_request *request, bool tell)
{
	if (request->event.kind == KMVIEW_KIND_EXIT)
		return 0;
	return tell || request->tell ? KMVIEW_ANSWER_EXIT : 0;
}

int kmview_continue(struct kmview_request *request)
{
	return answer_plain(request, KMVIEW_CONTINUE, tell_flag(request, false), 0);
}

int kmview_continue_tell(struct kmview_request *request)
{
	return answer_plain(request, KMVIEW_CONTINUE, tell_flag(request, true), 0);
}

int kmview_return(struct kmview_request *request, int64_t value)
{
	return answer_plain(request, KMVIEW_RETURN, 0, value);
}

int kmview_change(struct kmview_request *request, const uint64_t args[6], bool tell)
{
	struct kmview_slot *slot;

	if (request->socketcall) {
		int error = socketcall_change(request, args);

		if (error == -ESTALE)
			return answer_plain(request, KMVIEW_CONTINUE, 0, 0);
		if (error < 0)
			return kmview_return(request, error);
		return answer_plain(request, KMVIEW_CONTINUE, tell_flag(request, tell), 0);
	}
	slot = answer_begin(request, KMVIEW_CHANGE, tell_flag(request, tell));
	if (!slot)
		return -ESTALE;
	for (unsigned int i = 0; i < 6; i++)
		slot->answer.args[i] = args[i];
	return answer_end(request, slot);
}

int kmview_return_bytes(struct kmview_request *request, int64_t value, uint64_t address,
			const void *bytes, size_t length)
{
	struct kmview_slot *slot;

	if (length > request->session->init.slot_size - sizeof(struct kmview_slot)) {
		ssize_t moved = kmview_write(request, address, bytes, length);

		if (moved != (ssize_t)length && moved != -ESTALE)
			value = -EFAULT;
		return kmview_return(request, value);
	}
	slot = answer_begin(request, KMVIEW_RETURN, KMVIEW_ANSWER_COPY);
	if (!slot)
		return -ESTALE;
	memcpy(slot->data, bytes, length);
	slot->answer.value = value;
	slot->answer.copy_to = address;
	slot->answer.copy_offset = 0;
	slot->answer.copy_length = length;
	return answer_end(request, slot);
}

int kmview_install(struct kmview_request *request, int fd, int wanted, bool close_on_exec)
{
	struct kmview_give give = {.id = request->event.id, .slot = request->slot, .fd = fd};
	int error = session_ioctl(request->session, KMVIEW_GIVE, &give);

	if (error < 0 && error != -ESTALE)
		return error;
	return answer_plain(request, KMVIEW_INSTALL, close_on_exec ? KMVIEW_ANSWER_CLOEXEC : 0,
			    wanted);
}

/*
 * Of a task that has gone on: what came along with the event, as the kernel copied it then, else
 * what is in its memory now.
 */
static ssize_t read_told(struct kmview_request *request, const struct kmview_slot *slot,
			 uint64_t address, void *buffer, size_t length)
{
	struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
	ssize_t got;

	for (unsigned int i = 0; i < 6; i++) {
		const struct kmview_copied *copied = &request->event.copied[i];
		uint64_t from = request->event.args[i];

		if (!copied->length || address < from || address - from >= copied->length)
			continue;
		if (length > copied->length - (address - from)) {
			/* The caller asks for as much as there may be. */
			if (copied->flags & KMVIEW_COPIED_CUT)
				continue;
			length = copied->length - (address - from);
		}
		memcpy(buffer, slot->data + copied->offset + (address - from), length);
		return length;
	}
	got = process_vm_readv(request->event.tid, &local, 1, &remote, 1, 0);
	return got < 0 ? -errno : got;
}

static ssize_t memory(struct kmview_request *request, uint64_t address, void *buffer, size_t length,
		      bool write)
{
	struct kmview_mem mem = {
		.id = request->event.id,
		.slot = request->slot,
		.write = write,
		.address = address,
		.buffer = (uintptr_t)buffer,
		.length = length,
	};
	const struct kmview_slot *slot = session_slot(request->session, request->slot);

	if (!write && slot->told && slot->event.id == request->event.id)
		return read_told(request, slot, address, buffer, length);
	return session_ioctl(request->session, KMVIEW_MEM, &mem);
}

ssize_t kmview_read(struct kmview_request *request, uint64_t address, void *buffer, size_t length)
{
	return memory(request, address, buffer, length, false);
}

ssize_t kmview_write(struct kmview_request *request, uint64_t address, const void *bytes,
		     size_t length)
{
	return memory(request, address, (void *)bytes, length, true);
}

ssize_t kmview_string_at(struct kmview_request *request, uint64_t address, char *buffer,
			 size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE), have = 0;

	while (have < size) {
		size_t chunk = page - (address + have) % page;
		ssize_t moved;
		char *end;

		if (chunk > size - have)
			chunk = size - have;
		moved = kmview_read(request, address + have, buffer + have, chunk);
		if (moved <= 0)
			return moved ? moved : -EFAULT;
		end = memchr(buffer + have, 0, moved);
		if (end)
			return end - buffer;
		have += moved;
	}
	return -ENAMETOOLONG;
}

ssize_t kmview_string(struct kmview_request *request, unsigned int arg, char *buffer, size_t size)
{
	const struct kmview_copied *copied = &request->event.copied[arg];
	const struct kmview_slot *slot = session_slot(request->session, request->slot);

	if (copied->flags & KMVIEW_COPIED_FAULT)
		return -EFAULT;
	if (!copied->length || (copied->flags & KMVIEW_COPIED_CUT))
		return kmview_string_at(request, request->event.args[arg], buffer, size);
	if (copied->length > size)
		return -ENAMETOOLONG;
	memcpy(buffer, slot->data + copied->offset, copied->length);
	return copied->length - 1;
}

ssize_t kmview_bytes(struct kmview_request *request, unsigned int arg, void *buffer, size_t length)
{
	const struct kmview_copied *copied = &request->event.copied[arg];
	const struct kmview_slot *slot = session_slot(request->session, request->slot);

	if (copied->flags & KMVIEW_COPIED_FAULT)
		return -EFAULT;
	if (copied->length < length)
		return kmview_read(request, request->event.args[arg], buffer, length);
	memcpy(buffer, slot->data + copied->offset, length);
	return length;
}
