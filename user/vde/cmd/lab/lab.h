/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lab: a network described in one text file (vde-lab.5), brought up as processes.
 *
 *   file -> parse.c -> struct lab -> up.c ......... processes, namespaces, guests
 *                                 -> status.c ..... what runs, as a table or JSON
 *                                 -> graph.c ...... an SVG
 *                                 -> check.c ...... TAP
 *                                 -> state.c ...... down: everything that was started, ended
 *
 * State is kept in one directory per lab, ${XDG_RUNTIME_DIR:-/tmp}/vde-lab-UID/NAME: a copy of the
 * file, sockets, logs, and one pid file per process with the time the process started, so that a
 * number that now is another's is never killed.
 */
#ifndef VDE_CMD_LAB_H
#define VDE_CMD_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define LAB_NAME   32
#define LAB_PATH   90 /* of the state directory: names of sockets must fit behind it */
#define LAB_TEXT   512
#define LAB_NODES  256
#define LAB_LINKS  512
#define LAB_CHECKS 256
#define LAB_PLUGS  8
#define LAB_WORDS  32

enum lab_kind {
	LAB_SWITCH,
	LAB_NAMESPACE,
	LAB_TAP,
	LAB_NETDEV, /* a network device that is there already; a port of the switch itself */
	LAB_GATEWAY,
	LAB_QEMU,
	LAB_UML,
	LAB_KINDS
};

/* Where a node is plugged into a switch. */
struct lab_plug {
	struct lab_node *on;
	int port; /* 0 in the file: numbered by the parser */
	int vlan; /* untagged, -1 = as the switch has it */
	char tagged[64];
	char address[64], address6[64]; /* with /BITS; of namespaces and taps */
	char mac[18];
};

struct lab_node {
	enum lab_kind kind;
	char name[LAB_NAME];
	int line;
	unsigned int plug_count;
	struct lab_plug plug[LAB_PLUGS];
	int last_port; /* switches: highest port given out */
	bool rstp, hub, forward;
	int ports, priority, memory;
	char gateway[64], gateway6[64], host[64], accel[64];
	char kernel[LAB_TEXT], initrd[LAB_TEXT], image[LAB_TEXT], append[LAB_TEXT];
	char run[LAB_TEXT];
	char *forwards[LAB_WORDS]; /* gateways: tcp= and udp= as options of vde slirp */
	unsigned int forward_count;
};

struct lab_link {
	char name[2 * LAB_NAME];
	int line;
	struct lab_plug end[2];
	char *filter[LAB_WORDS]; /* options of vde filter; none = a plain cable */
	unsigned int filter_count;
};

enum lab_check_kind { CHECK_PING, CHECK_NOPING, CHECK_RUN, CHECK_CONSOLE, CHECK_RECOVER };

struct lab_check {
	enum lab_check_kind kind;
	int line;
	struct lab_node *from;
	char to[LAB_NAME]; /* a node's name, or an address */
	char command[LAB_TEXT];
	char match[LAB_TEXT]; /* extended regular expression for what the command prints */
	struct lab_link *cut;
	double within; /* seconds */
};

struct lab {
	char name[LAB_NAME];
	const char *file;
	unsigned int node_count, link_count, check_count;
	struct lab_node node[LAB_NODES];
	struct lab_link link[LAB_LINKS];
	struct lab_check check[LAB_CHECKS];
	char directory[LAB_PATH]; /* set by lab_open_state() */
};

extern const char *const lab_kind_names[LAB_KINDS];

/*
 * Read a description. NULL with complaints "FILE:LINE: ..." about each fault. name is the lab's
 * when the file does not say.
 */
struct lab *lab_parse(FILE *text, const char *file);
void lab_free(struct lab *lab);
struct lab_node *lab_node(struct lab *lab, const char *name);
struct lab_link *lab_link(struct lab *lab, const char *name);
/* The address to reach a node by, without /BITS; the text itself if it is no node's name. */
const char *lab_address(struct lab *lab, const char *text, char *room, size_t size);

/* ---- state.c */
/* The state directory, made if wanted. 0 or -1 (complained). */
int lab_open_state(struct lab *lab, bool make);
bool lab_is_up(struct lab *lab);
void lab_path(const struct lab *lab, const char *name, const char *suffix, char *path, size_t size);
/* Note that a process belongs to the lab. */
int lab_note(const struct lab *lab, const char *name, pid_t pid);
/* Its pid if it still runs, else 0. */
pid_t lab_pid(const struct lab *lab, const char *name);
/* End it: SIGTERM, and SIGKILL to what is left after 3 s. */
void lab_end(const struct lab *lab, const char *name);
/* End everything and remove the state. 0 or -1 (complained): the lab is not up. */
int lab_down(struct lab *lab);

/* ---- up.c */
int lab_up(struct lab *lab, bool quiet);
/* Plug a link in again after it was cut. */
int lab_start_link(struct lab *lab, struct lab_link *link);

/* ---- process.c */
/*
 * Run a program with its output in the log of `name`, NULL-terminated arguments. lab_run() waits
 * and gives its exit status, -1 if it could not start; lab_start() leaves it running, its pid
 * noted.
 */
int lab_run(const struct lab *lab, const char *name, char *const argv[]);
pid_t lab_start(const struct lab *lab, const char *name, char *const argv[]);
/* Run a program inside a namespace node and give what it prints, at most size - 1 bytes. */
int lab_run_inside(const struct lab *lab, const struct lab_node *node, char *const argv[],
		   char *output, size_t size);
/* Replace this process by a program inside the node. */
int lab_exec_inside(const struct lab *lab, const struct lab_node *node, char *const argv[]);
/* Complain, with the last lines of the log of `name`. */
void lab_complain_log(const struct lab *lab, const char *name, const char *what);
/* The path of this program. */
const char *lab_self(void);

/* ---- namespace.c: the process that is a namespace node; its end of the lab_start(). */
int lab_namespace_main(int argc, char **argv);

/* ---- status.c, graph.c, check.c */
int lab_status(struct lab *lab, bool json);
int lab_graph(struct lab *lab, FILE *out);
int lab_check(struct lab *lab);

#endif
