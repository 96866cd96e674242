// SPDX-License-Identifier: GPL-2.0-only
/*
 * Into a client's queue: what the end of sendmsg(2) on the port's socket does, with a frame that is there already.
 *
 * The frame becomes the port's: it is charged to the port's socket, whose SO_SNDBUF bounds what waits for one client, and
 * the sender is charged no more. A client that does not read costs nobody but itself. The destructor is the kernel's own, so
 * frames that wait do not keep the module. A client whose sk_data_ready is not the kernel's own gets nothing: it is adopted
 * itself, or belongs to something (a sockmap) whose function may sleep.
 */
#include <linux/filter.h>
#include <linux/socket.h>
#include <net/af_unix.h>

#include "switch.h"

/*
 * The beginning of what unix sockets keep in skb->cb, the same since Linux 3.x (in 7.x it is no longer in a header of the
 * kernel's): whose process it was, which after skb_orphan() is not counted any more.
 */
struct credentials {
	struct pid *pid;
	kuid_t uid;
	kgid_t gid;
};

#ifdef UNIXCB
static_assert(offsetof(struct unix_skb_parms, pid) == offsetof(struct credentials, pid));
static_assert(offsetof(struct unix_skb_parms, uid) == offsetof(struct credentials, uid));
static_assert(offsetof(struct unix_skb_parms, gid) == offsetof(struct credentials, gid));
#endif

static void forget_sender(struct sk_buff *skb)
{
	skb_orphan(skb);
	*(struct credentials *)skb->cb = (struct credentials){ .uid = INVALID_UID, .gid = INVALID_GID };
}

/* The client as it is now. Under its state lock. */
static bool client_takes(const struct kvde_adopted *to)
{
	struct sock *client = to->client, *peer = unix_peer(client);

	return !sock_flag(client, SOCK_DEAD) && !(client->sk_shutdown & RCV_SHUTDOWN) && (!peer || peer == to->sk) &&
	       READ_ONCE(client->sk_data_ready) == to->data_ready;
}

static bool has_room(struct kvde_adopted *to, const struct sk_buff *skb)
{
	return sk_wmem_alloc_get(to->sk) + skb->truesize <= READ_ONCE(to->sk->sk_sndbuf);
}

void kvde_deliver(struct kvde_adopted *to, struct sk_buff *skb)
{
	struct sock *client = to->client;
	bool taken = false;

	kvde_count(to, out_frames, 1);
	kvde_count(to, out_bytes, skb->len);
	forget_sender(skb);
	if (!has_room(to, skb) || sk_filter(client, skb)) {
		kvde_count(to, out_dropped, 1);
		kfree_skb(skb);
		return;
	}
	skb_set_owner_w(skb, to->sk);
	unix_state_lock(client);
	taken = client_takes(to);
	if (taken)
		skb_queue_tail(&client->sk_receive_queue, skb);
	unix_state_unlock(client);
	if (taken) {
		to->data_ready(client);
	} else {
		kvde_count(to, out_dropped, 1);
		kfree_skb(skb);
	}
}
