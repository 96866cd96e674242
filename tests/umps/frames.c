/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends frames that no stack should believe: noise, and ARP and ICMP packets with a few bytes
 * changed or cut off.
 *
 * usage: frames INTERFACE COUNT SEED ADDRESS     ADDRESS of the victim, like 10.0.0.1; its
 * adapter's address is 02:00:00:00:00:LAST BYTE
 */
#include <arpa/inet.h>
#include <error.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_SIZE 1514

static uint64_t state;

static uint32_t next(uint32_t limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % limit;
}

static uint16_t checksum(const uint8_t *bytes, int length)
{
	uint32_t sum = 0;

	for (int i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return ~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static int ethernet(uint8_t *frame, uint32_t victim, uint16_t type)
{
	static const uint8_t from[6] = {2, 0, 0, 0, 0, 0x77};

	memcpy(frame, (uint8_t[]){2, 0, 0, 0, 0, victim}, 6);
	memcpy(frame + 6, from, 6);
	put16(frame + 12, type);
	return 14;
}

static int arp(uint8_t *frame, uint32_t victim)
{
	uint32_t target = htonl(victim);

	ethernet(frame, victim, 0x0806);
	memcpy(frame + 14, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
	memcpy(frame + 22, frame + 6, 6);
	memcpy(frame + 28, (uint8_t[]){10, 0, 0, 0x77}, 4);
	memset(frame + 32, 0, 6);
	memcpy(frame + 38, &target, 4);
	return 42;
}

static int echo(uint8_t *frame, uint32_t victim)
{
	uint8_t *ip = frame + ethernet(frame, victim, 0x0800), *icmp = ip + 20;
	int data = next(1480 - 8);
	uint32_t target = htonl(victim);

	memset(ip, 0, 28);
	ip[0] = 0x45;
	put16(ip + 2, 28 + data);
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, (uint8_t[]){10, 0, 0, 0x77}, 4);
	memcpy(ip + 16, &target, 4);
	put16(ip + 10, checksum(ip, 20));
	icmp[0] = 8;
	for (int i = 0; i < data; i++)
		icmp[8 + i] = next(256);
	put16(icmp + 2, checksum(icmp, 8 + data));
	return 14 + 28 + data;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int socket_fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	static uint8_t frame[FRAME_SIZE];

	if (argc != 5 || socket_fd < 0)
		error(1, errno, "usage: frames INTERFACE COUNT SEED ADDRESS, as root");
	to.sll_ifindex = if_nametoindex(argv[1]);
	state = strtoull(argv[3], NULL, 0);
	uint32_t victim = ntohl(inet_addr(argv[4]));

	for (int i = atoi(argv[2]); i > 0; i--) {
		int length = 0, changes = next(4);

		switch (next(4)) {
		case 0:
			length = 14 + next(FRAME_SIZE - 13);
			for (int j = 0; j < length; j++)
				frame[j] = next(256);
			ethernet(frame, victim, next(2) ? 0x0800 : 0x0806);
			break;
		case 1:
			length = arp(frame, victim);
			break;
		default:
			length = echo(frame, victim);
		}
		while (changes--)
			frame[12 + next(length > 60 ? 48 : length - 12)] = next(256);
		if (next(4) == 0)
			length = 14 + next(length - 13);
		if (sendto(socket_fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			error(1, errno, "cannot send on %s", argv[1]);
		usleep(1000); /* the machine takes 1.2 ms for a frame and keeps 16 */
	}
	return 0;
}
