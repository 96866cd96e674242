// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF switch alone, in a network namespace of its own, in each mode: three taps
 * whose other ends are descriptors here, and the trunk.
 *
 * Each test sends one frame into a tap and says which descriptors must deliver what. A frame that
 * must not arrive is waited for in vain only as long as frames that must arrive take: a marker
 * frame is not needed because redirection ends before write() returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "user/vde/switch/planes/xdp/datapath.h"

#define TAPS 3

static struct datapath *datapath;
static int taps[TAPS + 1]; /* by slot; 0 is the trunk */
static const char *mode_name;

struct bytes {
	size_t length;
	uint8_t data[9300];
};

static void bits(__u64 *words, const char *slots)
{
	for (; *slots; slots++)
		words[0] |= 1ull << (*slots - '0');
}

/* Slots as digits. */
static void vlan(unsigned int id, const char *members, const char *tagged, const char *forwarding)
{
	struct vde_vlan bitmap = {};

	bits(bitmap.member, members);
	bits(bitmap.tagged, tagged);
	bits(bitmap.learning, forwarding);
	bits(bitmap.forwarding, forwarding);
	datapath_set_vlan(datapath, id, &bitmap);
}

static void port(unsigned int slot, uint16_t pvid, uint16_t tpid, bool punt)
{
	datapath_set_port(datapath, slot,
			  &(struct vde_port){.pvid = pvid, .tpid = tpid, .punt = punt});
}

static int make_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) ||
	    netdev_quiet(if_nametoindex(name), 9216, 1000)) {
		printf("Bail out! cannot make %s: %m\n", name);
		exit(1);
	}
	return fd;
}

/* Everything as after a start: all ports untagged in VLAN 0, no addresses but the test's own. */
static void fresh(void)
{
	char all[] = "0123";

	for (int i = 0; i <= TAPS; i++) {
		port(i, 0, 0x8100, false);
		datapath_set_flood(datapath, i, true);
	}
	vlan(0, all, "", all);
	vlan(5, "", "", "");
	vlan(6, "", "", "");
	datapath_set_switch(datapath, false, false, 3);
	for (int v = 0; v <= 6; v++)
		for (int i = 0; i < 256; i++)
			datapath_forget(datapath, v, (uint8_t[6]){2, 0, 0, 0, 0, i});
}

/* destination and source by their last octet (0xff broadcast), then words of type and payload. */
static struct bytes frame(int to, int from, int count, const uint16_t *words)
{
	struct bytes out = {.length = 64};

	memcpy(out.data, (uint8_t[]){2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from}, 12);
	if (to == 0xff)
		memset(out.data, 0xff, 6);
	for (size_t i = 14; i < out.length; i++)
		out.data[i] = i;
	for (int i = 0; i < count; i++) {
		out.data[12 + 2 * i] = words[i] >> 8;
		out.data[13 + 2 * i] = words[i];
	}
	return out;
}
#define WORDS(...)                                                                                 \
	sizeof((uint16_t[]){__VA_ARGS__}) / 2, (uint16_t[])                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void send_in(int slot, struct bytes bytes)
{
	if (write(taps[slot], bytes.data, bytes.length) != (ssize_t)bytes.length)
		printf("# write to tap %d: %m\n", slot);
}

static unsigned int word_at(const uint8_t *data, int number)
{
	return data[12 + 2 * number] << 8 | data[13 + 2 * number];
}

/* What the tc hook sends to the trunk, as XDP would send it. */
static void like_xdp(uint8_t *data, size_t length)
{
	if (length < 20 || word_at(data, 0) != VDE_TAG_SKB || word_at(data, 2) != VDE_TAG_SKB)
		return;
	data[12] = VDE_TAG_PORT >> 8;
	data[13] = VDE_TAG_PORT & 0xff;
	data[16] = VDE_TAG_VLAN >> 8;
	data[17] = VDE_TAG_VLAN & 0xff;
	if (word_at(data, 3) == 0 && word_at(data, 4) != VDE_TAG_VLAN)
		memmove(data + 16, data + 20, length - 20);
}

/*
 * What came out of a slot: its words after the addresses, in hexadecimal, `count` of them; "-" for
 * nothing, "+" for more frames than one.
 */
static const char *out(int slot, int count)
{
	static char text[8][64];
	static int turn;
	char *at = text[turn = (turn + 1) % 8], *start = at;
	struct pollfd ready = {.fd = taps[slot], .events = POLLIN};
	uint8_t data[9300];
	ssize_t n;

	strcpy(at, "-");
	/* Generic mode hands over in soft interrupt context: soon, but not before write() returns.
	 */
	poll(&ready, 1, strcmp(mode_name, "native") ? 20 : 0);
	while ((n = read(taps[slot], data, sizeof(data))) > 0) {
		if (at != start) {
			strcpy(at, "+");
			continue;
		}
		if (slot == VDE_TRUNK)
			like_xdp(data, n);
		for (int i = 0; i < count; i++)
			at += sprintf(at, "%s%x", i ? " " : "", word_at(data, i));
	}
	return start;
}

static void drain(void)
{
	for (int i = 0; i <= TAPS; i++)
		out(i, 1);
}

static int words_of(const char *text)
{
	int count = 1;

	for (; *text; text++)
		count += *text == ' ';
	return count;
}

static void expect(const char *what, const char *trunk, const char *one, const char *two,
		   const char *three)
{
	const char *wanted[] = {trunk, one, two, three}, *got[4];
	bool good = true;

	for (int i = 0; i <= TAPS; i++) {
		got[i] = out(i, words_of(wanted[i]));
		good &= strcmp(got[i], wanted[i]) == 0;
	}
	ok(good, "%s: %s", mode_name, what);
	for (int i = 0; !good && i <= TAPS; i++)
		printf("# slot %d: got \"%s\", wanted \"%s\"\n", i, got[i], wanted[i]);
}

static void test_learning(void)
{
	struct vde_counters sum;
	unsigned int idle;
	uint64_t dropped;

	fresh();
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 1)));
	expect("a broadcast goes to all others", "88b5 8001 1111 1", "-", "1111 1", "1111 1");
	send_in(2, frame(0x11, 0x22, WORDS(0x1111, 2)));
	expect("a known address gets its frame alone", "-", "1111 2", "-", "-");
	send_in(3, frame(0x44, 0x33, WORDS(0x1111, 3)));
	expect("an unknown address is flooded", "88b5 8003 1111 3", "1111 3", "1111 3", "-");
	send_in(2, frame(0x22, 0x23, WORDS(0x1111, 4)));
	expect("a destination behind the same port is filtered", "-", "-", "-", "-");
	ok(datapath_find(datapath, 0, (uint8_t[6]){2, 0, 0, 0, 0, 0x22}, &idle) == 2 && idle <= 1,
	   "%s: the table can be asked", mode_name);
	send_in(3, frame(0x11, 0x22, WORDS(0x1111, 5)));
	drain();
	ok(datapath_find(datapath, 0, (uint8_t[6]){2, 0, 0, 0, 0, 0x22}, &idle) == 2,
	   "%s: an address just seen does not move", mode_name);
	datapath_set_switch(datapath, false, false, 0);
	do { /* until the coarse clock has ticked */
		send_in(3, frame(0x11, 0x22, WORDS(0x1111, 5)));
		drain();
	} while (datapath_find(datapath, 0, (uint8_t[6]){2, 0, 0, 0, 0, 0x22}, &idle) != 3);
	send_in(1, frame(0x22, 0x11, WORDS(0x1111, 6)));
	expect("it moves when it may", "-", "-", "-", "1111 6");
	ok(!datapath_count(datapath, 1, &sum, &dropped) && !dropped, "%s: counters can be read",
	   mode_name);
	ok(sum.in_frames == 2 && sum.in_bytes == 128 && sum.out_frames >= 4,
	   "%s: counters (%llu in, %llu bytes, %llu out)", mode_name,
	   (unsigned long long)sum.in_frames, (unsigned long long)sum.in_bytes,
	   (unsigned long long)sum.out_frames);
	send_in(1, frame(0xff, 0x01, WORDS(0x88b6, 7)));
	expect("a user's own frame of the private type passes unchanged", "88b5 8001 88b6 0 88b6 7",
	       "-", "88b6 7", "88b6 7");
}

static void test_vlans(void)
{
	fresh();
	/* 1: access to 5. 2: tagged in 5 and 6, untagged in 0. 3: access to 6. */
	port(1, 5, 0x8100, false);
	port(3, 6, 0x8100, false);
	vlan(0, "2", "", "2");
	vlan(5, "12", "2", "012");
	vlan(6, "23", "2", "023");
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 1)));
	expect("access to tagged, flooded", "88b5 8001 88b6 5 1111 1", "-", "8100 5 1111 1", "-");
	send_in(2, frame(0x11, 0x22, WORDS(0x8100, 0x6005, 0x1111, 2)));
	expect("tagged to access, known", "-", "1111 2", "-", "-");
	send_in(1, frame(0x22, 0x11, WORDS(0x1111, 3)));
	expect("access to tagged, known", "-", "-", "8100 5 1111 3", "-");
	send_in(2, frame(0xff, 0x22, WORDS(0x8100, 0x6006, 0x1111, 4)));
	expect("tagged to access, flooded", "88b5 8002 88b6 6006 1111 4", "-", "-", "1111 4");
	send_in(1, frame(0xff, 0x11, WORDS(0x8100, 6, 0x1111, 5)));
	expect("a tag of a foreign VLAN is refused", "-", "-", "-", "-");
	send_in(1, frame(0xff, 0x11, WORDS(0x8100, 5, 0x1111, 6)));
	expect("a tag of the own VLAN is taken", "88b5 8001 88b6 5 1111 6", "-", "8100 5 1111 6",
	       "-");
	port(2, 0, 0x88a8, false);
	send_in(1, frame(0x22, 0x11, WORDS(0x8100, 5, 0x1111, 7)));
	expect("802.1Q to 802.1ad", "-", "-", "88a8 5 1111 7", "-");
	send_in(2, frame(0x11, 0x22, WORDS(0x88a8, 5, 0x8100, 9, 0x1111)));
	expect("802.1ad with a customer tag inside", "-", "8100 9 1111", "-", "-");
	port(3, VDE_NO_VLAN, 0x8100, false);
	vlan(6, "23", "23", "023");
	send_in(3, frame(0xff, 0x33, WORDS(0x1111, 8)));
	expect("untagged without an untagged VLAN is refused", "-", "-", "-", "-");
	send_in(3, frame(0xff, 0x33, WORDS(0x8100, 0xe006, 0x1111, 9)));
	expect("the priority stays from tag to tag", "88b5 8003 88b6 e006 1111 9", "-",
	       "88a8 e006 1111 9", "-");
}

static void test_states(void)
{
	static const uint8_t bpdu[] = {1, 0x80, 0xc2, 0, 0, 0};
	struct bytes hello = frame(0, 0x11, WORDS(0x27, 0x4242));
	unsigned int idle;

	fresh();
	vlan(0, "0123", "", "013");
	send_in(2, frame(0xff, 0x22, WORDS(0x1111, 1)));
	expect("a discarding port takes nothing", "-", "-", "-", "-");
	ok(datapath_find(datapath, 0, (uint8_t[6]){2, 0, 0, 0, 0, 0x22}, &idle) == -ENOENT,
	   "%s: and learns nothing", mode_name);
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 2)));
	expect("and gives nothing", "88b5 8001 1111 2", "-", "-", "1111 2");
	memcpy(hello.data, bpdu, sizeof(bpdu));
	send_in(1, hello);
	expect("a BPDU is an ordinary frame without spanning tree", "88b5 8001 27 4242", "-", "-",
	       "27 4242");
	datapath_set_switch(datapath, false, true, 3);
	send_in(2, hello);
	expect("with it, it goes to the control plane alone, from any port", "88b5 2 27 4242", "-",
	       "-", "-");
	datapath_set_switch(datapath, true, false, 3);
	send_in(1, frame(0x11, 0x11, WORDS(0x8100, 77, 0x1111, 3)));
	expect("a hub repeats everything", "88b5 8001 8100 4d 1111 3", "-", "8100 4d 1111 3",
	       "8100 4d 1111 3");
}

static void learned(void *context, const struct vde_learned *event)
{
	if (event->address.mac[5] == 0x55)
		*(unsigned int *)context |= 1 << event->kind;
}

/* Before 6.6: no tc link; and taps give XDP large frames in one piece. */
static bool is_old_kernel(void)
{
	struct utsname about;
	int major = 0, minor = 0;

	uname(&about);
	sscanf(about.release, "%d.%d", &major, &minor);
	return major < 6 || (major == 6 && minor < 6);
}

static void test_trunk(void)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 0, 0x55};
	unsigned int events = 0, idle;
	struct bytes large = {};
	int sender;

	fresh();
	datapath_learn(datapath, 0, mac, VDE_TRUNK);
	send_in(1, frame(0x55, 0x11, WORDS(0x1111, 1)));
	expect("an address of the user-space part", "88b5 1 1111 1", "-", "-", "-");
	datapath_take_events(datapath, learned, &events);
	events = 0;
	datapath_set_switch(datapath, false, false, 0);
	do
		send_in(2, frame(0x11, 0x55, WORDS(0x1111, 2)));
	while (datapath_take_events(datapath, learned, &events), !events);
	drain();
	ok(events == 1 << VDE_CLAIMED && datapath_find(datapath, 0, mac, &idle) == VDE_TRUNK,
	   "%s: such an address is claimed, not taken (events %x)", mode_name, events);
	datapath_forget(datapath, 0, mac);
	events = 0;
	send_in(2, frame(0x11, 0x55, WORDS(0x1111, 2)));
	drain();
	datapath_take_events(datapath, learned, &events);
	ok(events == 1 << VDE_LEARNED, "%s: a new address is reported", mode_name);
	port(2, 0, 0x8100, true);
	datapath_set_flood(datapath, 2, false);
	send_in(2, frame(0xff, 0x56, WORDS(0x1111, 3)));
	expect("a punted port hands everything up", "88b5 2 1111 3", "-", "-", "-");
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 4)));
	expect("and gets no floods by itself", "88b5 8001 1111 4", "-", "-", "1111 4");
	send_in(1, frame(0x55, 0x11, WORDS(0x1111, 7)));
	expect("nor what an address still says is there", "88b5 1 1111 7", "-", "-", "-");
	fresh();
	sender = netdev_sender(datapath_netdev(datapath, 2)->ifindex);
	ok(send(sender, frame(0xff, 9, WORDS(0x1111, 5)).data, 64, 0) == 64,
	   "%s: the packet socket takes a frame", mode_name);
	close(sender);
	expect("which leaves by its port alone", "-", "-", "1111 5", "-");

	large = frame(0xff, 0x11, WORDS(0x1111, 6));
	large.length = 9216 + 14;
	send_in(1, large);
	if (datapath_mode_of(datapath, 1) == DATAPATH_TC || is_old_kernel())
		expect("a jumbo broadcast", "88b5 8001 1111 6", "-", "1111 6", "1111 6");
	else
		expect("a jumbo broadcast is left to the user-space part", "88b5 1 1111 6", "-",
		       "-", "-");
	datapath_learn(datapath, 0, mac, 3);
	large = frame(0x55, 0x11, WORDS(0x1111, 7));
	large.length = 9216 + 14;
	send_in(1, large);
	expect("a jumbo frame to a known address", "-", "-", "-", "1111 7");
}

static void test_leaving(void)
{
	fresh();
	datapath_detach(datapath, 3);
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 1)));
	expect("a netdev that left gets nothing", "88b5 8001 1111 1", "-", "1111 1", "-");
	ok(datapath_attach(datapath, "vt3") == 3, "%s: it comes back into its slot", mode_name);
	fresh();
	send_in(1, frame(0xff, 0x11, WORDS(0x1111, 1)));
	expect("and gets frames", "88b5 8001 1111 1", "-", "1111 1", "1111 1");
	ok(datapath_attach(datapath, "vt3") == -EBUSY, "%s: twice is refused: %s", mode_name,
	   datapath_why());
	ok(datapath_attach(datapath, "nosuch") == -ENODEV, "%s: so is nonsense: %s", mode_name,
	   datapath_why());
}

int main(void)
{
	if (unshare(CLONE_NEWNET)) {
		printf("Bail out! needs root for a network namespace of its own: %m\n");
		return 1;
	}
	for (int i = 1; i <= TAPS; i++) {
		char name[] = "vt0";

		name[2] += i;
		taps[i] = make_tap(name);
	}
	for (enum datapath_mode mode = DATAPATH_NATIVE; mode <= DATAPATH_GENERIC; mode++) {
		mode_name = datapath_mode_names[mode];
		datapath = datapath_new(1000, mode, true);
		if (datapath)
			datapath_trust_veths(datapath);
		if (!datapath) {
			printf("Bail out! %s\n", datapath_why());
			return 1;
		}
		if (mode == DATAPATH_TC && is_old_kernel()) {
			ok(datapath_attach(datapath, "vt1") == -EINVAL &&
				   strstr(datapath_why(), "no such mode"),
			   "tc: not before Linux 6.6: %s", datapath_why());
			datapath_free(datapath);
			continue;
		}
		ok(datapath_attach(datapath, "vt1") == 1 && datapath_attach(datapath, "vt2") == 2 &&
			   datapath_attach(datapath, "vt3") == 3,
		   "%s: three taps attached", mode_name);
		ok(datapath_mode_of(datapath, 1) == mode, "%s: in this mode", mode_name);
		taps[0] = datapath_trunk(datapath);
		ok(taps[0] >= 0, "%s: the trunk", mode_name);
		drain();
		test_learning();
		test_vlans();
		test_states();
		test_trunk();
		test_leaving();
		datapath_free(datapath);
	}
	return done_testing();
}
