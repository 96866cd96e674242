// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: three kinds of ends behind one face: libvdeplug's connections, streams (a pair of
 * descriptors and the buffer of a stream) and packet sockets.
 *
 * The descriptor of a libvdeplug connection is a socket, a tap, a pipe, or, for schemes that serve
 * several sockets (ptp, hub, switch, multi, bonding, vxvde), an epoll descriptor, whose plugin waits
 * in vde_recv() when nothing is there. So only sockets and taps are made nonblocking and read until
 * they are empty; the others are read once for each time that they are ready.
 */
#include "user/vde/cmd/end.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/refusal.h"
#include "user/vde/cmd/stream.h"

enum kind { KIND_VNL, KIND_STREAM, KIND_DEVICE };

struct end {
	enum kind kind;
	char *name;
	VDECONN *connection;
	bool drains;	/* may be read until nothing is there: a socket or a tap */
	bool connected; /* 0 bytes are the end: another program's stream, not a datagram */
	int in, out;	/* streams and devices */
	pid_t child;
	struct stream *stream;
};

static struct end *end_new(enum kind kind, const char *name)
{
	struct end *end = calloc(1, sizeof(*end));

	if (!end || !(end->name = strdup(name))) {
		complain("out of memory");
		free(end);
		return NULL;
	}
	end->kind = kind;
	end->in = end->out = -1;
	return end;
}

struct end *end_open_stream(const char *name, int in, int out)
{
	struct end *end = end_new(KIND_STREAM, name);

	if (!end)
		return NULL;
	end->in = in;
	end->out = out;
	end->stream = calloc(1, sizeof(*end->stream));
	if (end->stream)
		return end;
	complain("out of memory");
	end_close(end);
	return NULL;
}

/* A packet socket of a network device in the present network namespace, or -1. */
static int device_socket(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq promiscuous = {.mr_type = PACKET_MR_PROMISC};
	int one = 1, room = 8 << 20, fd;

	address.sll_ifindex = promiscuous.mr_ifindex = if_nametoindex(name);
	if (!address.sll_ifindex) {
		complain("there is no network device %s here", name);
		return -1;
	}
	/* Without a protocol it hears nothing, of this device or others, until it is bound. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		complain("cannot open network device %s: %m%s", name,
			 errno == EPERM ? " (it needs CAP_NET_RAW)" : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

/* The same in a namespace that `ip netns` knows; a socket stays in the one it was made in. */
static int device_socket_in(const char *namespace, int length, const char *name)
{
	char path[PATH_MAX];
	int there, here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;

	snprintf(path, sizeof(path), "/run/netns/%.*s", length, namespace);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET)) {
		complain("cannot enter network namespace %.*s: %m", length, namespace);
	} else {
		fd = device_socket(name);
		if (setns(here, CLONE_NEWNET)) {
			complain("cannot leave network namespace %.*s: %m", length, namespace);
			exit(1);
		}
	}
	if (here >= 0)
		close(here);
	if (there >= 0)
		close(there);
	return fd;
}

static struct end *open_device(const char *name)
{
	const char *slash = strchr(name, '/');
	int fd = slash ? device_socket_in(name, slash - name, slash + 1) : device_socket(name);
	struct end *end = fd < 0 ? NULL : end_new(KIND_DEVICE, name);

	if (end)
		end->in = end->out = fd;
	else if (fd >= 0)
		close(fd);
	return end;
}

static void learn_descriptor(struct end *end)
{
	int fd = vde_datafd(end->connection), type = 0;
	socklen_t length = sizeof(type);
	struct stat about;

	if (fstat(fd, &about))
		return;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	end->drains = S_ISSOCK(about.st_mode) || S_ISCHR(about.st_mode);
	end->connected = type == SOCK_SEQPACKET || type == SOCK_STREAM || S_ISFIFO(about.st_mode);
}

struct end *end_open(const char *name, const struct end_options *options)
{
	static const struct end_options defaults;
	struct vde_open_args args = {};
	char reason[128];
	struct end *end;
	int error;

	if (!options)
		options = &defaults;
	if (strcmp(name, "-") == 0)
		return end_open_stream("stdio", STDIN_FILENO, STDOUT_FILENO);
	if (strncmp(name, "dev:", 4) == 0)
		return open_device(name + 4);
	args.port = options->port;
	args.group = (char *)options->group;
	/* libvdeplug takes a mode of 0 at its word and locks the switch out. */
	args.mode = options->mode ? options->mode : 0700;
	end = end_new(KIND_VNL, *name ? name : "the default switch");
	if (!end)
		return NULL;
	errno = 0;
	end->connection =
		vde_open(*name ? (char *)name : NULL,
			 (char *)(options->description ? options->description : "vde"), &args);
	if (end->connection) {
		learn_descriptor(end);
		return end;
	}
	error = errno;
	if (error == EPROTONOSUPPORT)
		complain("cannot connect to %s: no plugin of libvdeplug knows this scheme",
			 end->name);
	else if (refusal_reason(name, options->port, reason, sizeof(reason)))
		complain("cannot connect to %s: %s", end->name, reason);
	else
		complain("cannot connect to %s: %s", end->name,
			 error ? strerror(error) : "the switch refused");
	end_close(end);
	return NULL;
}

struct end *end_open_command(char *const argv[], bool quiet)
{
	int to[2], from[2];
	struct end *end;
	pid_t child;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || (child = fork()) < 0) {
		complain("cannot run %s: %m", argv[0]);
		return NULL;
	}
	if (child == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		if (quiet)
			dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execvp(argv[0], argv);
		complain("cannot run %s: %m", argv[0]);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	end = end_open_stream(argv[0], from[0], to[1]);
	if (end)
		end->child = child;
	return end;
}

void end_close(struct end *end)
{
	if (!end)
		return;
	if (end->connection)
		vde_close(end->connection);
	if (end->in > STDERR_FILENO)
		close(end->in);
	if (end->out > STDERR_FILENO && end->out != end->in)
		close(end->out);
	if (end->child > 0) {
		kill(end->child, SIGTERM);
		waitpid(end->child, NULL, 0);
	}
	free(end->stream);
	free(end->name);
	free(end);
}

const char *end_name(const struct end *end)
{
	return end->name;
}

int end_input(const struct end *end)
{
	return end->kind == KIND_VNL ? vde_datafd(end->connection) : end->in;
}

int end_hangup(const struct end *end)
{
	return end->kind == KIND_VNL ? vde_ctlfd(end->connection) : -1;
}

int end_set_nonblocking(struct end *end)
{
	int fd = end_input(end), flags = fcntl(fd, F_GETFL);

	if (end->kind == KIND_STREAM || (end->kind == KIND_VNL && !end->drains))
		return 0;
	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static ssize_t receive_stream(struct end *end, void *frame, size_t size)
{
	const uint8_t *next;
	ssize_t length = stream_next(end->stream, &next);
	size_t room;

	if (length == 0) {
		uint8_t *at = stream_room(end->stream, &room);
		ssize_t n;

		/* Others share our stdin, so it keeps its flags. */
		if (poll(&(struct pollfd){.fd = end->in, .events = POLLIN}, 1, 0) <= 0)
			return 0;
		n = read(end->in, at, room);
		errno = n == 0 ? 0 : errno;
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
		stream_added(end->stream, n);
		length = stream_next(end->stream, &next);
	}
	if (length < 0) {
		errno = EPROTO;
		return -1;
	}
	if ((size_t)length > size)
		length = size;
	if (length)
		memcpy(frame, next, length);
	return length;
}

bool end_pending(const struct end *end)
{
	return end->stream && end->stream->start < end->stream->end;
}

/* A tap or network device that is down, perhaps not for long. */
static bool is_down(int error)
{
	return error == EIO || error == ENETDOWN;
}

/*
 * Does this error of a network leave the cable what it is? Those that report the end of a switch
 * have a descriptor that shows it (end_hangup()); with the others anything may pass: a peer comes
 * later, a route comes back.
 */
static bool is_passing(const struct end *end, int error)
{
	if (error == ENOBUFS || error == ENOMEM || error == EMSGSIZE || error == EINTR ||
	    is_down(error))
		return true;
	if (end->kind != KIND_VNL || end_hangup(end) >= 0)
		return false;
	return error != EBADF && !(end->connected && (error == EPIPE || error == ECONNRESET));
}

ssize_t end_receive(struct end *end, void *frame, size_t size)
{
	struct pollfd ready = {.fd = end_input(end), .events = POLLIN};
	ssize_t n;

	if (end->kind == KIND_STREAM)
		return receive_stream(end, frame, size);
	if (end->kind == KIND_VNL && !end->drains && poll(&ready, 1, 0) <= 0)
		return 0;
	errno = 0;
	if (end->kind == KIND_VNL)
		n = vde_recv(end->connection, frame, size, 0);
	else
		n = recv(end->in, frame, size, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && is_passing(end, errno)) {
		/* Whatever it is, it must not become a busy loop. */
		poll(NULL, 0, 1);
		return 0;
	}
	if (n == 0 && end->connected) {
		errno = 0;
		return -1;
	}
	if (n < 0)
		return -1;
	/* libvdeplug: 1 is no frame. A datagram of 0 bytes is how old clients say goodbye. */
	return n <= 1 ? 0 : n;
}

int end_send(struct end *end, const void *frame, size_t length)
{
	ssize_t n;

	if (end->kind == KIND_STREAM)
		return stream_write(end->out, frame, length);
	errno = 0;
	if (end->kind == KIND_VNL)
		n = vde_send(end->connection, frame, length, 0);
	else
		n = send(end->out, frame, length, 0);
	if (n >= 0)
		return 0;
	return errno != EAGAIN && is_passing(end, errno) ? 1 : -1;
}

void end_wait_room(struct end *end, int milliseconds)
{
	if (end->kind != KIND_VNL || end->drains)
		poll(&(struct pollfd){.fd = end_input(end), .events = POLLOUT}, 1, milliseconds);
}
