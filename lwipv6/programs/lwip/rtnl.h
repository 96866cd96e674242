/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A netlink conversation with the session's stack, and tables that are JSON or text. */
#ifndef LWIPV6_PROGRAMS_LWIP_RTNL_H
#define LWIPV6_PROGRAMS_LWIP_RTNL_H

#include <linux/rtnetlink.h>
#include "lwipv6/netlink/message.h"
#include "lwipv6/programs/lwip/lwip.h"

struct rtnl {
	struct session *session;
	int fd;
	struct nl_builder request;
};

/* False told. */
bool rtnl_open(struct rtnl *r, struct session *s);
void rtnl_close(struct rtnl *r);
/*
 * Send the request that was built and take the answer: @decode makes an object of each message,
 * appended to @table. STATUS_GOOD, or STATUS_FAILED with the stack's own words told.
 */
int rtnl_ask(struct rtnl *r, json_t *(*decode)(struct rtnl *r, const struct nlmsghdr *h),
	     json_t *table);
/* Begin a request of @size bytes of family header. */
void *rtnl_begin(struct rtnl *r, int type, int flags, size_t size);

/* The index of an interface, 0 told; "lo" is the loopback interface. */
int rtnl_index(struct rtnl *r, const char *name);
const char *rtnl_name(struct rtnl *r, int index, char name[16]);
/* Print and drop: JSON as it is, or each row by @text. */
void rtnl_print(struct session *s, json_t *table, void (*text)(struct session *s, json_t *row));

/* ADDRESS[/LENGTH] or "default"; plen over 32 or 128. False told. */
bool rtnl_prefix(struct session *s, const char *text, struct ip_addr *addr, int *plen);
int rtnl_family(const struct ip_addr *a);
json_t *rtnl_address_json(const struct nlattr *a);

/* ip_link.c: an interface, for lwip addr as well. */
json_t *link_decode(struct rtnl *r, const struct nlmsghdr *h);
void link_text(struct session *s, json_t *row);

/* Words behind a command: "dev tp0 metric 7". */
struct words {
	struct session *session;
	int argc;
	char **argv;
};
/* The next word, or NULL. */
const char *words_next(struct words *w);
/* The word after @keyword; NULL told when there is none. */
const char *words_value(struct words *w, const char *keyword);
/* What follows "show": NAME, "dev NAME" or nothing; 0, or the status when it is told to be wrong. */
int words_device(struct words *w, const char **dev);
/* Leave in @table the rows whose "dev" is @dev, or all when that is NULL; a status. */
int rtnl_of_device(struct rtnl *r, const char *dev, json_t *table);

/* What add, replace, del, show and perhaps get do to one kind of object. */
struct rtnl_object {
	int new_type; /* RTM_NEW*; RTM_DEL* is the next number */
	int (*show)(struct rtnl *r, const char *dev);
	int (*change)(struct rtnl *r, int type, int flags, struct words *w);
	int (*get)(struct rtnl *r, struct words *w); /* or NULL */
};
int rtnl_command(struct session *s, int argc, char **argv, const struct rtnl_object *o);

static inline bool is_word(const char *word, const char *wanted)
{
	return word && !strcmp(word, wanted);
}

#endif
