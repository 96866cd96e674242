/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/kvde: frames between the clients of a VDE switch, forwarded in the kernel.
 *
 * One open file is one switch. The process that opened it (its address space) is the only one that may use it. It
 * describes its switch by ioctl(2) and hands over, port by port, the datagram sockets that it has connected to its
 * clients (KVDE_ADOPT). From then on what a client sends is taken from the socket within the client's own system call,
 * and delivered to other adopted clients there and then. What the module does not do itself it queues for read(2).
 *
 * The switch goes on to hold the sockets, may send on them at any time, and reads none of them while it is adopted.
 * The module holds sockets, no files: when the switch closes a socket, or ends, clients see what they would without it.
 *
 * Port numbers are the switch's own, 1 to KVDE_PORTS - 1; 0 stands for all that is not adopted. Sets of ports are bits:
 * port P is bit P % 64 of word P / 64.
 *
 * Errors common to all: EPERM another process; EINVAL a number out of range or a reserved field that is not 0; EFAULT;
 * ENOTTY. close(2) releases all ports.
 */
#ifndef _UAPI_KVDE_H
#define _UAPI_KVDE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVDE_DEVICE	 "/dev/kvde"
#define KVDE_ABI_VERSION 1

#define KVDE_PORTS     4096
#define KVDE_WORDS     (KVDE_PORTS / 64)
#define KVDE_VLANS     4096
#define KVDE_NO_VLAN   4095 /* as pvid: untagged frames are refused */
#define KVDE_FRAME_MIN 14
#define KVDE_FRAME_MAX 9234
#define KVDE_ADDRESSES 131072 /* that are remembered; frames to others are flooded */

/* ---- the switch */

#define KVDE_SPANNING_TREE (1u << 0) /* frames to 01:80:c2:00:00:00 to 0f are for the switch */

struct kvde_switch {
	__u32 flags;
	__u32 persistence; /* seconds: an address that was seen within them does not move */
};

/* How a port of the switch takes part; of one that is not adopted nothing is known. */
struct kvde_port {
	__u32 port;
	__u16 pvid; /* VLAN of untagged frames */
	__u16 tpid; /* type of its tags: 0x8100 or 0x88a8 */
};

#define KVDE_VLAN_UP (1u << 0) /* floods concern also ports that are not adopted */

struct kvde_vlan {
	__u32 vlan;
	__u32 flags;
	__u64 member[KVDE_WORDS];
	__u64 tagged[KVDE_WORDS]; /* frames leave with a tag */
	__u64 learning[KVDE_WORDS];
	__u64 forwarding[KVDE_WORDS];
};

/* ---- ports */

/*
 * KVDE_ADOPT: a socket of family AF_UNIX and type SOCK_DGRAM, connected to the client's, on a port with these settings.
 * What it has received already is forwarded first. EBUSY the port has one, or the socket is used by somebody else in the
 * kernel; ENOTSOCK, EPROTOTYPE no such socket; ENOTCONN no client; ELOOP the client's socket is adopted itself;
 * ENOMEM, EACCES as the system's policy has it.
 */
struct kvde_adopt {
	struct kvde_port port;
	__s32 fd;
	__u32 reserved;
};

struct kvde_counters {
	__u64 in_frames; /* but those that went to the switch, whole or also: it counts them itself */
	__u64 in_bytes;
	__u64 in_dropped; /* not a member of the VLAN, port not forwarding, no memory */
	__u64 in_errors;  /* too short or too long */
	__u64 out_frames; /* attempted, as in_frames and bytes */
	__u64 out_bytes;
	__u64 out_dropped; /* no room at the client, or it is gone */
};

/*
 * KVDE_RELEASE: the socket is as it was before; what it has received stays in it. KVDE_COUNT: only count. ENOENT: no
 * such port. records: how many records were queued for read() up to now.
 */
struct kvde_port_state {
	__u32 port;
	__u32 reserved;
	struct kvde_counters counters;
	__u64 records;
};

/*
 * KVDE_PAUSE: no frame is taken from any socket, until KVDE_RESUME; none is on its way when it returns. records: as above. So a
 * port can be adopted without frames to it overtaking others that the switch has yet to deal with.
 */
struct kvde_pause {
	__u64 records;
};

/* ---- addresses */

/*
 * The switch says where an address is (KVDE_ADDRESS_SET; 0: not at an adopted port), or that it is nowhere (_DEL), or
 * asks (_GET: port and idle; ENOENT). KVDE_FLUSH: forget all.
 */
struct kvde_address {
	__u8 mac[6];
	__u16 vlan;
	__u32 port;
	__u32 idle; /* seconds since it was seen as a source */
};

/* ---- read(2): records, one behind the other, as many as fit; EINVAL: not even the next one does */

enum kvde_record_type {
	KVDE_FRAME,   /* for the switch to forward, as it was received on the port */
	KVDE_FLOODED, /* the same, but it has gone already to those of the ports in `set` that it is for */
	KVDE_LEARNED, /* the address was seen on the port for the first time */
	KVDE_MOVED,   /* or on another than before */
	KVDE_CLAIMED, /* or is known at port 0: the switch decides */
	KVDE_STUCK,   /* what the port's socket has next is not for us (it carries descriptors): release it */
	KVDE_LOST,    /* addresses were learned and not told */
};

struct kvde_record {
	__u32 size; /* of all of it, a multiple of 8 */
	__u16 type;
	__u16 port;
	__u16 vlan;
	__u8 mac[6];
	__u32 length; /* of the frame */
	__u32 words;  /* of the set */
		      /* __u64 set[words]; __u8 frame[length]; up to 7 bytes of zeros */
};

#define KVDE_RECORD_MAX (sizeof(struct kvde_record) + 8 * KVDE_WORDS + KVDE_FRAME_MAX + 8)

#define KVDE_MAGIC	 0xdf
#define KVDE_ABI	 _IOR(KVDE_MAGIC, 0, __u32)
#define KVDE_SWITCH	 _IOW(KVDE_MAGIC, 1, struct kvde_switch)
#define KVDE_PORT	 _IOW(KVDE_MAGIC, 2, struct kvde_port)
#define KVDE_VLAN	 _IOW(KVDE_MAGIC, 3, struct kvde_vlan)
#define KVDE_ADOPT	 _IOW(KVDE_MAGIC, 4, struct kvde_adopt)
#define KVDE_RELEASE	 _IOWR(KVDE_MAGIC, 5, struct kvde_port_state)
#define KVDE_COUNT	 _IOWR(KVDE_MAGIC, 6, struct kvde_port_state)
#define KVDE_ADDRESS_SET _IOW(KVDE_MAGIC, 7, struct kvde_address)
#define KVDE_ADDRESS_DEL _IOW(KVDE_MAGIC, 8, struct kvde_address)
#define KVDE_ADDRESS_GET _IOWR(KVDE_MAGIC, 9, struct kvde_address)
#define KVDE_FLUSH	 _IO(KVDE_MAGIC, 10)
#define KVDE_PAUSE	 _IOR(KVDE_MAGIC, 11, struct kvde_pause)
#define KVDE_RESUME	 _IO(KVDE_MAGIC, 12)

#endif
