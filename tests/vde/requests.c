/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control protocol byte by byte: usage: requests DIR CHECK [FILE], CHECK being one of those in main()
 *
 * Exit status 0 when the switch answered as it must; else a line says what it did instead.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAGIC	   0xfeedfaceu
#define ADDRESS_V3 12
#define ADDRESS_V1 14

static const char *dir;
static char own_path[108];
static const char *victim; /* a file of root's */

static int connect_ctl(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/ctl", dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("requests: ctl");
		exit(2);
	}
	return fd;
}

/* A datagram socket for frames and its address; abstract if asked for. */
static int data_socket(struct sockaddr_un *address, bool abstract)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path + abstract, sizeof(address->sun_path) - 1,
		 abstract ? "request-%d" : "/tmp/vde-request-%d", getpid());
	if (!abstract) {
		strcpy(own_path, address->sun_path);
		unlink(own_path);
	}
	if (bind(fd, (struct sockaddr *)address, sizeof(*address))) {
		perror("requests: bind");
		exit(2);
	}
	return fd;
}

static void put32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

static size_t request_v3(uint8_t *to, const struct sockaddr_un *address, uint32_t type)
{
	put32(to, MAGIC);
	put32(to + 4, 3);
	put32(to + 8, type);
	memcpy(to + ADDRESS_V3, address, sizeof(*address));
	memcpy(to + ADDRESS_V3 + sizeof(*address), "requests", 8);
	return ADDRESS_V3 + sizeof(*address) + 8;
}

/* What the switch answers within two seconds: bytes, 0 it closed, -1 nothing. */
static ssize_t answer(int ctl, void *buffer, size_t len)
{
	struct pollfd ready = {.fd = ctl, .events = POLLIN};
	ssize_t n;

	if (poll(&ready, 1, 2000) <= 0)
		return -1;
	n = recv(ctl, buffer, len, 0);
	return n < 0 ? 0 : n;
}

static bool is_served(const char *what, int ctl)
{
	struct sockaddr_un address;
	ssize_t n = answer(ctl, &address, sizeof(address));

	if (n == sizeof(address) && address.sun_family == AF_UNIX &&
	    strncmp(address.sun_path, dir, strlen(dir)) == 0)
		return true;
	printf("%s: answered %zd bytes, not an address: %.*s\n", what, n,
	       n > 0 && n < (ssize_t)sizeof(address) ? (int)n : 0, (const char *)&address);
	return false;
}

static bool is_refused(const char *what, const void *request, size_t len)
{
	char text[256];
	int ctl = connect_ctl();
	ssize_t n, end;
	bool refused;

	(void)!send(ctl, request, len, MSG_NOSIGNAL);
	n = answer(ctl, text, sizeof(text));
	end = n > 0 ? answer(ctl, text + n, sizeof(text) - n) : n;
	close(ctl);
	/* A reason that no client takes for an address, then the end. */
	refused = n > 9 && n < (ssize_t)sizeof(struct sockaddr_un) && end == 0 &&
		  memcmp(text, "refused: ", 9) == 0 && text[n - 1] == '\n';
	if (!refused)
		printf("%s: not refused (%zd, %zd)\n", what, n, end);
	return refused;
}

static int forms(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	int data = data_socket(&address, false), ctl = connect_ctl();
	size_t len = request_v3(request, &address, 0);
	bool good;

	send(ctl, request, len, 0);
	good = is_served("version 3", ctl);
	close(ctl);
	/* In two parts. */
	ctl = connect_ctl();
	send(ctl, request, 50, 0);
	usleep(100000);
	send(ctl, request + 50, len - 50, 0);
	good = is_served("split request", ctl) && good;
	close(ctl);
	/* Without a description. */
	ctl = connect_ctl();
	send(ctl, request, ADDRESS_V3 + sizeof(address), 0);
	good = is_served("no description", ctl) && good;
	close(ctl);
	/* Version 1: magic, type, hardware address, address. */
	ctl = connect_ctl();
	memset(request, 0, sizeof(request));
	put32(request, MAGIC);
	memcpy(request + ADDRESS_V1, &address, sizeof(address));
	send(ctl, request, ADDRESS_V1 + sizeof(address), 0);
	good = is_served("version 1", ctl) && good;
	close(ctl);
	close(data);
	/* As User-Mode Linux does: abstract address, two bytes of padding. */
	data = data_socket(&address, true);
	ctl = connect_ctl();
	len = request_v3(request, &address, 0) - 8;
	memset(request + len, 0, 2);
	send(ctl, request, len + 2, 0);
	good = is_served("abstract address", ctl) && good;
	close(ctl);
	close(data);
	return good ? 0 : 1;
}

static int malformed(void)
{
	struct sockaddr_un address;
	uint8_t request[256], good[256];
	int data = data_socket(&address, false);
	size_t len = request_v3(good, &address, 0);
	bool all = true;

	memcpy(request, good, len);
	put32(request, 0xdeadbeef);
	all = is_refused("no magic", request, len) && all;
	for (uint32_t version = 2; version < 0x10000; version = version * 2 + 1) {
		memcpy(request, good, len);
		put32(request + 4, version);
		if (version != 3)
			all = is_refused("version", request, len) && all;
	}
	memcpy(request, good, len);
	put32(request + 8, 7);
	all = is_refused("type", request, len) && all;
	put32(request + 8, 4000 << 8);
	all = is_refused("port 4000", request, len) && all;
	put32(request + 8, 0xffffff00);
	all = is_refused("highest port", request, len) && all;
	memcpy(request, good, len);
	request[ADDRESS_V3] = AF_INET;
	all = is_refused("address family", request, len) && all;
	memset(request + ADDRESS_V3, 'x', sizeof(address));
	request[ADDRESS_V3] = AF_UNIX;
	request[ADDRESS_V3 + 1] = 0;
	all = is_refused("unterminated path", request, len) && all;
	memcpy(request, good, len);
	strcpy((char *)request + ADDRESS_V3 + 2, "/nonexistent");
	all = is_refused("no such path", request, len) && all;
	strcpy((char *)request + ADDRESS_V3 + 2, "/etc/passwd");
	all = is_refused("not a socket", request, len) && all;
	close(data);
	unlink(own_path);
	return all ? 0 : 1;
}

/* As another user: the address is root's socket. */
static int foreign(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	int data = data_socket(&address, false);
	size_t len = request_v3(request, &address, 0);
	bool refused;

	chmod(address.sun_path, 0666);
	if (setgid(65534) || setuid(65534)) {
		perror("requests: setuid");
		return 2;
	}
	refused = is_refused("another user's socket", request, len);
	close(data);
	return refused ? 0 : 1;
}

static int become_nobody(void)
{
	if (setgid(65534) == 0 && setuid(65534) == 0)
		return 0;
	perror("requests: setuid");
	return -1;
}

/* As another user: the abstract address is root's socket; then it is one's own. */
static int abstract(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	int data = data_socket(&address, true), ctl;
	size_t len = request_v3(request, &address, 0);
	bool good;

	if (become_nobody())
		return 2;
	good = is_refused("root's abstract socket", request, len);
	close(data);
	data_socket(&address, true);
	len = request_v3(request, &address, 0);
	ctl = connect_ctl();
	send(ctl, request, len, 0);
	return is_served("an abstract socket of one's own", ctl) && good ? 0 : 1;
}

/*
 * As a member of the switch's group (nogroup): while the switch makes sockets for us, put links to
 * a file of root's in their place, so that it changes the owner of that file.
 */
static int swap(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	struct stat about;
	size_t len;
	pid_t child;

	if (become_nobody())
		return 2;
	child = fork();
	while (child == 0) {
		char path[200];

		for (int fd = 4; fd < 64; fd++) {
			snprintf(path, sizeof(path), "%s/001.%d", dir, fd);
			if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) &&
			    unlink(path) == 0)
				(void)!symlink(victim, path);
		}
		if (getppid() == 1)
			_exit(0);
	}
	data_socket(&address, true);
	len = request_v3(request, &address, 1 << 8);
	for (int i = 0; i < 3000; i++) {
		int ctl = connect_ctl();
		char text[128];

		send(ctl, request, len, 0);
		answer(ctl, text, sizeof(text));
		close(ctl);
		if (stat(victim, &about) == 0 && about.st_uid != 0) {
			printf("after %d connections root's file belongs to user %u\n", i + 1,
			       about.st_uid);
			break;
		}
	}
	kill(child, SIGKILL);
	return about.st_uid == 0 ? 0 : 1;
}

/* As another user: five connections, each to a port of its own; how many are served. */
static int ports(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	int served = 0;

	if (become_nobody())
		return 2;
	for (int i = 0; i < 5; i++) {
		char text[256];
		int ctl = connect_ctl();

		if (!i)
			data_socket(&address, true);
		send(ctl, request, request_v3(request, &address, 0), 0);
		served += answer(ctl, text, sizeof(text)) == sizeof(address);
	}
	printf("%d\n", served);
	return 0;
}

/* On port 20: two short frames and one that is too long, an empty datagram, then one to pad. */
static int frames(void)
{
	static uint8_t frame[10000], got[10000];
	struct sockaddr_un address, theirs;
	struct pollfd ready;
	uint8_t request[256];
	int size = 1 << 20, data[2], ctl[2];

	for (int i = 0; i < 2; i++) {
		size_t len;

		data[i] = data_socket(&address, false);
		len = request_v3(request, &address, (20 + i) << 8);
		ctl[i] = connect_ctl();
		send(ctl[i], request, len, 0);
		if (answer(ctl[i], &theirs, sizeof(theirs)) != sizeof(theirs) ||
		    connect(data[i], (struct sockaddr *)&theirs, sizeof(theirs))) {
			printf("no port\n");
			return 1;
		}
	}
	setsockopt(data[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memset(frame, 0xff, sizeof(frame));
	frame[6] = 2;
	(void)!send(data[0], frame, 1, 0);
	(void)!send(data[0], frame, 13, 0);
	(void)!send(data[0], frame, 9999, 0);
	(void)!send(data[0], frame, 0, 0);
	(void)!send(data[0], frame, 20, 0);
	ready = (struct pollfd){.fd = data[1], .events = POLLIN};
	if (poll(&ready, 1, 2000) <= 0 || recv(data[1], got, sizeof(got), 0) != 60 ||
	    memcmp(frame, got, 20) != 0) {
		printf("a frame of 20 bytes did not arrive as 60\n");
		return 1;
	}
	for (int i = 20; i < 60; i++)
		if (got[i]) {
			printf("the filling is not zero at %d\n", i);
			return 1;
		}
	/* A second frame would be one of those that must have been dropped. */
	return poll(&ready, 1, 200) == 0 ? 0 : 1;
}

static int silent(void)
{
	struct sockaddr_un address;
	uint8_t request[256];
	int ctl;

	for (int i = 0; i < 300; i++)
		connect_ctl();
	data_socket(&address, false);
	ctl = connect_ctl();
	send(ctl, request, request_v3(request, &address, 0), 0);
	return is_served("after 300 silent clients", ctl) ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} checks[] = {{"forms", forms},	  {"malformed", malformed}, {"foreign", foreign},
		      {"frames", frames}, {"silent", silent},	    {"abstract", abstract},
		      {"swap", swap},	  {"ports", ports}};
	int status = 2;

	dir = argc >= 3 ? argv[1] : "";
	victim = argc > 3 ? argv[3] : "";
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (argc >= 3 && strcmp(argv[2], checks[i].name) == 0)
			status = checks[i].run();
	if (*own_path)
		unlink(own_path);
	return status;
}
