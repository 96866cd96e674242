/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcap trace (nanosecond format). Frames are written as they pass the interface: super-segments
 * appear whole when the link carries them whole. A checksum left to the link is completed in the
 * trace, so that a reader sees what the wire would carry.
 */
#include "lwipv6/link/capture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/link/gso.h"

#define PCAP_MAGIC_NS	  0xa1b23c4d
#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW	  101

struct capture {
	FILE *file;
};

int capture_start(struct netif *netif, const char *path)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		int32_t zone;
		uint32_t figures, snaplen, linktype;
	} header = {PCAP_MAGIC_NS,
		    2,
		    4,
		    0,
		    0,
		    262144,
		    netif->kind == NETIF_ETHERNET ? LINKTYPE_ETHERNET : LINKTYPE_RAW};
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->file = fopen(path, "we");
	if (!c->file || fwrite(&header, sizeof(header), 1, c->file) != 1) {
		int error = errno;

		if (c->file)
			fclose(c->file);
		free(c);
		return -error;
	}
	capture_stop(netif);
	netif->capture = c;
	return 0;
}

void capture_stop(struct netif *netif)
{
	if (!netif->capture)
		return;
	fclose(netif->capture->file);
	free(netif->capture);
	netif->capture = NULL;
}

void capture_write(struct netif *netif, const struct packet *p)
{
	struct timespec ts;
	struct packet *flat = packet_flatten(p, 0);

	if (!flat)
		return;
	if (flat->checksum == CHECKSUM_PARTIAL && flat->network >= 0)
		gso_finish_checksum(flat);
	if (netif->stack->flags & STACK_VIRTUAL)
		ts = (struct timespec){netif->stack->now / NSEC_PER_SEC,
				       netif->stack->now % NSEC_PER_SEC};
	else
		clock_gettime(CLOCK_REALTIME, &ts);
	uint32_t record[4] = {ts.tv_sec, ts.tv_nsec, flat->len, flat->len};

	fwrite(record, sizeof(record), 1, netif->capture->file);
	fwrite(flat->data, flat->len, 1, netif->capture->file);
	packet_free(flat);
}
