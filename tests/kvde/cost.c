// SPDX-License-Identifier: GPL-2.0-only
/*
 * What frames cost between clients of a switch: nanoseconds, of a clock that counts instructions in a guest (--icount).
 *
 *   cost frame A B SIZE COUNT [MACS]   sent in batches of 64 and received, in one process: for each frame
 *   cost rtt A B SIZE COUNT            there and back between two processes, each asleep until its turn
 *   cost flood A SIZE COUNT B...       a broadcast to all of B, received by all: for each frame sent
 *
 * A and B are VNLs, or both "direct": the ends of a pair of sockets. MACS: so many source addresses take turns.
 */
#include <errno.h>
#include <libvdeplug.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

static void die(const char *what)
{
	fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int open_end(const char *vnl)
{
	VDECONN *conn = vde_open((char *)vnl, "cost", NULL);

	if (!conn)
		die(vnl);
	return vde_datafd(conn);
}

static void open_both(char **argv, int fds[2])
{
	if (strcmp(argv[0], "direct")) {
		fds[0] = open_end(argv[0]);
		fds[1] = open_end(argv[1]);
	} else if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds)) {
		die("socketpair");
	}
}

static void make(uint8_t *frame, unsigned int to, unsigned int from, unsigned int mac)
{
	memset(frame, 0, 14);
	frame[0] = frame[6] = 2;
	frame[5] = to;
	frame[11] = from;
	memcpy(frame + 7, &mac, 3);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	if (to == 255)
		memset(frame, 255, 6);
}

static void receive(int fd, unsigned int count)
{
	uint8_t frame[9300];

	while (count-- > 0)
		if (recv(fd, frame, sizeof(frame), 0) < 0)
			die("recv");
}

/* Each knows where the other is; what came by floods is thrown away. */
static void meet(int a, int b)
{
	uint8_t frame[9300];

	make(frame, 2, 1, 0);
	send(a, frame, 60, 0);
	make(frame, 1, 2, 0);
	send(b, frame, 60, 0);
	for (int i = 0; i < 2; i++)
		while (poll(&(struct pollfd){.fd = i ? a : b, .events = POLLIN}, 1, 300) > 0)
			recv(i ? a : b, frame, sizeof(frame), 0);
}

static void measure_frame(char **argv, int argc)
{
	unsigned int size = atoi(argv[2]), count = atoi(argv[3]) / BATCH * BATCH;
	unsigned int macs = argc > 4 ? atoi(argv[4]) : 1, warm = (macs + 1024) / BATCH * BATCH;
	uint8_t frame[9300] = {};
	double start = 0;
	int fds[2];

	open_both(argv, fds);
	meet(fds[0], fds[1]);
	/* The first time round is not measured: everything is new. */
	for (unsigned int i = 0; i < warm + count; i += BATCH) {
		if (i == warm)
			start = now();
		for (unsigned int j = 0; j < BATCH; j++) {
			make(frame, 2, 1, macs > 1 ? 1 + (i + j) % macs : 0);
			if (send(fds[0], frame, size, 0) < 0)
				die("send");
		}
		receive(fds[1], BATCH);
	}
	printf("%.0f\n", (now() - start) / count);
}

static void measure_rtt(char **argv)
{
	unsigned int size = atoi(argv[2]), count = atoi(argv[3]);
	uint8_t frame[9300] = {};
	double start;
	int fds[2];
	pid_t pid;

	open_both(argv, fds);
	meet(fds[0], fds[1]);
	pid = fork();
	if (!pid) {
		make(frame, 1, 2, 0);
		for (;;) {
			receive(fds[1], 1);
			send(fds[1], frame, size, 0);
		}
	}
	make(frame, 2, 1, 0);
	for (unsigned int i = 0; i < 100; i++) {
		send(fds[0], frame, size, 0);
		receive(fds[0], 1);
	}
	start = now();
	for (unsigned int i = 0; i < count; i++) {
		send(fds[0], frame, size, 0);
		receive(fds[0], 1);
	}
	printf("%.0f\n", (now() - start) / count);
	kill(pid, 9);
	waitpid(pid, NULL, 0);
}

static void measure_flood(char **argv, int argc)
{
	unsigned int size = atoi(argv[1]), count = atoi(argv[2]), n = argc - 3;
	int from = open_end(argv[0]), to[64];
	uint8_t frame[9300] = {};
	double start;

	for (unsigned int i = 0; i < n; i++)
		to[i] = open_end(argv[3 + i]);
	make(frame, 255, 1, 0);
	sleep(1);
	start = now();
	for (unsigned int i = 0; i < count; i++) {
		send(from, frame, size, 0);
		for (unsigned int j = 0; j < n; j++)
			receive(to[j], 1);
	}
	printf("%.0f\n", (now() - start) / count);
}

int main(int argc, char **argv)
{
	if (argc > 5 && !strcmp(argv[1], "frame"))
		measure_frame(argv + 2, argc - 2);
	else if (argc > 5 && !strcmp(argv[1], "rtt"))
		measure_rtt(argv + 2);
	else if (argc > 5 && !strcmp(argv[1], "flood"))
		measure_flood(argv + 2, argc - 2);
	else
		return 2;
	return 0;
}
