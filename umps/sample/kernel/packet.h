/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is where in a frame (RFC 894, 826, 791, 792), as byte offsets. Numbers have their first byte
 * first on the wire, whatever the machine does.
 */
#ifndef PIAZZA_PACKET_H
#define PIAZZA_PACKET_H

#define MAC_SIZE   6
#define FRAME_SIZE 1514
#define FRAME_MIN  60

/* Ethernet header */
#define ETHERNET_TO	0
#define ETHERNET_FROM	6
#define ETHERNET_TYPE	12
#define ETHERNET_HEADER 14
#define TYPE_IP		0x0800
#define TYPE_ARP	0x0806

/* ARP, from the start of the frame */
#define ARP_FORMAT    14 /* hardware, protocol, sizes: 6 bytes that are always the same */
#define ARP_OPERATION 20
#define ARP_FROM_MAC  22
#define ARP_FROM      28
#define ARP_TO_MAC    32
#define ARP_TO	      38
#define ARP_END	      42
#define ARP_REQUEST   1
#define ARP_REPLY     2

/* IP header, from the start of the frame */
#define IP_START      14
#define IP_VERSION    14 /* and header length in words */
#define IP_LENGTH     16
#define IP_FRAGMENT   20
#define IP_TTL	      22
#define IP_PROTOCOL   23
#define IP_CHECKSUM   24
#define IP_FROM	      26
#define IP_TO	      30
#define IP_HEADER     20 /* without options */
#define PROTOCOL_ICMP 1

/* ICMP, from the start of the message */
#define ICMP_TYPE	0
#define ICMP_CODE	1
#define ICMP_CHECKSUM	2
#define ICMP_IDENTIFIER 4
#define ICMP_SEQUENCE	6
#define ICMP_HEADER	8
#define ICMP_ECHO	8
#define ICMP_ECHO_REPLY 0

static inline unsigned int get16(const unsigned char *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static inline unsigned int get32(const unsigned char *bytes)
{
	return get16(bytes) << 16 | get16(bytes + 2);
}

static inline void put16(unsigned char *bytes, unsigned int value)
{
	bytes[0] = value >> 8;
	bytes[1] = value;
}

static inline void put32(unsigned char *bytes, unsigned int value)
{
	put16(bytes, value >> 16);
	put16(bytes + 2, value);
}

/* The Internet checksum (RFC 1071): 0 over data that contains its right checksum. */
static inline unsigned int checksum(const unsigned char *bytes, int length)
{
	unsigned int sum = 0;

	for (; length > 1; length -= 2, bytes += 2)
		sum += get16(bytes);
	if (length)
		sum += bytes[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return ~sum & 0xFFFF;
}

#endif
