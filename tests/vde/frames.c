/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Single frames in and out of a switch, as TAP-less checks for shell tests:
 *
 *   frames DIR CHECK     exit status 0 when the switch does what CHECK says, else a line why not
 *
 * Clients sit on ports 1, 2 and 3 (made by the library, in this order of request).
 */
#include <libvdeplug.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CLIENTS 3

static char *directory;
static VDECONN *client[CLIENTS + 1]; /* by port number */

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t bpdu_group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};
static const uint8_t lldp_group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e};

static bool connect_clients(char *dir)
{
	for (int i = 1; i <= CLIENTS; i++) {
		struct vde_open_args args = {.port = i, .mode = 0700};

		client[i] = vde_open(dir, "frames", &args);
		if (!client[i]) {
			perror("frames: vde_open");
			return false;
		}
	}
	return true;
}

/* A frame of 64 bytes; tags are four bytes each, as they lie on the wire. */
static size_t make(uint8_t *frame, const uint8_t to[6], int from, const uint8_t *tags,
		   size_t tags_len)
{
	const uint8_t source[6] = {2, 0, 0, 0, 9, from};

	memset(frame, 0x5a, 64);
	memcpy(frame, to, 6);
	memcpy(frame + 6, source, 6);
	memcpy(frame + 12, tags, tags_len);
	frame[12 + tags_len] = 0x88;
	frame[13 + tags_len] = 0xb5;
	return 64;
}

static void send_from(int port, const uint8_t *frame, size_t len)
{
	vde_send(client[port], frame, len, 0);
}

/* The next frame that is not a BPDU of the switch itself, 0: none within a moment. */
static ssize_t next_frame_within(int port, uint8_t *frame, size_t size, int milliseconds)
{
	struct pollfd ready = {.fd = vde_datafd(client[port]), .events = POLLIN};

	while (poll(&ready, 1, milliseconds) > 0) {
		ssize_t len = vde_recv(client[port], frame, size, 0);

		if (len > 14 && frame[6] == 2)
			return len;
	}
	return 0;
}

static ssize_t next_frame(int port, uint8_t *frame, size_t size)
{
	return next_frame_within(port, frame, size, 400);
}

static bool arrives(const char *what, int from, const uint8_t *sent, size_t len, int at,
		    const uint8_t *wanted, size_t wanted_len)
{
	uint8_t got[2048];
	ssize_t n;

	send_from(from, sent, len);
	n = next_frame_within(at, got, sizeof(got), 5000);
	if (n == (ssize_t)wanted_len && memcmp(got, wanted, n) == 0)
		return true;
	printf("%s: %s (%zd bytes)\n", what, n ? "arrived changed" : "did not arrive", n);
	return false;
}

static bool nothing(const char *what, int at)
{
	uint8_t got[2048];

	if (!next_frame(at, got, sizeof(got)))
		return true;
	printf("%s: port %d got a frame\n", what, at);
	return false;
}

static bool linklocal(bool passes)
{
	uint8_t frame[64];
	bool good = true;

	for (int i = 0; i < 2; i++) {
		size_t len = make(frame, i ? lldp_group : bpdu_group, 1, NULL, 0);

		if (passes) {
			good = arrives("link-local", 1, frame, len, 2, frame, len) && good;
		} else {
			send_from(1, frame, len);
			good = nothing("link-local", 2) && good;
		}
	}
	return good;
}

static bool linklocal_passes(void)
{
	return linklocal(true);
}

static bool linklocal_stops(void)
{
	return linklocal(false);
}

/* Ports: 1 untagged in VLAN 10, 2 tagged in 10, 3 untagged in 20. */
static bool vlans(void)
{
	const uint8_t tag10[4] = {0x81, 0x00, 0xa0, 0x0a}, plain10[4] = {0x81, 0x00, 0x00, 0x0a};
	const uint8_t tag20[4] = {0x81, 0x00, 0x00, 0x14};
	uint8_t untagged[64], tagged[68], other[64];
	bool good;

	make(untagged, broadcast, 1, NULL, 0);
	memcpy(tagged, untagged, 12);
	memcpy(tagged + 12, plain10, 4);
	memcpy(tagged + 16, untagged + 12, 52);
	good = arrives("untagged to tagged", 1, untagged, 64, 2, tagged, 68);
	memcpy(tagged + 12, tag10, 4);
	tagged[11] = untagged[11] = 2;
	good = arrives("tagged to untagged", 2, tagged, 68, 1, untagged, 64) && good;
	make(other, broadcast, 2, tag20, 4);
	send_from(2, other, 64);
	good = nothing("a VLAN the port is not in", 1) && nothing("the same", 3) && good;
	make(other, broadcast, 3, NULL, 0);
	send_from(3, other, 64);
	return nothing("another VLAN", 1) && nothing("another VLAN", 2) && good;
}

/* 802.1ad: port 1 is a customer's (untagged in 10), 2 and 3 the provider's (tagged in 10, 802.1ad).
 */
static bool provider(void)
{
	const uint8_t inner[4] = {0x81, 0x00, 0x00, 0x05};
	const uint8_t outer[4] = {0x88, 0xa8, 0x00, 0x0a};
	uint8_t customer[64], carried[68];

	make(customer, broadcast, 1, inner, 4);
	memcpy(carried, customer, 12);
	memcpy(carried + 12, outer, 4);
	memcpy(carried + 16, customer + 12, 52);
	if (!arrives("a customer's tagged frame", 1, customer, 64, 2, carried, 68))
		return false;
	carried[11] = customer[11] = 2;
	return next_frame(3, (uint8_t[2048]){0}, 2048) == 68 &&
	       arrives("back to the customer", 2, carried, 68, 1, customer, 64);
}

/* Port 1 mirrored to 3: unicast between 1 and 2 is seen there both ways. */
static bool mirror(void)
{
	const uint8_t one[6] = {2, 0, 0, 0, 9, 1}, two[6] = {2, 0, 0, 0, 9, 2};
	uint8_t frame[64], got[2048];
	bool good;

	make(frame, broadcast, 2, NULL, 0);
	send_from(2, frame, 64);
	make(frame, broadcast, 1, NULL, 0);
	send_from(1, frame, 64);
	for (int i = 1; i <= CLIENTS; i++)
		while (next_frame(i, got, sizeof(got)))
			;
	make(frame, two, 1, NULL, 0);
	good = arrives("in", 1, frame, 64, 3, frame, 64) && next_frame(2, got, 2048) == 64;
	make(frame, one, 2, NULL, 0);
	good = arrives("out", 2, frame, 64, 3, frame, 64) && good;
	return good && next_frame(1, got, sizeof(got)) == 64 && nothing("twice", 3);
}

/* Ports 1 and 2 are mirrored to 3, which shows each frame once and takes no part. */
static bool mirrors(void)
{
	const uint8_t two[6] = {2, 0, 0, 0, 9, 2};
	uint8_t frame[64], got[2048];
	bool good;

	make(frame, broadcast, 2, NULL, 0);
	good = arrives("a broadcast", 2, frame, 64, 3, frame, 64) && nothing("once more", 3);
	while (next_frame(1, got, sizeof(got)))
		;
	make(frame, two, 1, NULL, 0);
	good = arrives("a unicast", 1, frame, 64, 3, frame, 64) && nothing("twice", 3) && good;
	while (next_frame(2, got, sizeof(got)))
		;
	make(frame, broadcast, 3, NULL, 0);
	send_from(3, frame, 64);
	return nothing("a frame from the mirror", 1) && good;
}

/* An address known on port 2: frames to it go nowhere else; unknown ones go everywhere. */
static bool learning(void)
{
	const uint8_t two[6] = {2, 0, 0, 0, 9, 2}, unknown[6] = {2, 0, 0, 0, 9, 99};
	uint8_t frame[64], got[2048];

	make(frame, broadcast, 2, NULL, 0);
	if (!arrives("broadcast", 2, frame, 64, 1, frame, 64) || !next_frame(3, got, 2048))
		return false;
	make(frame, two, 1, NULL, 0);
	if (!arrives("known", 1, frame, 64, 2, frame, 64) || !nothing("known", 3) ||
	    !nothing("own port", 1))
		return false;
	make(frame, unknown, 1, NULL, 0);
	return arrives("unknown", 1, frame, 64, 2, frame, 64) && next_frame(3, got, 2048);
}

/* A hub sends even known addresses and foreign tags everywhere, untouched. */
static bool hub(void)
{
	const uint8_t two[6] = {2, 0, 0, 0, 9, 2}, tag[4] = {0x81, 0x00, 0x00, 0x63};
	uint8_t frame[64], got[2048];

	make(frame, two, 1, tag, 4);
	return arrives("hub", 1, frame, 64, 2, frame, 64) && next_frame(3, got, 2048) == 64 &&
	       nothing("hub", 1);
}

/* From port 5, limited to 100 frames a second to unknown addresses: port 1 gets few of 1,000. */
static bool storm(void)
{
	const uint8_t unknown[6] = {2, 0, 0, 0, 9, 99};
	struct vde_open_args args = {.port = 5, .mode = 0700};
	VDECONN *sender = vde_open(directory, "frames", &args);
	uint8_t frame[64], got[2048];
	int arrived = 0;

	make(frame, unknown, 1, NULL, 0);
	for (int i = 0; sender && i < 1000; i++)
		vde_send(sender, frame, sizeof(frame), 0);
	while (next_frame(1, got, sizeof(got)))
		arrived++;
	vde_close(sender);
	if (arrived < 5 || arrived > 50)
		printf("%d of 1000 frames arrived\n", arrived);
	return arrived >= 5 && arrived <= 50;
}

/* Port 1 is a tagged member of VLAN 30, where the switch runs a tree: its BPDUs say so. */
static bool tagged_bpdu(void)
{
	struct pollfd ready = {.fd = vde_datafd(client[1]), .events = POLLIN};
	uint8_t got[2048];

	while (poll(&ready, 1, 4000) > 0) {
		ssize_t len = vde_recv(client[1], got, sizeof(got), 0);

		if (len >= 60 && memcmp(got, bpdu_group, 6) == 0 && got[12] == 0x81 &&
		    got[15] == 30 && got[18] == 0x42)
			return true;
	}
	printf("no tagged BPDU came\n");
	return false;
}

/* Just a few broadcasts from port 2. */
static bool broadcasts(void)
{
	uint8_t frame[64];

	for (int i = 0; i < 4; i++)
		send_from(2, frame, make(frame, broadcast, 2, NULL, 0));
	return true;
}

/* Who has 10.0.2.2? is answered to port 2. */
static bool arp(void)
{
	static const uint8_t question[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,  0, 0, 9,  2, 8, 6, 0, 1, 8, 0,  6, 4, 0,
		1,    2,    0,	  0,	0,    9,    2, 10, 0, 2, 77, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2};
	struct pollfd ready = {.fd = vde_datafd(client[2]), .events = POLLIN};
	uint8_t frame[64] = {0};

	memcpy(frame, question, sizeof(question));
	send_from(2, frame, sizeof(frame));
	for (int i = 0; i < 8 && poll(&ready, 1, 400) > 0; i++) {
		ssize_t n = vde_recv(client[2], frame, sizeof(frame), 0);

		if (n >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2)
			return true;
	}
	printf("no answer\n");
	return false;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} checks[] = {{"linklocal-passes", linklocal_passes},
		      {"linklocal-stops", linklocal_stops},
		      {"vlans", vlans},
		      {"provider", provider},
		      {"mirror", mirror},
		      {"mirrors", mirrors},
		      {"learning", learning},
		      {"hub", hub},
		      {"storm", storm},
		      {"tagged-bpdu", tagged_bpdu},
		      {"broadcast", broadcasts},
		      {"arp", arp}};

	directory = argc < 3 ? NULL : argv[1];
	if (!directory || !connect_clients(directory))
		return 2;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (strcmp(argv[2], checks[i].name) == 0)
			return checks[i].run() ? 0 : 1;
	fprintf(stderr, "frames: no check %s\n", argv[2]);
	return 2;
}
