// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel opens files without asking, of a server that knows nothing of that (VIEW_UNASKED): one
 * whose files nobody can change.
 *
 *	kernel -> read(2) -> here -> server	OPEN, FLUSH: ENOSYS, once; the server sees neither
 *	kernel: READ of a node  -> has it a handle? the request goes on with that
 *				-> else it waits, the server gets an OPEN of ours first
 *	server -> writev(2) -> here -> kernel	the answer to ours: what waited goes on
 *	kernel: FORGET of a node -> the server gets a RELEASE of ours first
 *
 * So the server sees files opened once and closed when the kernel forgets them; and to the kernel an
 * opening is what it remembers. Listings are kept by the kernel, too: a bit in the answer to OPENDIR.
 *
 * Requests of ours have the highest bit in their number, which the kernel's have not. What waits is
 * handed out by the next read(2): the server has one thread (its option -s), which reads after it wrote.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unasked.h"

#define OURS	 (1ULL << 63)
#define BUCKETS	 4096
#define LISTINGS 64
#define SHOWN	 __attribute__((visibility("default")))

struct request {
	struct request *next;
	size_t length;
	char bytes[];
};

/* A file that the server has open, or is about to. */
struct file {
	struct file *next, *next_opening;
	uint64_t node, handle, opening; /* opening: the number of our OPEN, 0: it is open */
	struct request *waiting;
};

static int channel = -1;
static struct file *files[BUCKETS], *files_opening;
static struct request *pending, **pending_end = &pending; /* for the next read(2) */
static uint64_t last;
static uint64_t listings[LISTINGS]; /* numbers of OPENDIR requests that are under way */
static unsigned int next_listing;

void unasked_begin(int fd)
{
	if (getenv("VIEW_UNASKED"))
		channel = fd;
}

static ssize_t real_read(int fd, void *buffer, size_t size)
{
	static ssize_t (*next)(int, void *, size_t);

	if (!next)
		next = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	return next(fd, buffer, size);
}

static ssize_t real_writev(int fd, const struct iovec *parts, int count)
{
	static ssize_t (*next)(int, const struct iovec *, int);

	if (!next)
		next = (ssize_t(*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
	return next(fd, parts, count);
}

/* The number may be another file's from then on. */
SHOWN int close(int fd)
{
	static int (*next)(int);

	if (!next)
		next = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (fd == channel)
		channel = -1;
	return next(fd);
}

static void answer(uint64_t number, int error)
{
	struct fuse_out_header head = {.len = sizeof(head), .error = error, .unique = number};
	struct iovec part = {&head, sizeof(head)};

	real_writev(channel, &part, 1);
}

/* ---- requests */

static struct request *request_new(const void *bytes, size_t length)
{
	struct request *request = malloc(sizeof(*request) + length);

	if (request) {
		request->next = NULL;
		request->length = length;
		if (bytes)
			memcpy(request->bytes, bytes, length);
	}
	return request;
}

static void push(struct request *request)
{
	if (!request)
		return;
	request->next = NULL;
	*pending_end = request;
	pending_end = &request->next;
}

/* The next for the server; 0: there is none. */
static ssize_t pop(void *buffer, size_t size)
{
	struct request *request = pending;
	ssize_t length;

	if (!request)
		return 0;
	pending = request->next;
	if (!pending)
		pending_end = &pending;
	length = request->length < size ? request->length : size;
	memcpy(buffer, request->bytes, length);
	free(request);
	return length;
}

/* A request of ours about a node, for whom the first one was. */
static struct request *ours(const struct fuse_in_header *first, uint32_t opcode, uint64_t node,
			    const void *body, size_t length)
{
	struct request *request = request_new(NULL, sizeof(*first) + length);
	struct fuse_in_header *head;

	if (!request)
		return NULL;
	head = (struct fuse_in_header *)request->bytes;
	*head = *first;
	head->len = request->length;
	head->opcode = opcode;
	head->unique = OURS | ++last;
	head->nodeid = node;
	memcpy(head + 1, body, length);
	return request;
}

/* ---- files */

static struct file **find(uint64_t node)
{
	struct file **at = &files[(node * 0x9e3779b97f4a7c15ULL) >> 52];

	while (*at && (*at)->node != node)
		at = &(*at)->next;
	return at;
}

static uint64_t *handle_in(struct request *request)
{
	return (uint64_t *)(request->bytes + sizeof(struct fuse_in_header));
}

/* A request for data. True: it may go on, with the handle in it; false: it waits for the opening. */
static bool has_handle(char *bytes, size_t length)
{
	struct fuse_in_header *head = (struct fuse_in_header *)bytes;
	struct file **at = find(head->nodeid), *file = *at;
	const struct fuse_open_in flags = {0};
	struct request *request, *open;

	if (file && !file->opening) {
		memcpy(head + 1, &file->handle, sizeof(file->handle));
		return true;
	}
	request = request_new(bytes, length);
	open = file ? NULL : ours(head, FUSE_OPEN, head->nodeid, &flags, sizeof(flags));
	if (!file && open && (file = calloc(1, sizeof(*file)))) {
		file->node = head->nodeid;
		file->opening = ((struct fuse_in_header *)open->bytes)->unique;
		*at = file;
		file->next_opening = files_opening;
		files_opening = file;
		push(open);
		open = NULL;
	}
	free(open);
	if (!request || !file) {
		free(request);
		answer(head->unique, -ENOMEM);
		return false;
	}
	request->next = file->waiting;
	file->waiting = request;
	return false;
}

/* The server has opened a file of ours, or not. */
static void opened(uint64_t number, int error, const struct fuse_open_out *out)
{
	struct file **at = &files_opening, *file;

	while (*at && (*at)->opening != number)
		at = &(*at)->next_opening;
	file = *at;
	if (!file)
		return; /* a file was closed */
	*at = file->next_opening;
	while (file->waiting) {
		struct request *request = file->waiting;

		file->waiting = request->next;
		if (error) {
			answer(((struct fuse_in_header *)request->bytes)->unique, error);
			free(request);
		} else {
			*handle_in(request) = out->fh;
			push(request);
		}
	}
	if (error) {
		at = find(file->node);
		*at = file->next;
		free(file);
	} else {
		file->opening = 0;
		file->handle = out->fh;
	}
}

static void forget(const struct fuse_in_header *first, uint64_t node)
{
	struct file **at = find(node), *file = *at;
	struct fuse_release_in body = {0};

	if (!file || file->opening)
		return;
	body.fh = file->handle;
	push(ours(first, FUSE_RELEASE, node, &body, sizeof(body)));
	*at = file->next;
	free(file);
}

static void forget_many(const struct fuse_in_header *head, size_t length)
{
	const struct fuse_batch_forget_in *batch = (const void *)(head + 1);
	const struct fuse_forget_one *one = (const void *)(batch + 1);

	for (uint32_t i = 0;
	     i < batch->count && (const char *)(one + i + 1) <= (const char *)head + length; i++)
		forget(head, one[i].nodeid);
}

/* ---- from the kernel */

/* True: the server is to have the request. */
static bool take(char *bytes, size_t length)
{
	struct fuse_in_header *head = (struct fuse_in_header *)bytes;
	struct fuse_getattr_in *attributes = (struct fuse_getattr_in *)(head + 1);
	const struct fuse_init_in *init = (const void *)(head + 1);

	switch (head->opcode) {
	case FUSE_INIT:
		if (!(init->flags & FUSE_NO_OPEN_SUPPORT))
			channel = -1;
		return true;
	case FUSE_OPEN:
	case FUSE_FLUSH:
	case FUSE_LSEEK:
		answer(head->unique, -ENOSYS);
		return false;
	case FUSE_FSYNC:
		answer(head->unique, 0);
		return false;
	case FUSE_READ:
	case FUSE_IOCTL:
		/* Of directories, which are opened. */
		if (length < sizeof(*head) + sizeof(uint64_t) || *(uint64_t *)(head + 1))
			return true;
		return has_handle(bytes, length);
	case FUSE_GETATTR:
		if (length >= sizeof(*head) + sizeof(*attributes) && !attributes->fh)
			attributes->getattr_flags &= ~FUSE_GETATTR_FH;
		return true;
	case FUSE_OPENDIR:
		listings[next_listing++ % LISTINGS] = head->unique;
		return true;
	case FUSE_FORGET:
		forget(head, head->nodeid);
		break;
	case FUSE_BATCH_FORGET:
		forget_many(head, length);
		break;
	default:
		return true;
	}
	if (!pending)
		return true;
	push(request_new(bytes, length)); /* behind what closes */
	return false;
}

SHOWN ssize_t read(int fd, void *buffer, size_t size)
{
	ssize_t length;

	if (fd != channel || channel < 0)
		return real_read(fd, buffer, size);
	do {
		length = pop(buffer, size);
		if (length)
			return length;
		length = real_read(fd, buffer, size);
	} while (length >= (ssize_t)sizeof(struct fuse_in_header) && !take(buffer, length));
	return length;
}

/* ---- to the kernel */

static bool was_listing(uint64_t number)
{
	for (size_t i = 0; i < LISTINGS; i++) {
		if (listings[i] != number)
			continue;
		listings[i] = 0;
		return true;
	}
	return false;
}

SHOWN ssize_t writev(int fd, const struct iovec *parts, int count)
{
	const struct fuse_out_header *head = count > 0 ? parts[0].iov_base : NULL;
	const struct fuse_open_out *out = count > 1 ? parts[1].iov_base : NULL;
	struct fuse_open_out kept;
	struct iovec changed[2];

	if (fd != channel || channel < 0 || !head || parts[0].iov_len < sizeof(*head))
		return real_writev(fd, parts, count);
	if (head->unique & OURS) {
		opened(head->unique, head->error ? head->error : out ? 0 : -EIO, out);
		return head->len;
	}
	if (head->unique && !head->error && count == 2 && parts[1].iov_len == sizeof(kept) &&
	    was_listing(head->unique)) {
		kept = *out;
		kept.open_flags |= FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE;
		changed[0] = parts[0];
		changed[1] = (struct iovec){&kept, sizeof(kept)};
		return real_writev(fd, changed, 2);
	}
	return real_writev(fd, parts, count);
}
