// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kvde, driven as a switch drives it: each port is one end of a pair of datagram sockets, the client has the other.
 * Run as root in a guest. With arguments only tests whose names contain one of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmod/kvde/uapi/kvde.h"

#define PORTS 140

static char why[256];

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			snprintf(why, sizeof(why), "%s:%d: not so: %s (errno %d)", __FILE__,       \
				 __LINE__, #condition, errno);                                     \
			return false;                                                              \
		}                                                                                  \
	} while (0)
#define EQUAL(what, wanted)                                                                        \
	do {                                                                                       \
		long got_ = (what), wanted_ = (wanted);                                            \
		if (got_ != wanted_) {                                                             \
			snprintf(why, sizeof(why), "%s:%d: %s is %ld, not %ld (errno %d)",         \
				 __FILE__, __LINE__, #what, got_, wanted_, errno);                 \
			return false;                                                              \
		}                                                                                  \
	} while (0)

/* ---- a switch */

static int sw = -1;
static int port[PORTS], client[PORTS];
static struct kvde_vlan vlan; /* 0, of all ports */
static uint8_t records[64 << 10] __attribute__((aligned(8)));

static void put(__u64 *words, unsigned int number, bool in)
{
	if (in)
		words[number / 64] |= 1ull << number % 64;
	else
		words[number / 64] &= ~(1ull << number % 64);
}

/* 0, or a negative errno. */
static int call(unsigned long command, void *argument)
{
	return ioctl(sw, command, argument) < 0 ? -errno : 0;
}

static int adopt(unsigned int number, int fd)
{
	struct kvde_adopt adopt = {.port = {.port = number, .pvid = 0, .tpid = 0x8100}, .fd = fd};

	return call(KVDE_ADOPT, &adopt);
}

static bool make_pair(unsigned int number)
{
	int pair[2], size = 1 << 20;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	port[number] = pair[0];
	client[number] = pair[1];
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return true;
}

/* Ports 1 to n, all in VLAN 0. */
static bool begin(unsigned int n)
{
	struct kvde_switch all = {.persistence = 0};

	sw = open(KVDE_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(sw >= 0);
	EQUAL(call(KVDE_SWITCH, &all), 0);
	vlan = (struct kvde_vlan){};
	for (unsigned int i = 1; i <= n; i++) {
		CHECK(make_pair(i));
		put(vlan.member, i, true);
		put(vlan.learning, i, true);
		put(vlan.forwarding, i, true);
	}
	EQUAL(call(KVDE_VLAN, &vlan), 0);
	for (unsigned int i = 1; i <= n; i++)
		EQUAL(adopt(i, port[i]), 0);
	return true;
}

static void end(void)
{
	if (sw >= 0)
		close(sw);
	sw = -1;
	for (unsigned int i = 0; i < PORTS; i++) {
		if (port[i] > 0)
			close(port[i]);
		if (client[i] > 0)
			close(client[i]);
		port[i] = client[i] = 0;
	}
}

/* ---- frames: to and from stations by number; station 255: broadcast */

static unsigned int frame_of(uint8_t *frame, unsigned int to, unsigned int from,
			     unsigned int length)
{
	memset(frame, 0, length);
	if (to == 255)
		memset(frame, 0xff, 6);
	else
		frame[0] = 2, frame[5] = to;
	frame[6] = 2;
	frame[11] = from;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	for (unsigned int i = 14; i < length; i++)
		frame[i] = i + from;
	return length;
}

static bool send_frame(unsigned int from, unsigned int to, unsigned int length)
{
	uint8_t frame[10000];

	frame_of(frame, to, from, length);
	EQUAL(send(client[from], frame, length, 0), (long)length);
	return true;
}

/* The length of what the client has next; -1: nothing. */
static int got(unsigned int number, uint8_t *frame)
{
	uint8_t own[10000];

	return recv(client[number], frame ? frame : own, sizeof(own), MSG_DONTWAIT);
}

/* The next record of a type; NULL: none. Others before it are dropped. */
static const struct kvde_record *next_record(unsigned int type)
{
	static ssize_t have, at;

	for (;;) {
		const struct kvde_record *record = (const void *)(records + at);

		if (at >= have) {
			at = 0;
			have = read(sw, records, sizeof(records));
			if (have <= 0) {
				have = 0;
				return NULL;
			}
			continue;
		}
		at += record->size;
		if (record->type == type)
			return record;
	}
}

static const uint8_t *frame_in(const struct kvde_record *record)
{
	return (const uint8_t *)(record + 1) + 8 * record->words;
}

static struct kvde_counters counters(unsigned int number)
{
	struct kvde_port_state state = {.port = number};

	call(KVDE_COUNT, &state);
	return state.counters;
}

/* ---- tests */

static bool forwards(void)
{
	uint8_t frame[10000], wanted[10000];

	CHECK(begin(4));
	/* Nobody knows station 2: all get it but the sender. */
	CHECK(send_frame(1, 2, 100));
	frame_of(wanted, 2, 1, 100);
	EQUAL(got(1, NULL), -1);
	for (unsigned int i = 2; i <= 4; i++) {
		EQUAL(got(i, frame), 100);
		CHECK(memcmp(frame, wanted, 100) == 0);
	}
	CHECK(next_record(KVDE_LEARNED) != NULL);
	/* Its answer goes to who asked only, and so does what follows. */
	CHECK(send_frame(2, 1, 1500));
	EQUAL(got(1, NULL), 1500);
	EQUAL(got(3, NULL), -1);
	CHECK(send_frame(1, 2, 9234));
	EQUAL(got(2, NULL), 9234);
	EQUAL(got(4, NULL), -1);
	EQUAL(counters(1).in_frames, 2);
	EQUAL(counters(2).out_frames, 2);
	EQUAL(counters(2).out_bytes, 100 + 9234);
	EQUAL(counters(3).out_frames, 1);
	/* To its own port: nobody. */
	CHECK(send_frame(1, 1, 100));
	for (unsigned int i = 1; i <= 4; i++)
		EQUAL(got(i, NULL), -1);
	return true;
}

static bool lengths(void)
{
	uint8_t frame[10000];

	CHECK(begin(2));
	CHECK(send_frame(1, 255, 14));
	EQUAL(got(2, frame), 60);
	for (int i = 14; i < 60; i++)
		CHECK(frame[i] == 0);
	CHECK(send_frame(1, 255, 13));
	CHECK(send_frame(1, 255, 9235));
	CHECK(send_frame(1, 255, 0));
	EQUAL(got(2, NULL), -1);
	EQUAL(counters(1).in_errors, 2);
	CHECK(send_frame(1, 255, 9234));
	EQUAL(got(2, NULL), 9234);
	return true;
}

static bool received_before(void)
{
	CHECK(begin(2));
	CHECK(make_pair(3));
	put(vlan.member, 3, true);
	put(vlan.forwarding, 3, true);
	EQUAL(call(KVDE_VLAN, &vlan), 0);
	for (int i = 0; i < 5; i++)
		CHECK(send_frame(3, 255, 100 + i));
	EQUAL(adopt(3, port[3]), 0);
	for (int i = 0; i < 5; i++) {
		for (int tries = 0; tries < 1000; tries++) {
			int length = got(1, NULL);

			if (length == 100 + i)
				break;
			EQUAL(length, -1);
			CHECK(tries < 999);
			usleep(10000);
		}
	}
	return true;
}

static bool up(void)
{
	const struct kvde_record *record;
	struct kvde_address address = {.mac = {2, 0, 0, 0, 0, 77}, .port = 0};

	CHECK(begin(70));
	vlan.flags = KVDE_VLAN_UP;
	EQUAL(call(KVDE_VLAN, &vlan), 0);
	EQUAL(call(KVDE_ADDRESS_SET, &address), 0);
	/* To somebody whom the switch knows elsewhere. */
	CHECK(send_frame(1, 77, 200));
	record = next_record(KVDE_FRAME);
	CHECK(record && record->port == 1 && record->length == 200 && record->words == 0);
	CHECK(frame_in(record)[5] == 77 && frame_in(record)[199] == (uint8_t)200);
	EQUAL(got(2, NULL), -1);
	EQUAL(counters(1).in_frames, 0);
	/* To all: here and there. */
	CHECK(send_frame(3, 255, 300));
	EQUAL(got(70, NULL), 300);
	record = next_record(KVDE_FLOODED);
	CHECK(record && record->port == 3 && record->length == 300 && record->words == 2);
	EQUAL(((const uint64_t *)(record + 1))[0], -2L);
	EQUAL(((const uint64_t *)(record + 1))[1], 0x7f);
	/* For the spanning tree, when there is one. */
	EQUAL(got(6, NULL), 300);
	EQUAL(call(KVDE_SWITCH, &(struct kvde_switch){.flags = KVDE_SPANNING_TREE}), 0);
	CHECK(send(client[5],
		   "\1\200\302\0\0\0\2\0\0\0\0\5\0\x26"
		   "BBB",
		   64, 0) == 64);
	record = next_record(KVDE_FRAME);
	CHECK(record && record->port == 5 && record->length == 64);
	EQUAL(got(6, NULL), -1);
	CHECK(poll(&(struct pollfd){.fd = sw, .events = POLLIN}, 1, 0) == 0);
	return true;
}

static bool learns(void)
{
	struct kvde_address address = {.mac = {2, 0, 0, 0, 0, 9}};
	const struct kvde_record *record;
	uint8_t frame[100];

	CHECK(begin(3));
	frame_of(frame, 255, 9, 100);
	CHECK(send(client[1], frame, 100, 0) == 100);
	record = next_record(KVDE_LEARNED);
	CHECK(record && record->port == 1 && record->mac[5] == 9 && record->vlan == 0);
	EQUAL(call(KVDE_ADDRESS_GET, &address), 0);
	CHECK(address.port == 1 && address.idle == 0);
	/* Seen within the time, it stays. */
	EQUAL(call(KVDE_SWITCH, &(struct kvde_switch){.persistence = 1000}), 0);
	CHECK(send(client[2], frame, 100, 0) == 100);
	CHECK(next_record(KVDE_MOVED) == NULL);
	EQUAL(call(KVDE_SWITCH, &(struct kvde_switch){.persistence = 0}), 0);
	usleep(50000);
	CHECK(send(client[2], frame, 100, 0) == 100);
	record = next_record(KVDE_MOVED);
	CHECK(record && record->port == 2);
	/* What the switch has at port 0 it decides itself. */
	address.port = 0;
	EQUAL(call(KVDE_ADDRESS_SET, &address), 0);
	usleep(50000);
	CHECK(send(client[3], frame, 100, 0) == 100);
	record = next_record(KVDE_CLAIMED);
	CHECK(record && record->port == 3);
	EQUAL(call(KVDE_ADDRESS_GET, &address), 0);
	EQUAL(address.port, 0);
	EQUAL(call(KVDE_ADDRESS_DEL, &address), 0);
	EQUAL(call(KVDE_ADDRESS_GET, &address), -ENOENT);
	/* A port that does not learn. */
	put(vlan.learning, 1, false);
	EQUAL(call(KVDE_VLAN, &vlan), 0);
	CHECK(send(client[1], frame, 100, 0) == 100);
	EQUAL(call(KVDE_ADDRESS_GET, &address), -ENOENT);
	EQUAL(call(KVDE_FLUSH, NULL), 0);
	return true;
}

static bool no_place(void)
{
	uint8_t frame[60];

	CHECK(begin(2));
	/* More addresses than there are places for. */
	frame_of(frame, 2, 1, 60);
	for (unsigned int i = 0; i < KVDE_ADDRESSES + 1000; i++) {
		memcpy(frame + 8, &i, 4);
		EQUAL(send(client[1], frame, 60, 0), 60);
		if (i % 16 == 0)
			while (got(2, NULL) > 0)
				;
		if (i % 1024 == 0)
			while (read(sw, records, sizeof(records)) > 0)
				;
	}
	CHECK(counters(1).in_frames == KVDE_ADDRESSES + 1000);
	/* Others go on. */
	while (got(2, NULL) > 0)
		;
	CHECK(send_frame(2, 255, 100));
	EQUAL(got(1, NULL), 100);
	return true;
}

/* Ports 1, 2 in VLAN 5 untagged, 3 tagged 0x8100, 4 tagged 0x88a8; 5 in another. */
static bool tags(void)
{
	static const uint8_t ctag[] = {0x81, 0, 0x60, 5}, stag[] = {0x88, 0xa8, 0x60, 5};
	struct kvde_vlan five = {.vlan = 5}, none = {};
	uint8_t frame[200], plain[200];

	CHECK(begin(5));
	for (unsigned int i = 1; i <= 4; i++) {
		put(five.member, i, true);
		put(five.learning, i, true);
		put(five.forwarding, i, true);
		put(five.tagged, i, i > 2);
		EQUAL(call(KVDE_PORT, &(struct kvde_port){.port = i,
							  .pvid = i < 3 ? 5 : KVDE_NO_VLAN,
							  .tpid = i == 4 ? 0x88a8 : 0x8100}),
		      0);
	}
	EQUAL(call(KVDE_VLAN, &five), 0);
	EQUAL(call(KVDE_VLAN, &none), 0);
	/* Without a tag in, by a flood: as each port has it. */
	CHECK(send_frame(1, 255, 100));
	frame_of(plain, 255, 1, 100);
	EQUAL(got(2, frame), 100);
	CHECK(memcmp(frame, plain, 100) == 0);
	EQUAL(got(3, frame), 104);
	CHECK(memcmp(frame + 12, "\x81\0\0\5", 4) == 0 && memcmp(frame + 16, plain + 12, 88) == 0);
	EQUAL(got(4, frame), 104);
	CHECK(memcmp(frame + 12, "\x88\xa8\0\5", 4) == 0 &&
	      memcmp(frame + 16, plain + 12, 88) == 0);
	EQUAL(got(5, NULL), -1);
	/* With a tag in, of either type, to one. */
	frame_of(frame, 1, 3, 100);
	memmove(frame + 16, frame + 12, 88);
	memcpy(frame + 12, ctag, 4);
	EQUAL(send(client[3], frame, 104, 0), 104);
	frame_of(plain, 1, 3, 100);
	EQUAL(got(1, frame), 100);
	CHECK(memcmp(frame, plain, 100) == 0);
	EQUAL(got(2, NULL), -1);
	CHECK(send_frame(1, 3, 60));
	EQUAL(got(3, frame), 64);
	frame_of(frame, 3, 4, 100);
	memmove(frame + 16, frame + 12, 88);
	memcpy(frame + 12, stag, 4);
	EQUAL(send(client[4], frame, 104, 0), 104);
	EQUAL(got(3, frame), 104);
	CHECK(memcmp(frame + 12, ctag, 4) == 0);
	/* No untagged frames where there is no VLAN for them; no tag of another's. */
	CHECK(send_frame(3, 1, 100));
	frame[15] = 6;
	EQUAL(send(client[3], frame, 104, 0), 104);
	CHECK(send_frame(5, 255, 100));
	for (unsigned int i = 1; i <= 4; i++)
		EQUAL(got(i, NULL), -1);
	EQUAL(counters(3).in_dropped, 2);
	EQUAL(counters(5).in_dropped, 1);
	return true;
}

static bool slow(void)
{
	struct kvde_counters count;
	unsigned int read = 0;

	CHECK(begin(3));
	CHECK(send_frame(2, 255, 100));
	got(1, NULL);
	got(3, NULL);
	for (int i = 0; i < 3000; i++)
		CHECK(send_frame(1, 2, 1500));
	/* The others are not held up. */
	CHECK(send_frame(3, 1, 100));
	EQUAL(got(1, NULL), 100);
	while (got(2, NULL) == 1500)
		read++;
	count = counters(2);
	EQUAL(count.out_frames - count.out_dropped, read);
	CHECK(count.out_dropped > 1000 && read > 100);
	/* And again it takes. */
	CHECK(send_frame(1, 2, 1500));
	EQUAL(got(2, NULL), 1500);
	return true;
}

static bool send_descriptor(int fd, int what)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, frame[60] = "descriptor";
	struct iovec piece = {frame, sizeof(frame)};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &what, sizeof(int));
	EQUAL(sendmsg(fd, &message, 0), (long)sizeof(frame));
	return true;
}

static bool descriptors(void)
{
	struct kvde_port_state state = {.port = 1};
	const struct kvde_record *record;
	char frame[100];
	int ends[2];

	CHECK(begin(2));
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	CHECK(send_descriptor(client[1], ends[1]));
	close(ends[1]);
	CHECK(send_frame(1, 255, 100));
	EQUAL(got(2, NULL), -1);
	record = next_record(KVDE_STUCK);
	CHECK(record && record->port == 1);
	EQUAL(call(KVDE_RELEASE, &state), 0);
	/* Both are still there, for the switch, in their order; the descriptor goes with the message. */
	EQUAL(recv(port[1], frame, sizeof(frame), 0), 60);
	EQUAL(recv(port[1], frame, sizeof(frame), 0), 100);
	EQUAL(read(ends[0], frame, 1), 0);
	close(ends[0]);
	EQUAL(adopt(1, port[1]), 0);
	CHECK(send_frame(1, 255, 100));
	EQUAL(got(2, NULL), 100);
	return true;
}

static bool released(void)
{
	struct kvde_port_state state = {.port = 2};
	struct sockaddr_un from;
	socklen_t length = sizeof(from);
	char frame[200];

	CHECK(begin(3));
	CHECK(send_frame(1, 255, 100));
	EQUAL(call(KVDE_RELEASE, &state), 0);
	EQUAL(state.counters.out_frames, 1);
	EQUAL(call(KVDE_RELEASE, &state), -ENOENT);
	/* What was delivered stays; what comes in stays in the switch's socket, and wakes it. */
	EQUAL(recvfrom(client[2], frame, sizeof(frame), 0, (void *)&from, &length), 100);
	CHECK(send_frame(2, 255, 150));
	CHECK(poll(&(struct pollfd){.fd = port[2], .events = POLLIN}, 1, 1000) == 1);
	EQUAL(recv(port[2], frame, sizeof(frame), 0), 150);
	EQUAL(got(1, NULL), -1);
	/* Its number is free. */
	EQUAL(adopt(2, port[2]), 0);
	CHECK(send_frame(2, 255, 100));
	EQUAL(got(1, NULL), 100);
	/* The switch ends, its sockets live on. */
	close(sw);
	sw = -1;
	CHECK(send_frame(1, 255, 100));
	EQUAL(recv(port[1], frame, sizeof(frame), 0), 100);
	return true;
}

static bool refused(void)
{
	int pair[2], lonely, stream[2], status;
	struct kvde_adopt adopting = {.port = {.port = 9, .tpid = 0x8100}};
	struct kvde_vlan wrong = {.vlan = KVDE_VLANS};
	uint32_t version = 0;
	pid_t pid;

	CHECK(begin(2));
	EQUAL(call(KVDE_ABI, &version), 0);
	EQUAL(version, KVDE_ABI_VERSION);
	lonely = socket(AF_UNIX, SOCK_DGRAM, 0);
	EQUAL(adopt(9, lonely), -ENOTCONN);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0);
	EQUAL(adopt(9, stream[0]), -EPROTOTYPE);
	EQUAL(adopt(9, 0), -ENOTSOCK);
	EQUAL(adopt(9, -1), -EBADF);
	EQUAL(adopt(9, socket(AF_INET, SOCK_DGRAM, 0)), -EPROTOTYPE);
	EQUAL(adopt(0, port[1]), -EINVAL);
	EQUAL(adopt(KVDE_PORTS, port[1]), -EINVAL);
	EQUAL(adopt(1, port[1]), -EBUSY);
	EQUAL(adopt(9, port[1]), -EBUSY);
	/* Both ends: frames would go round for ever. */
	EQUAL(adopt(9, client[1]), -ELOOP);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	adopting.fd = pair[0];
	adopting.reserved = 1;
	EQUAL(call(KVDE_ADOPT, &adopting), -EINVAL);
	adopting.reserved = 0;
	adopting.port.tpid = 0x9100;
	EQUAL(call(KVDE_ADOPT, &adopting), -EINVAL);
	EQUAL(call(KVDE_ADOPT, NULL), -EFAULT);
	EQUAL(call(KVDE_VLAN, &wrong), -EINVAL);
	EQUAL(call(KVDE_SWITCH, &(struct kvde_switch){.flags = 2}), -EINVAL);
	EQUAL(call(_IO(KVDE_MAGIC, 99), NULL), -ENOTTY);
	EQUAL(read(sw, records, 100), -1);
	CHECK(errno == EINVAL);
	CHECK(send_frame(1, 255, 100));
	EQUAL(read(sw, sbrk(0) + (1 << 30), sizeof(records)), -1);
	CHECK(errno == EFAULT);
	CHECK(next_record(KVDE_LEARNED) != NULL);
	EQUAL(read(sw, records, sizeof(records)), -1);
	CHECK(errno == EAGAIN);
	/* Another process. */
	pid = fork();
	if (!pid)
		_exit(call(KVDE_FLUSH, NULL) == -EPERM && read(sw, records, sizeof(records)) < 0 &&
				      errno == EPERM
			      ? 0
			      : 1);
	CHECK(waitpid(pid, &status, 0) == pid);
	EQUAL(status, 0);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(stream[i]);
	}
	close(lonely);
	return true;
}

/* A client that is adopted itself, later: its frames end here. */
static bool chained(void)
{
	int other = open(KVDE_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK), first;

	CHECK(begin(2));
	first = sw;
	sw = other;
	EQUAL(adopt(1, client[2]), -ELOOP);
	sw = first;
	close(other);
	CHECK(send_frame(1, 255, 100));
	EQUAL(got(2, NULL), 100);
	return true;
}

static bool gone(void)
{
	int status;
	pid_t pid;

	CHECK(begin(3));
	CHECK(send_frame(1, 255, 100));
	/* A client goes, with frames that it has not read. */
	close(client[2]);
	client[2] = 0;
	CHECK(send_frame(1, 255, 100));
	EQUAL(counters(2).out_dropped, 1);
	EQUAL(got(3, NULL), 100);
	EQUAL(got(3, NULL), 100);
	/* The switch closes a socket without releasing the port. */
	close(port[3]);
	port[3] = 0;
	EQUAL(send(client[3], "x", 1, MSG_NOSIGNAL), -1);
	CHECK(errno == ECONNREFUSED || errno == ENOTCONN || errno == EPIPE);
	CHECK(send_frame(1, 255, 100));
	end();
	/* A switch is killed in the middle of it. */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!begin(4))
			_exit(1);
		for (;;)
			send_frame(1, 255, 1000);
	}
	usleep(300000);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	return true;
}

/* ---- many at once */

static volatile bool stop;
static volatile unsigned long sent;

static void *blast(void *argument)
{
	unsigned int from = (uintptr_t)argument;
	uint8_t frame[1500];

	while (!stop) {
		unsigned int length = frame_of(frame, rand() % 8 ? 1 + rand() % 6 : 255, from,
					       60 + rand() % 1400);

		if (send(client[from], frame, length, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			__atomic_add_fetch(&sent, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *peek(void *argument)
{
	unsigned int number = (uintptr_t)argument;
	char frame[2000];

	while (!stop) {
		int size;

		recv(port[number], frame, sizeof(frame), MSG_PEEK | MSG_DONTWAIT);
		recv(client[number], frame, sizeof(frame), MSG_PEEK | MSG_DONTWAIT);
		ioctl(client[number], FIONREAD, &size);
		recv(client[number], frame, sizeof(frame), MSG_DONTWAIT);
	}
	return NULL;
}

static void *steal(void *argument)
{
	char frame[2000];

	while (!stop) {
		recv(port[1 + rand() % 6], frame, sizeof(frame), MSG_DONTWAIT);
		if (read(sw, frame, 10) > 0)
			break;
		sched_yield();
	}
	return NULL;
}

static bool hostile(void)
{
	pthread_t threads[10];
	unsigned int n = 0;

	CHECK(begin(6));
	vlan.flags = KVDE_VLAN_UP;
	EQUAL(call(KVDE_VLAN, &vlan), 0);
	stop = false;
	sent = 0;
	for (uintptr_t i = 1; i <= 3; i++)
		CHECK(pthread_create(&threads[n++], NULL, blast, (void *)i) == 0);
	for (uintptr_t i = 1; i <= 4; i++)
		CHECK(pthread_create(&threads[n++], NULL, peek, (void *)i) == 0);
	CHECK(pthread_create(&threads[n++], NULL, steal, NULL) == 0);
	/* Ports come and go meanwhile, and what is told is read. */
	for (int i = 0; i < 200; i++) {
		struct kvde_port_state state = {.port = 1 + i % 6};

		call(KVDE_RELEASE, &state);
		while (read(sw, records, sizeof(records)) > 0)
			;
		if (i % 3 == 0)
			call(KVDE_FLUSH, NULL);
		EQUAL(adopt(1 + i % 6, port[1 + i % 6]), 0);
		vlan.flags ^= KVDE_VLAN_UP;
		call(KVDE_VLAN, &vlan);
	}
	stop = true;
	while (n > 0)
		pthread_join(threads[--n], NULL);
	CHECK(sent > 100);
	return true;
}

/* Each frame of one client arrives once and in order, as long as there is room. */
static bool in_order(void)
{
	uint8_t frame[1500];
	uint32_t next = 0, number;

	CHECK(begin(3));
	CHECK(send_frame(2, 255, 100));
	got(1, NULL);
	got(3, NULL);
	for (uint32_t i = 0; i < 100000; i++) {
		frame_of(frame, 2, 1, 64);
		memcpy(frame + 14, &i, 4);
		EQUAL(send(client[1], frame, 64, 0), 64);
		if (i % 64 != 63)
			continue;
		while (got(2, frame) == 64) {
			memcpy(&number, frame + 14, 4);
			EQUAL(number, next);
			next++;
		}
	}
	while (got(2, frame) == 64)
		next++;
	EQUAL(next, 100000);
	EQUAL(counters(2).out_dropped, 0);
	return true;
}

/* The cost does not grow with the number of ports that a frame is not for; here: it works with many. */
static bool many(void)
{
	CHECK(begin(PORTS - 1));
	CHECK(send_frame(PORTS - 1, 255, 100));
	for (unsigned int i = 1; i < PORTS - 1; i++)
		EQUAL(got(i, NULL), 100);
	CHECK(send_frame(1, PORTS - 1, 100));
	EQUAL(got(PORTS - 1, NULL), 100);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{"frames go where their stations are", forwards},
	{"short frames are filled up, wrong ones are counted", lengths},
	{"what a socket had before is forwarded first", received_before},
	{"what is for others goes to the switch, in order, with who has it", up},
	{"addresses are learned, move after a time, and are the switch's to decide", learns},
	{"more addresses than places", no_place},
	{"VLANs: tags are put in, taken out and changed", tags},
	{"a client that does not read holds nobody up", slow},
	{"descriptors in frames are left to the switch", descriptors},
	{"a port is released, the rest stays in its socket", released},
	{"what is no socket, no client, a circle or another process is refused", refused},
	{"a client is not adopted as a port of another switch", chained},
	{"clients, sockets and switches go at any time", gone},
	{"readers, peekers and thieves, while ports come and go", hostile},
	{"a hundred thousand frames, each once, in order", in_order},
	{"139 ports", many},
};

int main(int argc, char **argv)
{
	unsigned int done = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		bool wanted = argc < 2, good;

		for (int a = 1; a < argc; a++)
			wanted = wanted || strstr(tests[i].name, argv[a]);
		if (!wanted)
			continue;
		good = tests[i].run();
		end();
		printf("%sok %u - %s\n", good ? "" : "not ", ++done, tests[i].name);
		if (!good)
			printf("# %s\n", why);
		failed += !good;
	}
	printf("1..%u\n", done);
	return failed ? 1 : 0;
}
