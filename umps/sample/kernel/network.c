/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 in small: a process reads frame after frame; requests for our address (ARP) and pings (ICMP
 * echo) are answered by turning the frame round, answers are noted for those who wait for them.
 *
 * The addresses of neighbours are learnt from their ARP packets, eight of them, the oldest goes.
 */
#include "clock.h"
#include "ethernet.h"
#include "network.h"
#include "process.h"

#define NEIGHBOURS  8
#define DEFAULT_NET 0x0A000000 /* 10.0.0.0; the last byte is that of the adapter's address */
#define PING_DATA   32
#define PATIENCE    1000000 /* microseconds */
#define STEP	    100	    /* milliseconds between looks */

static const unsigned char arp_format[6] = {0, 1, 8, 0, MAC_SIZE, 4};
static const unsigned char broadcast[MAC_SIZE] = {255, 255, 255, 255, 255, 255};

static struct network_info network;

static struct neighbour {
	unsigned int address;
	unsigned char mac[MAC_SIZE];
} neighbours[NEIGHBOURS];
static int next_neighbour;

/* The ping that is under way; one at a time. */
static struct {
	struct semaphore free;
	unsigned int sequence, sent_at, answered_at;
	volatile bool answered;
} ping = {.free = {1, {0}}};

static struct neighbour *neighbour_find(unsigned int address)
{
	struct neighbour *neighbour;

	for (neighbour = neighbours; neighbour < neighbours + NEIGHBOURS; neighbour++)
		if (address && neighbour->address == address)
			return neighbour;
	return NULL;
}

static void neighbour_learn(unsigned int address, const unsigned char *mac)
{
	struct neighbour *neighbour = neighbour_find(address);

	if (!neighbour) {
		neighbour = &neighbours[next_neighbour];
		next_neighbour = (next_neighbour + 1) % NEIGHBOURS;
	}
	neighbour->address = address;
	memcpy(neighbour->mac, mac, MAC_SIZE);
}

static void send(unsigned char *frame, const unsigned char *to, unsigned int type, int length)
{
	memcpy(frame + ETHERNET_TO, to, MAC_SIZE);
	memcpy(frame + ETHERNET_FROM, network.mac, MAC_SIZE);
	put16(frame + ETHERNET_TYPE, type);
	if (ethernet_send(frame, length))
		network.sent++;
}

static void arp_send(unsigned int operation, const unsigned char *to_mac, unsigned int to)
{
	unsigned char frame[ARP_END];

	memcpy(frame + ARP_FORMAT, arp_format, sizeof(arp_format));
	put16(frame + ARP_OPERATION, operation);
	memcpy(frame + ARP_FROM_MAC, network.mac, MAC_SIZE);
	put32(frame + ARP_FROM, network.address);
	memcpy(frame + ARP_TO_MAC, to_mac, MAC_SIZE);
	put32(frame + ARP_TO, to);
	send(frame, to_mac, TYPE_ARP, ARP_END);
}

static void arp_received(const unsigned char *frame, int length)
{
	if (length < ARP_END || memcmp(frame + ARP_FORMAT, arp_format, sizeof(arp_format)) != 0 ||
	    get32(frame + ARP_TO) != network.address)
		return;
	neighbour_learn(get32(frame + ARP_FROM), frame + ARP_FROM_MAC);
	if (get16(frame + ARP_OPERATION) == ARP_REQUEST)
		arp_send(ARP_REPLY, frame + ARP_FROM_MAC, get32(frame + ARP_FROM));
}

/* Completes the IP header of a message of LENGTH bytes and sends it. */
static void ip_send(unsigned char *frame, const unsigned char *to_mac, unsigned int to, int length)
{
	unsigned char *header = frame + IP_START;

	memset(header, 0, IP_HEADER);
	frame[IP_VERSION] = 4 << 4 | IP_HEADER / 4;
	put16(frame + IP_LENGTH, IP_HEADER + length);
	frame[IP_TTL] = 64;
	frame[IP_PROTOCOL] = PROTOCOL_ICMP;
	put32(frame + IP_FROM, network.address);
	put32(frame + IP_TO, to);
	put16(frame + IP_CHECKSUM, checksum(header, IP_HEADER));
	send(frame, to_mac, TYPE_IP, ETHERNET_HEADER + IP_HEADER + length);
}

/* A message to us, LENGTH bytes at MESSAGE; it is right behind a header without options. */
static void icmp_received(unsigned char *frame, unsigned char *message, int length)
{
	if (length < ICMP_HEADER || checksum(message, length) != 0 || message[ICMP_CODE] != 0)
		return;
	if (message[ICMP_TYPE] == ICMP_ECHO) {
		unsigned char to[MAC_SIZE];

		memcpy(to, frame + ETHERNET_FROM, MAC_SIZE);
		message[ICMP_TYPE] = ICMP_ECHO_REPLY;
		put16(message + ICMP_CHECKSUM, 0);
		put16(message + ICMP_CHECKSUM, checksum(message, length));
		network.answered++;
		ip_send(frame, to, get32(frame + IP_FROM), length);
	} else if (message[ICMP_TYPE] == ICMP_ECHO_REPLY &&
		   get16(message + ICMP_SEQUENCE) == (ping.sequence & 0xFFFF)) {
		ping.answered_at = clock_microseconds();
		ping.answered = true;
	}
}

static void ip_received(unsigned char *frame, int length)
{
	int total;

	if (length < IP_START + IP_HEADER || frame[IP_VERSION] != (4 << 4 | IP_HEADER / 4) ||
	    checksum(frame + IP_START, IP_HEADER) != 0)
		return;
	total = get16(frame + IP_LENGTH);
	if (total < IP_HEADER || total > length - IP_START ||
	    get32(frame + IP_TO) != network.address ||
	    (get16(frame + IP_FRAGMENT) & 0x3FFF) != 0) /* more to come, or not the first */
		return;
	if (frame[IP_PROTOCOL] == PROTOCOL_ICMP)
		icmp_received(frame, frame + IP_START + IP_HEADER, total - IP_HEADER);
}

static void serve(void)
{
	static unsigned char frame[FRAME_SIZE];
	int length;

	ethernet_start(network.mac);
	network.address = DEFAULT_NET | network.mac[MAC_SIZE - 1];
	network.present = true;
	for (;;) {
		length = ethernet_receive(frame);
		network.received++;
		if (length < ETHERNET_HEADER)
			continue;
		switch (get16(frame + ETHERNET_TYPE)) {
		case TYPE_ARP:
			arp_received(frame, length);
			break;
		case TYPE_IP:
			ip_received(frame, length);
			break;
		}
	}
}

void network_start(void)
{
	if (ethernet_present())
		process_start_kernel("network", serve);
}

void network_set_address(unsigned int address)
{
	network.address = address;
}

void network_information(struct network_info *info)
{
	*info = network;
}

/* The neighbour with this address, asked for if unknown; NULL if nobody answers. */
static struct neighbour *neighbour_ask(unsigned int address)
{
	unsigned int start = clock_microseconds();
	struct neighbour *neighbour;

	while (!(neighbour = neighbour_find(address))) {
		if (clock_microseconds() - start > PATIENCE)
			return NULL;
		arp_send(ARP_REQUEST, broadcast, address);
		clock_sleep(STEP);
	}
	return neighbour;
}

bool network_ping(unsigned int address, unsigned int *microseconds)
{
	static unsigned char frame[ETHERNET_HEADER + IP_HEADER + ICMP_HEADER + PING_DATA];
	unsigned char *message = frame + IP_START + IP_HEADER;
	struct neighbour *neighbour;
	bool answered = false;
	int i;

	if (!network.present)
		return false;
	semaphore_take(&ping.free);
	neighbour = neighbour_ask(address);
	if (neighbour) {
		message[ICMP_TYPE] = ICMP_ECHO;
		message[ICMP_CODE] = 0;
		put16(message + ICMP_CHECKSUM, 0);
		put16(message + ICMP_IDENTIFIER, current->number);
		put16(message + ICMP_SEQUENCE, ++ping.sequence);
		for (i = 0; i < PING_DATA; i++)
			message[ICMP_HEADER + i] = 'a' + i % 26;
		put16(message + ICMP_CHECKSUM, checksum(message, ICMP_HEADER + PING_DATA));
		ping.answered = false;
		ping.sent_at = clock_microseconds();
		ip_send(frame, neighbour->mac, address, ICMP_HEADER + PING_DATA);
		while (!ping.answered && clock_microseconds() - ping.sent_at < PATIENCE)
			clock_sleep(STEP);
		answered = ping.answered;
		*microseconds = ping.answered_at - ping.sent_at;
	}
	semaphore_give(&ping.free);
	return answered;
}
