// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing a lab up: switches first, then their VLANs, links, gateways, taps, namespaces, guests.
 *
 * Everything but guests is a program of ours that goes into the background when it is usable and
 * writes a pid file NAME.run; so each step ends when it is done and a failure is known at once.
 * After a failure everything is taken down again.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/console.h"
#include "user/vde/cmd/lab/lab.h"

#define WORDS	  96
#define ANSWER	  20 /* seconds for a console to answer */
#define PATH_SIZE 256

/* Arguments of a program, collected one by one. */
struct words {
	unsigned int count;
	char *at[WORDS + 1];
	char room[8192];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	char *at = words->room + words->used;
	size_t left = sizeof(words->room) - words->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, left, format, args);
	va_end(args);
	if (words->count == WORDS || n < 0 || (size_t)n >= left)
		return;
	words->at[words->count++] = at;
	words->at[words->count] = NULL;
	words->used += n + 1;
}

/* Run a program that goes into the background by itself and note its pid from NAME.run. */
static int start_daemon(const struct lab *lab, const char *name, struct words *words)
{
	char path[PATH_SIZE];
	int status = lab_run(lab, name, words->at), pid;
	FILE *file;

	if (status) {
		lab_complain_log(lab, name, "does not start");
		return -1;
	}
	lab_path(lab, name, ".run", path, sizeof(path));
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	if (!pid) {
		lab_complain_log(lab, name, "wrote no pid file");
		return -1;
	}
	return lab_note(lab, name, pid);
}

/* Our vde_switch: beside this program, else where the shell would find it. */
static const char *switch_program(void)
{
	static char path[PATH_SIZE + 16];
	char *slash;

	snprintf(path, sizeof(path), "%s", lab_self());
	slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) + 12 < sizeof(path)) {
		strcpy(slash + 1, "vde_switch");
		if (access(path, X_OK) == 0)
			return path;
	}
	return "vde_switch";
}

static void add_pidfile(struct words *words, const struct lab *lab, const char *option,
			const char *name)
{
	add(words, "%s", option);
	add(words, "%s/%s.run", lab->directory, name);
}

/* The VNL of a plug. */
static void add_vnl(struct words *words, const struct lab *lab, const struct lab_plug *plug)
{
	add(words, "vde://%s/%s.sw[%d]", lab->directory, plug->on->name, plug->port);
}

/* Is a network device to be a port of this switch? Then it keeps the privileges for that. */
static bool takes_netdevs(const struct lab *lab, const struct lab_node *node)
{
	for (unsigned int i = 0; i < lab->node_count; i++)
		if (lab->node[i].kind == LAB_NETDEV && lab->node[i].plug[0].on == node)
			return true;
	return false;
}

static int start_switch(const struct lab *lab, const struct lab_node *node)
{
	struct words words = {};

	add(&words, "%s", switch_program());
	add(&words, "--daemon");
	add_pidfile(&words, lab, "--pidfile", node->name);
	add(&words, "--sock");
	add(&words, "%s/%s.sw", lab->directory, node->name);
	add(&words, "--mgmt");
	add(&words, "%s/%s.mgmt", lab->directory, node->name);
	add(&words, "--numports");
	add(&words, "%d", node->ports);
	add(&words, "--priority");
	add(&words, "%d", node->priority);
	/* What the user keeps for switches of other purposes is not for this one. */
	add(&words, "--rcfile");
	add(&words, "/dev/null");
	if (node->hub)
		add(&words, "--hub");
	if (node->rstp)
		add(&words, "--fstp");
	if (takes_netdevs(lab, node))
		add(&words, "--xdp-later");
	return start_daemon(lab, node->name, &words);
}

/* One console command that must work; errors in `allowed` do not count. */
__attribute__((format(printf, 4, 5))) static int tell(struct console_link *link, const char *name,
						      int allowed, const char *format, ...)
{
	struct console_reply reply;
	char command[128];
	va_list args;
	int result = 0;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (console_command(link, command, ANSWER, &reply))
		return -1;
	if (reply.status && reply.status != allowed) {
		complain("switch %s: %s: %s", name, command, reply.message);
		result = -1;
	}
	console_reply_free(&reply);
	return result;
}

static int set_plug(struct console_link *link, const struct lab_plug *plug)
{
	const char *name = plug->on->name, *at = plug->tagged;

	if (plug->vlan < 0 && !*at)
		return 0;
	if (tell(link, name, EEXIST, "port/create %d", plug->port))
		return -1;
	if (plug->vlan > 0 && tell(link, name, EEXIST, "vlan/create %d", plug->vlan))
		return -1;
	if (plug->vlan >= 0 && tell(link, name, 0, "port/setvlan %d %d", plug->port, plug->vlan))
		return -1;
	while (*at) {
		char *rest;
		long vlan = strtol(at, &rest, 10);

		if ((vlan && tell(link, name, EEXIST, "vlan/create %ld", vlan)) ||
		    tell(link, name, 0, "vlan/addport %ld %d", vlan, plug->port))
			return -1;
		at = rest + (*rest == ',');
	}
	return 0;
}

/* VLANs of every plug in this switch. */
static int set_vlans(const struct lab *lab, const struct lab_node *node)
{
	char path[PATH_SIZE];
	struct console_link *link;
	int result = 0;

	lab_path(lab, node->name, ".mgmt", path, sizeof(path));
	link = console_open(path, NULL, NULL);
	if (!link)
		return -1;
	for (unsigned int i = 0; i < lab->node_count && !result; i++)
		for (unsigned int j = 0; j < lab->node[i].plug_count && !result; j++)
			if (lab->node[i].plug[j].on == node)
				result = set_plug(link, &lab->node[i].plug[j]);
	for (unsigned int i = 0; i < lab->link_count && !result; i++)
		for (int j = 0; j < 2 && !result; j++)
			if (lab->link[i].end[j].on == node)
				result = set_plug(link, &lab->link[i].end[j]);
	console_close(link);
	return result;
}

static int add_netdev(const struct lab *lab, const struct lab_node *node)
{
	const struct lab_plug *plug = &node->plug[0];
	struct console_link *link;
	char path[PATH_SIZE];
	int result;

	lab_path(lab, plug->on->name, ".mgmt", path, sizeof(path));
	link = console_open(path, NULL, NULL);
	if (!link)
		return -1;
	result = tell(link, plug->on->name, 0, "xdp/add %s %d", node->name, plug->port);
	console_close(link);
	return result;
}

int lab_start_link(struct lab *lab, struct lab_link *link)
{
	struct words words = {};

	add(&words, "%s", lab_self());
	add(&words, "%s", link->filter_count ? "filter" : "plug");
	add(&words, "--daemon");
	add_pidfile(&words, lab, "--pidfile", link->name);
	if (link->filter_count) {
		add(&words, "--mgmt");
		add(&words, "%s/%s.mgmt", lab->directory, link->name);
	}
	for (unsigned int i = 0; i < link->filter_count; i++)
		add(&words, "%s", link->filter[i]);
	add_vnl(&words, lab, &link->end[0]);
	add_vnl(&words, lab, &link->end[1]);
	return start_daemon(lab, link->name, &words);
}

static int start_gateway(const struct lab *lab, const struct lab_node *node)
{
	struct words words = {};

	add(&words, "%s", lab_self());
	add(&words, "slirp");
	add(&words, "--daemon");
	add_pidfile(&words, lab, "--pidfile", node->name);
	if (*node->host) {
		add(&words, "--host");
		add(&words, "%s", node->host);
	}
	for (unsigned int i = 0; i < node->forward_count; i++)
		add(&words, "%s", node->forwards[i]);
	add_vnl(&words, lab, &node->plug[0]);
	return start_daemon(lab, node->name, &words);
}

static int start_tap(const struct lab *lab, const struct lab_node *node)
{
	const struct lab_plug *plug = &node->plug[0];
	const char *const addresses[] = {plug->address, plug->address6};
	struct words words = {};

	add(&words, "%s", lab_self());
	add(&words, "tap");
	add(&words, "--daemon");
	add(&words, "--up");
	add_pidfile(&words, lab, "--pidfile", node->name);
	add(&words, "--sock");
	add_vnl(&words, lab, plug);
	add(&words, "%s", node->name);
	if (start_daemon(lab, node->name, &words))
		return -1;
	for (int i = 0; i < 2; i++) {
		char *const ip[] = {
			"ip", "addr", "add", (char *)addresses[i], "dev", (char *)node->name, NULL};

		if (*addresses[i] && lab_run(lab, node->name, ip)) {
			lab_complain_log(lab, node->name, "gets no address");
			return -1;
		}
	}
	return 0;
}

static void add_or_dash(struct words *words, const char *text)
{
	add(words, "%s", *text ? text : "-");
}

static int start_namespace(const struct lab *lab, const struct lab_node *node)
{
	struct words words = {};

	add(&words, "%s", lab_self());
	add(&words, "lab");
	add(&words, "namespace");
	add(&words, "%s/%s.run", lab->directory, node->name);
	add(&words, "%s", node->forward ? "forward" : "-");
	add_or_dash(&words, node->gateway);
	add_or_dash(&words, node->gateway6);
	add_or_dash(&words, node->run);
	for (unsigned int i = 0; i < node->plug_count; i++) {
		add_vnl(&words, lab, &node->plug[i]);
		add_or_dash(&words, node->plug[i].mac);
		add_or_dash(&words, node->plug[i].address);
		add_or_dash(&words, node->plug[i].address6);
	}
	return start_daemon(lab, node->name, &words);
}

/* The address of a guest's card: what the file says, else made of the lab's and node's names. */
static void add_mac(const struct lab *lab, const struct lab_node *node, unsigned int plug,
		    char mac[18])
{
	unsigned int hash = 5381;

	for (const char *at = lab->name; *at; at++)
		hash = hash * 33 + *at;
	for (const char *at = node->name; *at; at++)
		hash = hash * 33 + *at;
	snprintf(mac, 18, "02:%02x:%02x:%02x:%02x:%02x", hash >> 24 & 255, hash >> 16 & 255,
		 hash >> 8 & 255, hash & 255, plug & 255);
	if (*node->plug[plug].mac)
		strcpy(mac, node->plug[plug].mac);
}

static int start_qemu(const struct lab *lab, const struct lab_node *node)
{
	struct words words = {};
	char mac[18];

	add(&words, "qemu-system-x86_64");
	add(&words, "-name");
	add(&words, "%s", node->name);
	add(&words, "-accel");
	add(&words, "%s", *node->accel ? node->accel : "kvm");
	if (!*node->accel) {
		add(&words, "-accel");
		add(&words, "tcg");
	}
	add(&words, "-m");
	add(&words, "%d", node->memory);
	add(&words, "-display");
	add(&words, "none");
	add(&words, "-no-reboot");
	add(&words, "-daemonize");
	add_pidfile(&words, lab, "-pidfile", node->name);
	add(&words, "-chardev");
	add(&words, "socket,id=serial,path=%s/%s.serial,server=on,wait=off,logfile=%s/%s.console",
	    lab->directory, node->name, lab->directory, node->name);
	add(&words, "-serial");
	add(&words, "chardev:serial");
	add(&words, "-monitor");
	add(&words, "none");
	if (*node->kernel) {
		add(&words, "-kernel");
		add(&words, "%s", node->kernel);
	}
	if (*node->initrd) {
		add(&words, "-initrd");
		add(&words, "%s", node->initrd);
	}
	if (*node->append) {
		add(&words, "-append");
		add(&words, "%s", node->append);
	}
	if (*node->image) {
		add(&words, "-drive");
		add(&words, "if=virtio,file=%s,snapshot=on", node->image);
	}
	for (unsigned int i = 0; i < node->plug_count; i++) {
		add_mac(lab, node, i, mac);
		add(&words, "-netdev");
		add(&words, "vde,id=net%u,sock=%s/%s.sw,port=%d", i, lab->directory,
		    node->plug[i].on->name, node->plug[i].port);
		add(&words, "-device");
		add(&words, "virtio-net-pci,netdev=net%u,mac=%s", i, mac);
	}
	return start_daemon(lab, node->name, &words);
}

static int start_uml(const struct lab *lab, const struct lab_node *node)
{
	struct words words = {};
	char mac[18];

	add_mac(lab, node, 0, mac);
	add(&words, "%s", *node->kernel ? node->kernel : "linux.uml");
	add(&words, "mem=%dM", node->memory);
	add(&words, "uml_dir=%s/", lab->directory);
	add(&words, "umid=%s.uml", node->name);
	add(&words, "con=null");
	add(&words, "con0=null,fd:1");
	add(&words, "eth0=vde,%s/%s.sw,%s,%d", lab->directory, node->plug[0].on->name, mac,
	    node->plug[0].port);
	if (*node->initrd)
		add(&words, "initrd=%s", node->initrd);
	if (*node->image)
		add(&words, "ubd0=%s/%s.cow,%s", lab->directory, node->name, node->image);
	if (*node->append)
		add(&words, "%s", node->append);
	return lab_start(lab, node->name, words.at) < 0 ? -1 : 0;
}

static const struct {
	enum lab_kind kind;
	int (*start)(const struct lab *lab, const struct lab_node *node);
} steps[] = {
	{LAB_SWITCH, start_switch},	  {LAB_SWITCH, set_vlans},	{LAB_KINDS, NULL},
	{LAB_NETDEV, add_netdev},	  {LAB_GATEWAY, start_gateway}, {LAB_TAP, start_tap},
	{LAB_NAMESPACE, start_namespace}, {LAB_QEMU, start_qemu},	{LAB_UML, start_uml},
};

static void report(bool quiet, const char *kind, const char *name)
{
	if (quiet)
		return;
	printf("%-8s %s\n", kind, name);
	fflush(stdout);
}

static int start_all(struct lab *lab, bool quiet)
{
	for (size_t step = 0; step < sizeof(steps) / sizeof(*steps); step++) {
		for (unsigned int i = 0; steps[step].start && i < lab->node_count; i++) {
			struct lab_node *node = &lab->node[i];

			if (node->kind != steps[step].kind)
				continue;
			if (steps[step].start(lab, node))
				return -1;
			if (steps[step].start != set_vlans)
				report(quiet, lab_kind_names[node->kind], node->name);
		}
		for (unsigned int i = 0; !steps[step].start && i < lab->link_count; i++) {
			if (lab_start_link(lab, &lab->link[i]))
				return -1;
			report(quiet, "link", lab->link[i].name);
		}
	}
	return 0;
}

#define LOOKS	   10
#define LOOK_PAUSE 50000000 /* ns */

/*
 * Does everything that was started still run? Guests do not say when they are up, and one that
 * cannot be ends within half a second, as a rule.
 */
static int all_run(const struct lab *lab)
{
	bool guests = false;

	for (unsigned int i = 0; i < lab->node_count; i++)
		guests |= lab->node[i].kind == LAB_UML || lab->node[i].kind == LAB_QEMU;
	for (int look = guests ? 0 : LOOKS - 1; look < LOOKS; look++) {
		for (unsigned int i = 0; i < lab->node_count; i++)
			if (lab->node[i].kind != LAB_NETDEV && !lab_pid(lab, lab->node[i].name)) {
				lab_complain_log(lab, lab->node[i].name, "has ended");
				return -1;
			}
		for (unsigned int i = 0; i < lab->link_count; i++)
			if (!lab_pid(lab, lab->link[i].name)) {
				lab_complain_log(lab, lab->link[i].name, "has ended");
				return -1;
			}
		if (look < LOOKS - 1)
			nanosleep(&(struct timespec){.tv_nsec = LOOK_PAUSE}, NULL);
	}
	return 0;
}

/* So that `status`, `check` and `graph` need only the name. */
static int keep_description(const struct lab *lab)
{
	char path[PATH_SIZE], block[4096];
	FILE *from = fopen(lab->file, "re"), *to;
	size_t n;

	lab_path(lab, "lab", ".description", path, sizeof(path));
	to = fopen(path, "we");
	while (from && to && (n = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, n, to);
	if (from)
		fclose(from);
	if (from && to && fclose(to) == 0)
		return 0;
	complain("cannot keep the description in %s: %m", path);
	return -1;
}

int lab_up(struct lab *lab, bool quiet)
{
	char path[PATH_SIZE];

	if (lab_open_state(lab, true))
		return -1;
	lab_path(lab, "lab", ".description", path, sizeof(path));
	if (access(path, F_OK) == 0) {
		complain("lab %s is up already; `vde lab down %s` takes it down", lab->name,
			 lab->name);
		return -1;
	}
	if (keep_description(lab) == 0 && start_all(lab, quiet) == 0 && all_run(lab) == 0)
		return 0;
	lab_down(lab);
	return -1;
}
