/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients that behave badly: usage: clients DIR deaf|flood|forge|cycle|hasty N
 *
 *   deaf    N clients that announce an address and never read, until they are killed
 *   flood   N frames to the addresses of deaf clients and N broadcasts
 *   forge   N frames, each from another source address
 *   cycle   N times connect, send a frame, disconnect, some without closing properly
 *   hasty   N connections that end with half a request or none
 */
#include <libvdeplug.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *dir;

static VDECONN *client(void)
{
	VDECONN *conn = vde_open(dir, "clients", NULL);

	if (!conn) {
		perror("clients: vde_open");
		exit(1);
	}
	return conn;
}

static void send_frame(VDECONN *conn, const uint8_t to[6], uint32_t from)
{
	uint8_t frame[200] = {0};

	memcpy(frame, to, 6);
	frame[6] = 2;
	frame[7] = 0xee;
	memcpy(frame + 8, &from, sizeof(from));
	vde_send(conn, frame, sizeof(frame), 0);
}

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

__attribute__((noreturn)) static int deaf(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		send_frame(client(), broadcast, i);
	for (;;)
		pause();
}

static int flood(unsigned int n)
{
	VDECONN *conn = client();

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t to[6] = {2, 0xee, i % 5};

		send_frame(conn, to, 1000);
		send_frame(conn, broadcast, 1000);
	}
	vde_close(conn);
	return 0;
}

static int forge(unsigned int n)
{
	VDECONN *conn = client();

	for (unsigned int i = 0; i < n; i++)
		send_frame(conn, broadcast, i * 2654435761u);
	vde_close(conn);
	return 0;
}

static int cycle(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		VDECONN *conn = client();

		send_frame(conn, broadcast, i);
		if (i % 3 == 0)
			shutdown(vde_ctlfd(conn), SHUT_RDWR);
		vde_close(conn);
	}
	return 0;
}

static int hasty(unsigned int n)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const uint32_t half[2] = {0xfeedface, 3};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/ctl", dir);
	for (unsigned int i = 0; i < n; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
			perror("clients: ctl");
			return 1;
		}
		if (i % 2)
			(void)!send(fd, half, sizeof(half), MSG_NOSIGNAL);
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(unsigned int n);
	} kinds[] = {{"deaf", deaf},
		     {"flood", flood},
		     {"forge", forge},
		     {"cycle", cycle},
		     {"hasty", hasty}};

	dir = argv[1];
	for (size_t i = 0; argc == 4 && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(argv[2], kinds[i].name) == 0)
			return kinds[i].run(atoi(argv[3]));
	fprintf(stderr, "usage: clients DIR deaf|flood|forge|cycle|hasty N\n");
	return 2;
}
