// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a call is about, as objects that rules can name: files by their resolved names, addresses as
 * "192.0.2.1:80", "[::1]:80", "/path/of/socket" or "@name".
 *
 * What the arguments point to is read once, here. The kernel reads it again when the call goes on.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard.h"

/* ---- files */

static int dirfd_before(const struct traced *traced, unsigned int arg)
{
	for (unsigned int i = arg; i-- > 0;)
		if (traced->call->args[i] == KMVIEW_T_DIRFD)
			return traced->args[i];
	return AT_FDCWD;
}

static bool has_type(const struct traced *traced, enum kmview_type type, unsigned int *arg)
{
	for (*arg = 0; *arg < traced->call->argc; ++*arg)
		if (traced->call->args[*arg] == type)
			return true;
	return false;
}

/* The name that an argument points to, resolved. False: the call cannot work. */
static bool file_of(struct traced *traced, unsigned int arg, bool follow,
		    struct guard_object *object)
{
	char *text = object->text;
	char name[PATH_MAX], link[64];
	int dirfd = dirfd_before(traced, arg);
	ssize_t length = traced->engine->string(traced, arg, name, sizeof(name));

	if (length < 0)
		return false;
	if (!length) { /* AT_EMPTY_PATH, or ENOENT */
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, dirfd);
		length = readlink(link, text, GUARD_TEXT - 1);
		text[length > 0 ? length : 0] = '\0';
		return length > 0;
	}
	if (guard_resolve(traced, name, dirfd, follow, text, &object->missing))
		return true;
	return absolute_path(traced, arg, text, GUARD_TEXT);
}

static bool fd_file(const struct traced *traced, int fd, char text[GUARD_TEXT])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, fd);
	length = readlink(link, text, GUARD_TEXT - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return true;
}

/* The flags of an open; false: they cannot be read. */
static bool open_flags(struct traced *traced, uint64_t *flags)
{
	unsigned int arg;

	if (has_type(traced, KMVIEW_T_OPEN, &arg)) {
		*flags = (uint32_t)traced->args[arg];
		return true;
	}
	*flags = O_CREAT | O_WRONLY | O_TRUNC;
	return !has_type(traced, KMVIEW_T_OPEN_HOW, &arg) ||
	       traced->engine->read(traced, traced->args[arg], flags, sizeof(*flags)) ==
		       sizeof(*flags);
}

/* The objects of an open with these flags, of the file in the first. */
static unsigned int opened_so(uint64_t flags, struct guard_object *objects)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
	bool reads = (flags & O_ACCMODE) != O_WRONLY;

	if (flags & O_PATH)
		return 0;
	objects[0].event = reads ? GUARD_READ : GUARD_WRITE;
	objects[0].missing = objects[0].missing && !(flags & O_CREAT);
	if (!reads || !writes)
		return 1;
	objects[1].missing = objects[0].missing;
	strcpy(objects[1].text, objects[0].text);
	objects[1].event = GUARD_WRITE;
	return 2;
}

static unsigned int open_objects(struct traced *traced, struct guard_object *objects)
{
	unsigned int arg;
	uint64_t flags;
	bool follow;

	if (!open_flags(traced, &flags) || !has_type(traced, KMVIEW_T_PATH, &arg))
		return 0;
	follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	return file_of(traced, arg, follow, &objects[0]) ? opened_so(flags, objects) : 0;
}

unsigned int guard_opened(struct traced *traced, int fd, struct guard_object *objects)
{
	unsigned int arg;
	uint64_t flags;

	objects[0].missing = false;
	if (!open_flags(traced, &flags) || !fd_file(traced, fd, objects[0].text))
		return 0;
	if (guard_kind(traced->call) == GUARD_HANDLE && has_type(traced, KMVIEW_T_OPEN, &arg))
		flags = traced->args[arg];
	return opened_so(flags, objects);
}

static bool last_link_followed(const struct traced *traced)
{
	unsigned int arg;

	if (!strcmp(traced->call->family, "linkat"))
		return traced->args[4] & AT_SYMLINK_FOLLOW;
	if (has_type(traced, KMVIEW_T_AT, &arg) && traced->args[arg] & AT_SYMLINK_NOFOLLOW)
		return false;
	return !(traced->call->flags & KMVIEW_CALL_NOFOLLOW);
}

/* Each path of the call; the first of a link can be read by its new name. */
static unsigned int path_objects(struct traced *traced, struct guard_object *objects,
				 enum guard_event event, bool link)
{
	bool follow = last_link_followed(traced);
	unsigned int count = 0;

	for (unsigned int i = 0; i < traced->call->argc && count + 1 < GUARD_OBJECTS; i++) {
		if (traced->call->args[i] != KMVIEW_T_PATH)
			continue;
		if (!traced->args[i]) { /* utimensat(2) of a descriptor */
			if (!fd_file(traced, dirfd_before(traced, i), objects[count].text))
				continue;
		} else if (!file_of(traced, i, follow, &objects[count])) {
			continue;
		}
		objects[count].event = event;
		if (event == GUARD_WRITE)
			objects[count].missing = false;
		if (link && !count) {
			strcpy(objects[1].text, objects[0].text);
			objects[count++].event = GUARD_READ;
			objects[count].event = event;
		}
		count++;
	}
	return count;
}

/* ---- addresses */

union address {
	sa_family_t family;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	char bytes[128];
};

static void unix_text(struct traced *traced, const union address *address, size_t length,
		      struct guard_object *object)
{
	size_t used = length > offsetof(struct sockaddr_un, sun_path)
			      ? length - offsetof(struct sockaddr_un, sun_path)
			      : 0;
	char name[sizeof(address->bytes) + 1] = "";
	bool missing;

	if (used > sizeof(address->un.sun_path))
		used = sizeof(address->un.sun_path);
	memcpy(name, address->un.sun_path, used);
	if (used && !name[0]) {
		for (size_t i = 0; i < used; i++)
			object->text[i] = i && name[i] ? name[i] : '@';
		object->text[used] = '\0';
	} else if (!name[0] ||
		   !guard_resolve(traced, name, AT_FDCWD, true, object->text, &missing)) {
		snprintf(object->text, sizeof(object->text), "%s", *name ? name : "@");
	}
}

static void inet_text(const union address *address, size_t length, struct guard_object *object)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&object->inet;
	char text[INET6_ADDRSTRLEN];

	if (address->family == AF_INET6 && length >= sizeof(address->in6) &&
	    !IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)) {
		object->inet = address->in6;
		snprintf(object->text, sizeof(object->text), "[%s]:%u",
			 inet_ntop(AF_INET6, &address->in6.sin6_addr, text, sizeof(text)),
			 ntohs(address->in6.sin6_port));
		return;
	}
	/* IPv4, also in the form of an IPv6 address */
	four->sin_family = AF_INET;
	four->sin_port = address->in.sin_port;
	if (address->family == AF_INET)
		four->sin_addr = address->in.sin_addr;
	else
		memcpy(&four->sin_addr, address->in6.sin6_addr.s6_addr + 12, 4);
	snprintf(object->text, sizeof(object->text), "%s:%u",
		 inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text)), ntohs(four->sin_port));
}

/* False: there is none, or the call cannot work. */
static bool address_object(struct traced *traced, uint64_t at, uint64_t length,
			   enum guard_event event, struct guard_object *object)
{
	union address address = {};
	ssize_t got;

	object->event = event;
	if (!at || !length)
		return false;
	got = traced->engine->read(traced, at, &address,
				   length < sizeof(address) ? length : sizeof(address));
	if (got < (ssize_t)sizeof(address.family))
		return false;
	object->inet = (struct sockaddr_in6){};
	if (address.family == AF_UNIX)
		unix_text(traced, &address, got, object);
	else if (address.family == AF_INET || address.family == AF_INET6)
		inet_text(&address, got, object);
	else
		snprintf(object->text, sizeof(object->text), "family:%u", address.family);
	/* Taking a connection back leads nowhere. */
	return address.family != AF_UNSPEC;
}

/* The address in a struct msghdr. */
static bool message_object(struct traced *traced, uint64_t at, enum guard_event event,
			   struct guard_object *object)
{
	bool narrow = traced->abi != KMVIEW_ABI_X64;
	uint64_t name = 0;
	uint32_t length = 0;

	if (traced->engine->read(traced, at, &name, narrow ? 4 : 8) < 0 ||
	    traced->engine->read(traced, at + (narrow ? 4 : 8), &length, 4) < 0)
		return false;
	return address_object(traced, name, length, event, object);
}

static unsigned int message_objects(struct traced *traced, struct guard_object *objects)
{
	unsigned int size = traced->abi == KMVIEW_ABI_X64 ? 64 : 32, count = 0;
	uint64_t messages = traced->args[2];

	for (uint64_t i = 0; i < messages && count < GUARD_OBJECTS; i++)
		count += message_object(traced, traced->args[1] + i * size, GUARD_CONNECT,
					&objects[count]);
	return count;
}

unsigned int guard_objects(struct traced *traced, struct guard_object *objects)
{
	enum guard_event event = guard_event_of(traced->call);
	bool sendto = traced->call && !strcmp(traced->call->family, "sendto");

	for (unsigned int i = 0; i < GUARD_OBJECTS; i++)
		objects[i].missing = false;
	switch (guard_kind(traced->call)) {
	case GUARD_OPEN:
		return open_objects(traced, objects);
	case GUARD_PATHS:
		return path_objects(traced, objects, GUARD_WRITE, false);
	case GUARD_LINK:
		return path_objects(traced, objects, GUARD_WRITE, true);
	case GUARD_FD:
		objects[0].event = GUARD_WRITE;
		return fd_file(traced, traced->args[0], objects[0].text);
	case GUARD_EXECVE:
		return path_objects(traced, objects, GUARD_EXEC, false);
	case GUARD_ADDRESS:
		if (event == GUARD_LISTEN || event == GUARD_ACCEPT) {
			objects[0].event = event;
			snprintf(objects[0].text, sizeof(objects[0].text), "descriptor %d",
				 (int)traced->args[0]);
			return 1;
		}
		return address_object(traced, traced->args[sendto ? 4 : 1],
				      traced->args[sendto ? 5 : 2], event, &objects[0]);
	case GUARD_MESSAGE:
		return message_object(traced, traced->args[1], GUARD_CONNECT, &objects[0]);
	case GUARD_MESSAGES:
		return message_objects(traced, objects);
	default:
		return 0;
	}
}
