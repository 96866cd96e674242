// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: libvdeplug tells only that the connection failed. Our switch answers a request that it
 * refuses with "refused: REASON" in place of an address, so the same request is made once more, in
 * version 3 of the protocol, from a socket of ours at an abstract address.
 */
#include "user/vde/cmd/refusal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAGIC	0xfeedfaceu
#define VERSION 3
#define ANSWER	2 /* seconds */

struct request {
	uint32_t magic, version, type;
	struct sockaddr_un address;
} __attribute__((packed));

/* The control socket of a VNL of the kinds PATH, PATH[PORT] and vde://..., and the port. */
static bool control_of(const char *vnl, struct sockaddr_un *control, int *port)
{
	int length;

	if (strncmp(vnl, "vde://", 6) == 0)
		vnl += 6;
	else if (strstr(vnl, "://"))
		return false;
	length = strcspn(vnl, "[");
	if (vnl[length] && vnl[length + 1] >= '0' && vnl[length + 1] <= '9')
		*port = atoi(vnl + length + 1);
	return snprintf(control->sun_path, sizeof(control->sun_path), "%.*s/ctl", length, vnl) <
	       (int)sizeof(control->sun_path);
}

static bool ask(int stream, int data, int port, char *reason, size_t size)
{
	static const char mark[] = "refused: ";
	struct request request = {.magic = MAGIC, .version = VERSION, .type = port << 8};
	socklen_t length = sizeof(request.address);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char answer[sizeof(struct sockaddr_un) + 1];
	ssize_t n;

	/* A name of the kernel's choice. */
	if (bind(data, (struct sockaddr *)&address, sizeof(sa_family_t)) ||
	    getsockname(data, (struct sockaddr *)&address, &length))
		return false;
	request.address = address;
	if (send(stream, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return false;
	n = recv(stream, answer, sizeof(answer) - 1, 0);
	if (n <= 0 || n >= (ssize_t)sizeof(address))
		return false;
	answer[n] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strncmp(answer, mark, strlen(mark)) != 0)
		return false;
	snprintf(reason, size, "%s", answer + strlen(mark));
	return true;
}

bool refusal_reason(const char *vnl, int port, char *reason, size_t size)
{
	struct sockaddr_un control = {.sun_family = AF_UNIX};
	int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int data = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool told = false;

	if (stream >= 0 && data >= 0 && control_of(vnl, &control, &port)) {
		setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = ANSWER},
			   sizeof(struct timeval));
		if (connect(stream, (struct sockaddr *)&control, sizeof(control)) == 0)
			told = ask(stream, data, port, reason, size);
	}
	if (stream >= 0)
		close(stream);
	if (data >= 0)
		close(data);
	return told;
}
