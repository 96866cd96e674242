/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liblwipv6: IPv4/IPv6 hybrid TCP/IP stacks as a library. See lwipv6(3).
 *
 * The calls of LWIPv6 1.x keep their names, prototypes and constants. Every call may be made from
 * any thread. Where nothing else is said a call returns -1 and sets errno on failure.
 *
 * With LWIPV6DL defined every call below is a pointer that loadlwipv6dl() fills at run time.
 */
#ifndef LWIPV6_H
#define LWIPV6_H

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stack;
struct netif;

/* ---- addresses: 128 bits in network order, IPv4 as ::ffff:a.b.c.d */

struct ip_addr {
	uint32_t addr[4];
};

#define LWIP_HTONL_(x)                                                                             \
	(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32((uint32_t)(x))              \
						   : (uint32_t)(x))
#define IP64_PREFIX LWIP_HTONL_(0xffff)

#define IP6_ADDR(p, a, b, c, d, e, f, g, h)                                                        \
	do {                                                                                       \
		(p)->addr[0] = LWIP_HTONL_((uint32_t)((a)&0xffff) << 16 | ((b)&0xffff));           \
		(p)->addr[1] = LWIP_HTONL_((uint32_t)((c)&0xffff) << 16 | ((d)&0xffff));           \
		(p)->addr[2] = LWIP_HTONL_((uint32_t)((e)&0xffff) << 16 | ((f)&0xffff));           \
		(p)->addr[3] = LWIP_HTONL_((uint32_t)((g)&0xffff) << 16 | ((h)&0xffff));           \
	} while (0)
#define IP4_ADDRX(u, a, b, c, d)                                                                   \
	((u) = LWIP_HTONL_((uint32_t)((a)&0xff) << 24 | (uint32_t)((b)&0xff) << 16 |               \
			   (uint32_t)((c)&0xff) << 8 | (uint32_t)((d)&0xff)))
#define IP64_ADDR(p, a, b, c, d)                                                                   \
	do {                                                                                       \
		(p)->addr[0] = 0;                                                                  \
		(p)->addr[1] = 0;                                                                  \
		(p)->addr[2] = IP64_PREFIX;                                                        \
		IP4_ADDRX((p)->addr[3], (a), (b), (c), (d));                                       \
	} while (0)
#define IP64_MASKADDR(p, a, b, c, d)                                                               \
	do {                                                                                       \
		(p)->addr[0] = 0xffffffffu;                                                        \
		(p)->addr[1] = 0xffffffffu;                                                        \
		(p)->addr[2] = 0xffffffffu;                                                        \
		IP4_ADDRX((p)->addr[3], (a), (b), (c), (d));                                       \
	} while (0)
#define IP_ADDR_IS_V4(p) ((p)->addr[0] == 0 && (p)->addr[1] == 0 && (p)->addr[2] == IP64_PREFIX)

/* ---- constants */

#define LWIP_STACK_FLAG_FORWARDING    0x1
#define LWIP_STACK_FLAG_USERFILTER    0x2
#define LWIP_STACK_FLAG_UF_NAT	      0x10000
#define LWIP_STACK_FLAG_CALLER_DRIVEN 0x1000000 /* no thread: lwip_stack_fd(), lwip_stack_run() */
#define LWIP_STACK_FLAG_VIRTUAL_CLOCK 0x2000000 /* no thread: lwip_stack_advance() moves time */

#define LWIP_STACK_FLAG_TEMPORARY  0x4000000 /* temporary IPv6 addresses beside the stable ones */
#define LWIP_STACK_FLAG_OPTIMISTIC 0x8000000 /* use IPv6 addresses found while they are tested */

#define LWIP_CAP_NET_BIND_SERVICE (1 << 10)
#define LWIP_CAP_NET_BROADCAST	  (1 << 11)
#define LWIP_CAP_NET_ADMIN	  (1 << 12)
#define LWIP_CAP_NET_RAW	  (1 << 13)

#define NETIF_FLAG_AUTOCONF 0x800
#define NETIF_FLAG_RADV	    0x2000
#define NETIF_FLAG_DHCP	    0x4000
#define NETIF_FLAG_DHCP6    0x8000
#define NETIF_STD_FLAGS	    NETIF_FLAG_AUTOCONF
#define NETIF_ADD_FLAGS	    (NETIF_FLAG_AUTOCONF | NETIF_FLAG_RADV)
#define NETIF_IFUP_FLAGS    (NETIF_FLAG_DHCP | NETIF_FLAG_DHCP6)

/* ---- addresses by DHCP, router advertisements: lwip_dhcp(3), lwip_radv(3) */

/* What a DHCP client is doing: the states of RFC 2131 figure 5 and their like in RFC 8415. */
enum lwip_dhcp_state {
	LWIP_DHCP_OFF,	      /* none runs on the interface */
	LWIP_DHCP_INIT,	      /* waits before it begins (again) */
	LWIP_DHCP_SELECTING,  /* looks for servers */
	LWIP_DHCP_REQUESTING, /* has chosen one */
	LWIP_DHCP_REBOOTING,  /* asks for the address of lwip_dhcp_reboot() */
	LWIP_DHCP_PROBING,    /* looks whether somebody has the address already (RFC 5227) */
	LWIP_DHCP_BOUND,      /* holds a lease */
	LWIP_DHCP_RENEWING,   /* holds it, asks its server for more time */
	LWIP_DHCP_REBINDING,  /* holds it, asks any server */
	LWIP_DHCP_INFORMING,  /* IPv6: asks for servers only, no address */
	LWIP_DHCP_INFORMED,   /* IPv6: was told */
	LWIP_DHCP_DECLINING   /* IPv6: tells the server that an address is in use elsewhere */
};

struct lwip_dhcp_status {
	int state; /* enum lwip_dhcp_state */
	uint32_t renew, rebind,
		expire;		/* seconds until then; UINT32_MAX = never; 0 without a lease */
	struct ip_addr address; /* leased, or all zero */
	struct ip_addr server;	/* IPv4: who leased it */
};

/* Keep-alive time in milliseconds, IPPROTO_TCP. The old header's number is Linux's TCP_MAXSEG. */
#ifndef TCP_KEEPALIVE
#define TCP_KEEPALIVE 0x1002
#endif

/* lwip_slirp_listen_add(): what listens on the host, and its results */
#define SLIRP_LISTEN_UDP	0x1000
#define SLIRP_LISTEN_TCP	0x2000
#define SLIRP_LISTEN_UNIXSTREAM 0x3000
#define SLIRP_LISTEN_TYPEMASK	0x7000
#define SLIRP_LISTEN_ONCE	0x8000
#define SLIRP_NO_MEMORY		(-1)
#define SLIRP_SOCKET_ERROR	(-6)
#define SLIRP_BAD_VALUE		(-7)

typedef void (*lwipvoidfun)();
typedef int (*lwip_capfun)(void);

/* ---- statistics */

struct lwip_netif_statistics {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
};

/* clang-format off */
#define LWIP_STATISTICS(X) \
	X(ip_in) X(ip_out) X(ip_forwarded) X(ip_header_errors) X(ip_no_route) X(ip_no_protocol) \
	X(ip_reassembled) X(ip_reassembly_failed) X(ip_fragmented) X(ip_dropped) X(icmp_in) \
	X(icmp_out) X(icmp_errors_in) X(icmp_errors_out) X(icmp_limited) X(arp_in) X(arp_out) \
	X(arp_conflicts) X(neighbour_failed) X(udp_in) X(udp_out) X(udp_no_port) \
	X(udp_checksum_errors) X(udp_overflow) X(raw_in) X(raw_out) X(tcp_in) X(tcp_out) \
	X(tcp_active_opens) X(tcp_passive_opens) X(tcp_established) X(tcp_resets_in) \
	X(tcp_resets_out) X(tcp_retransmits) X(tcp_timeouts) X(tcp_fast_recoveries) \
	X(tcp_tlp_probes) X(tcp_spurious) X(tcp_checksum_errors) X(tcp_out_of_order) \
	X(tcp_duplicates) X(tcp_paws) X(tcp_challenge_acks) X(tcp_cookies_sent) \
	X(tcp_cookies_accepted) X(tcp_cookies_failed) X(tcp_listen_overflow) \
	X(tcp_memory_pruned) X(filter_dropped) X(nat_translated) X(nat_sessions) \
	X(memory_failures) X(tcp_ack_steps)
/* clang-format on */

struct lwip_statistics {
#define LWIP_STATISTICS_FIELD_(name) uint64_t name;
	LWIP_STATISTICS(LWIP_STATISTICS_FIELD_)
#undef LWIP_STATISTICS_FIELD_
};

/* A slice of received data lent by lwip_recv_zc(). */
struct lwip_lease;

struct mmsghdr; /* <sys/socket.h> with _GNU_SOURCE */

/*
 * Every call: X(result, name, arguments). Groups:
 *   stacks        lwip_stack_new .. lwip_stack_flags_set
 *   interfaces    lwip_add_vdeif .. lwip_ifdown
 *   addresses     lwip_add_addr .. lwip_del_route
 *   sockets       lwip_msocket .. lwip_event_subscribe
 *   new in 2      from lwip_accept4 on; lwip_modern(3)
 */
#define LWIP_API(X)                                                                                  \
	X(long, lwip_version, (void))                                                                \
	X(struct stack *, lwip_stack_new, (void))                                                    \
	X(struct stack *, lwip_add_stack, (unsigned long flags))                                     \
	X(struct stack *, lwip_add_stack_cap, (unsigned long flags, lwip_capfun capfun))             \
	X(void, lwip_stack_free, (struct stack * stack))                                             \
	X(void, lwip_del_stack, (struct stack * stack))                                              \
	X(struct stack *, lwip_stack_get, (void))                                                    \
	X(void, lwip_stack_set, (struct stack * stack))                                              \
	X(unsigned long, lwip_stack_flags_get, (struct stack * stack))                               \
	X(void, lwip_stack_flags_set, (struct stack * stack, unsigned long flags))                   \
	X(struct netif *, lwip_add_vdeif, (struct stack * stack, void *arg, int flags))              \
	X(struct netif *, lwip_add_tapif, (struct stack * stack, void *arg, int flags))              \
	X(struct netif *, lwip_add_tunif, (struct stack * stack, void *arg, int flags))              \
	X(struct netif *, lwip_add_slirpif, (struct stack * stack, void *arg, int flags))            \
	X(int, lwip_ifup_flags, (struct netif * netif, int flags))                                   \
	X(int, lwip_ifdown, (struct netif * netif))                                                  \
	X(int, lwip_add_addr, (struct netif * netif, struct ip_addr * ip, struct ip_addr * mask))    \
	X(int, lwip_del_addr, (struct netif * netif, struct ip_addr * ip, struct ip_addr * mask))    \
	X(int, lwip_add_route,                                                                       \
	  (struct stack * stack, struct ip_addr * addr, struct ip_addr * mask,                       \
	   struct ip_addr * nexthop, struct netif * netif, int flags))                               \
	X(int, lwip_del_route,                                                                       \
	  (struct stack * stack, struct ip_addr * addr, struct ip_addr * mask,                       \
	   struct ip_addr * nexthop, struct netif * netif, int flags))                               \
	X(void, lwip_thread_new, (void (*thread)(void *), void *arg))                                \
	X(int, lwip_msocket, (struct stack * stack, int domain, int type, int protocol))             \
	X(int, lwip_socket, (int domain, int type, int protocol))                                    \
	X(int, lwip_bind, (int fd, const struct sockaddr *name, socklen_t len))                      \
	X(int, lwip_connect, (int fd, const struct sockaddr *name, socklen_t len))                   \
	X(int, lwip_listen, (int fd, int backlog))                                                   \
	X(int, lwip_accept, (int fd, struct sockaddr *name, socklen_t *len))                         \
	X(int, lwip_getsockname, (int fd, struct sockaddr *name, socklen_t *len))                    \
	X(int, lwip_getpeername, (int fd, struct sockaddr *name, socklen_t *len))                    \
	X(ssize_t, lwip_recv, (int fd, void *buf, int len, unsigned int flags))                      \
	X(ssize_t, lwip_recvfrom,                                                                    \
	  (int fd, void *buf, int len, unsigned int flags, struct sockaddr *from,                    \
	   socklen_t *fromlen))                                                                      \
	X(ssize_t, lwip_read, (int fd, void *buf, int len))                                          \
	X(ssize_t, lwip_send, (int fd, const void *buf, int len, unsigned int flags))                \
	X(ssize_t, lwip_sendto,                                                                      \
	  (int fd, const void *buf, int len, unsigned int flags, const struct sockaddr *to,          \
	   socklen_t tolen))                                                                         \
	X(ssize_t, lwip_write, (int fd, void *buf, int len))                                         \
	X(ssize_t, lwip_recvmsg, (int fd, struct msghdr *msg, int flags))                            \
	X(ssize_t, lwip_sendmsg, (int fd, const struct msghdr *msg, int flags))                      \
	X(ssize_t, lwip_readv, (int fd, struct iovec *iov, int count))                               \
	X(ssize_t, lwip_writev, (int fd, struct iovec *iov, int count))                              \
	X(int, lwip_shutdown, (int fd, int how))                                                     \
	X(int, lwip_close, (int fd))                                                                 \
	X(int, lwip_setsockopt, (int fd, int level, int name, const void *value, socklen_t len))     \
	X(int, lwip_getsockopt, (int fd, int level, int name, void *value, socklen_t *len))          \
	X(int, lwip_ioctl, (int fd, long cmd, void *arg))                                            \
	X(int, lwip_fcntl, (int fd, int cmd, long arg))                                              \
	X(int, lwip_fcntl64, (int fd, int cmd, long arg))                                            \
	X(int, lwip_select,                                                                          \
	  (int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,                           \
	   struct timeval *timeout))                                                                 \
	X(int, lwip_pselect,                                                                         \
	  (int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,                           \
	   const struct timespec *timeout, const sigset_t *sigmask))                                 \
	X(int, lwip_poll, (struct pollfd * fds, nfds_t nfds, int timeout))                           \
	X(int, lwip_ppoll,                                                                           \
	  (struct pollfd * fds, nfds_t nfds, const struct timespec *timeout,                         \
	   const sigset_t *sigmask))                                                                 \
	X(int, lwip_event_subscribe, (lwipvoidfun cb, void *arg, int fd, int how))                   \
	X(int, lwip_slirp_listen_add,                                                                \
	  (struct netif * slirpif, struct ip_addr * dest, int destport, const void *src,             \
	   int srcport, int flags))                                                                  \
	X(int, lwip_slirp_listen_del,                                                                \
	  (struct netif * slirpif, struct ip_addr * dest, int destport, const void *src,             \
	   int srcport, int flags))                                                                  \
	/* new in version 2 */                                                                       \
	X(int, lwip_slirp_host, (struct netif * slirpif, struct ip_addr * alias))                    \
	X(int, lwip_accept4, (int fd, struct sockaddr *name, socklen_t *len, int flags))             \
	X(int, lwip_sendmmsg, (int fd, struct mmsghdr *msgs, unsigned int n, int flags))             \
	X(int, lwip_recvmmsg,                                                                        \
	  (int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout))       \
	X(ssize_t, lwip_send_zc,                                                                     \
	  (int fd, void *base, size_t len, int flags, void (*release)(void *base, void *arg),        \
	   void *arg))                                                                               \
	X(ssize_t, lwip_recv_zc,                                                                     \
	  (int fd, struct iovec *iov, int *count, int flags, struct lwip_lease **lease))             \
	X(void, lwip_recv_zc_release, (struct lwip_lease * lease))                                   \
	X(struct stack *, lwip_stack_create, (const char *config, char *error, size_t size))         \
	X(struct stack *, lwip_stack_new_seeded, (unsigned long flags, uint64_t seed))               \
	X(int, lwip_stack_fd, (struct stack * stack))                                                \
	X(int, lwip_stack_run, (struct stack * stack, int timeout_ms))                               \
	X(void, lwip_stack_advance, (struct stack * stack, uint64_t ns))                             \
	X(uint64_t, lwip_stack_time, (struct stack * stack))                                         \
	X(int, lwip_statistics, (struct stack * stack, struct lwip_statistics * s, size_t size))     \
	X(char *, lwip_statistics_json, (struct stack * stack))                                      \
	X(int, lwip_add_pairif, (struct stack * a, struct stack * b, struct netif * out[2]))         \
	X(struct netif *, lwip_add_frameif,                                                          \
	  (struct stack * stack, void (*output)(void *arg, const void *frame, size_t len),           \
	   void *arg, int flags))                                                                    \
	X(int, lwip_frame_input, (struct netif * netif, const void *frame, size_t len))              \
	X(int, lwip_del_netif, (struct netif * netif))                                               \
	X(struct netif *, lwip_netif_find, (struct stack * stack, const char *name))                 \
	X(const char *, lwip_netif_name, (struct netif * netif))                                     \
	X(int, lwip_netif_index, (struct netif * netif))                                             \
	X(int, lwip_netif_statistics,                                                                \
	  (struct netif * netif, struct lwip_netif_statistics * s, size_t size))                     \
	X(int, lwip_set_mtu, (struct netif * netif, int mtu))                                        \
	X(int, lwip_set_hwaddr, (struct netif * netif, const uint8_t hwaddr[6]))                     \
	X(int, lwip_capture_start, (struct netif * netif, const char *path))                         \
	X(int, lwip_capture_stop, (struct netif * netif))                                            \
	X(int, lwip_resolvers, (struct stack * stack, struct ip_addr * servers, int max))            \
	X(int, lwip_search_domains, (struct stack * stack, char *domains, size_t size))              \
	X(void, lwip_sort_destinations, (struct stack * stack, struct ip_addr * addrs, int n))       \
	X(const char *, lwip_ntop, (const struct ip_addr *addr, char *text, size_t size))            \
	X(int, lwip_pton, (const char *text, struct ip_addr *addr))                                  \
	/*                                                                                         \
	 * What TCP does where a socket says nothing, lwipv6(3): a setting's value as text. A name \
	 * or value that is not one: -1, EINVAL and, when setting, a sentence in @error. The       \
	 * name number @i, from 0; NULL behind the last.                                           \
	 */ \
	X(int, lwip_setting_set,                                                                     \
	  (struct stack * stack, const char *name, const char *value, char *error, size_t size))     \
	X(int, lwip_setting_get,                                                                     \
	  (struct stack * stack, const char *name, char *value, size_t size))                        \
	X(const char *, lwip_setting_name, (int i))                                                  \
	/*                                                                                         \
	 * Router advertisements. The first two are LWIPv6 1.x's: 1 = read, 0 = cannot open; what  \
	 * is wrong in the file turns advertising off on its interface. lwip_radv_load() says what \
	 * was wrong in @error: -1 and EINVAL. The file stays the caller's. Interfaces must have   \
	 * been made with NETIF_FLAG_RADV; they may be up.                                         \
	 */ \
	X(int, lwip_radv_load_configfile, (struct stack * stack, void *path))                        \
	X(void, lwip_radv_load_config, (struct stack * stack, FILE * file))                          \
	X(int, lwip_radv_load, (struct stack * stack, FILE * file, char *error, size_t size))        \
	/*                                                                                         \
	 * The client of AF_INET or AF_INET6 on an interface; fills @size bytes of @status.        \
	 * lwip_dhcp_reboot() makes the next lwip_ifup_dhcp() ask for @address first (INIT-REBOOT, \
	 * RFC 2131 3.2), for programs that remember their lease; an address of zero forgets it.   \
	 */ \
	X(int, lwip_dhcp_status,                                                                     \
	  (struct netif * netif, int family, struct lwip_dhcp_status *status, size_t size))          \
	X(int, lwip_dhcp_reboot, (struct netif * netif, const struct ip_addr *address))              \
	/*                                                                                         \
	 * Packet filter and NAT, lwip_filter(3). Rules are text; loading replaces all that were   \
	 * there, or nothing when one is wrong: -1, errno and a sentence in @error. NULL or no     \
	 * rules ends filter and NAT. Connections go on as far as the new rules let them. The      \
	 * JSON (rules with counters, mappings) is the caller's to free(). Works on every stack,   \
	 * whether made with LWIP_STACK_FLAG_USERFILTER and LWIP_STACK_FLAG_UF_NAT or not.         \
	 */ \
	X(int, lwip_filter_load,                                                                     \
	  (struct stack * stack, const char *rules, char *error, size_t size))                       \
	X(int, lwip_filter_load_file,                                                                \
	  (struct stack * stack, const char *path, char *error, size_t size))                        \
	X(char *, lwip_filter_json, (struct stack * stack))

#ifdef LWIPV6DL

#include <dlfcn.h>
#include <errno.h>
#define LWIP_API_POINTER_(result, name, args) __attribute__((weak)) result(*name) args;
LWIP_API(LWIP_API_POINTER_)
#undef LWIP_API_POINTER_
__attribute__((weak)) const struct ip_addr *pip_addr_any;
#define IP_ADDR_ANY ((struct ip_addr *)pip_addr_any)

/* Load the library and fill the pointers; dlclose() of the result unloads. NULL and ENOENT when it
 * cannot be loaded or lacks a call. */
static inline void *loadlwipv6dl(void)
{
	static const struct {
		void *pointer;
		const char *name;
	} table[] = {
#define LWIP_API_ENTRY_(result, name, args) {&name, #name},
		LWIP_API(LWIP_API_ENTRY_)
#undef LWIP_API_ENTRY_
			{&pip_addr_any, "ip_addr_any"},
	};
	void *library = dlopen("liblwipv6.so.3", RTLD_NOW);

	for (size_t i = 0; library && i < sizeof(table) / sizeof(table[0]); i++) {
		void *symbol = dlsym(library, table[i].name);

		if (!symbol) {
			dlclose(library);
			library = NULL;
			break;
		}
		*(void **)table[i].pointer = symbol;
	}
	if (!library)
		errno = ENOENT;
	return library;
}

#else

#pragma GCC visibility push(default)
#define LWIP_API_PROTOTYPE_(result, name, args) result name args;
LWIP_API(LWIP_API_PROTOTYPE_)
#undef LWIP_API_PROTOTYPE_
extern const struct ip_addr ip_addr_any;
#define IP_ADDR_ANY ((struct ip_addr *)&ip_addr_any)
/* Needed by statically linked programs; harmless in others. */
void lwip_init(void);
void lwip_fini(void);
#pragma GCC visibility pop

#endif

#define lwip_vdeif_add(S, A)   lwip_add_vdeif((S), (A), NETIF_STD_FLAGS)
#define lwip_tapif_add(S, A)   lwip_add_tapif((S), (A), NETIF_STD_FLAGS)
#define lwip_tunif_add(S, A)   lwip_add_tunif((S), (A), NETIF_STD_FLAGS)
#define lwip_slirpif_add(S, A) lwip_add_slirpif((S), (A), 0)
#define lwip_ifup(N)	       lwip_ifup_flags((N), 0)
#define lwip_ifup_dhcp(N)      lwip_ifup_flags((N), NETIF_FLAG_DHCP)

#ifdef __cplusplus
}
#endif

#endif
