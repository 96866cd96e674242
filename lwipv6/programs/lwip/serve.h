/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services and their connections; serve.c has the loop, http.c what HTTP adds. */
#ifndef LWIPV6_PROGRAMS_LWIP_SERVE_H
#define LWIPV6_PROGRAMS_LWIP_SERVE_H

#include <stddef.h>
#include <stdint.h>
#include "lwipv6/programs/lwip/lwip.h"

#define REQUEST_MAX 8192
#define CHUNK	    65536

enum service_kind { SERVICE_ECHO, SERVICE_DISCARD, SERVICE_DAYTIME, SERVICE_CHARGEN, SERVICE_HTTP };

/* First of what an epoll event points at. */
enum epoll_tag { TAG_CANCEL, TAG_SERVICE_TCP, TAG_SERVICE_UDP, TAG_CONNECTION };

struct service {
	enum epoll_tag tag, udp_tag;
	enum service_kind kind;
	int tcp, udp;
	int directory; /* of HTTP */
};

struct connection {
	enum epoll_tag tag;
	struct connection *next, **link;
	struct service *service;
	int fd;
	uint32_t watched;
	bool reading, eof, producing, ending; /* ending: close when everything is sent */
	char in[REQUEST_MAX];
	size_t in_len;
	char out[CHUNK];
	size_t out_at, out_len;
	uint64_t produced;
	int file;      /* being sent, or -1 */
	uint64_t left; /* bytes of it */
};

/* A request may be complete: answer it. */
void http_request(struct connection *c);
/* The next bytes of the file into c->out. */
void http_produce(struct connection *c);

#endif
