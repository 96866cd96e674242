// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A namespace node: a process with a network namespace of its own (and, for an ordinary user, a
 * user namespace in which it is root), whose interfaces are taps that this process joins to
 * switches.
 *
 *   vde lab namespace PIDFILE forward|- GATEWAY|- GATEWAY6|- COMMAND|- [VNL MAC|- ADDR|-
 * ADDR6|-]...
 *
 * Two processes: the outer one waits and is what the lab knows; the inner one is process 1 of a
 * process namespace, so that whatever runs in the node ends with it. One thread per interface.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

enum { PIDFILE, FORWARD, GATEWAY, GATEWAY6, COMMAND, PLUGS, PLUG_WORDS = 4 };
enum { PLUG_VNL, PLUG_MAC, PLUG_ADDRESS, PLUG_ADDRESS6 };

struct wire {
	struct cable cable;
	int signals;
	pthread_t thread;
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result = 0;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		result = -1;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Leave the machine's network; an ordinary user becomes root of what is new. */
static int leave(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)))
		return complain("cannot make a namespace: %m%s",
				uid ? " (are user namespaces allowed here?)" : "");
	if (!uid)
		return 0;
	snprintf(map, sizeof(map), "0 %u 1\n", uid);
	if (write_file("/proc/self/setgroups", "deny") || write_file("/proc/self/uid_map", map))
		return complain("cannot map the user: %m");
	snprintf(map, sizeof(map), "0 %u 1\n", gid);
	if (write_file("/proc/self/gid_map", map))
		return complain("cannot map the group: %m");
	return 0;
}

/* ip ARGUMENTS..., a blank-separated format; what it complains about is in the log. */
__attribute__((format(printf, 1, 2))) static int ip(const char *format, ...)
{
	char text[256], said[256], *words[24] = {"ip"}, *rest = text;
	int count = 1, status;
	va_list args;
	pid_t child;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	strcpy(said, text);
	while (rest && count < 23)
		words[count++] = strsep(&rest, " ");
	child = fork();
	if (child == 0) {
		execvp("ip", words);
		complain("cannot run ip: %m");
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		return complain("ip %s failed", said);
	return 0;
}

static bool given(const char *word)
{
	return strcmp(word, "-") != 0;
}

static void *run_wire(void *context)
{
	struct wire *wire = context;

	cable_run(&wire->cable, wire->signals);
	return NULL;
}

static int set_up_interface(struct wire *wire, int number, char **plug)
{
	char name[16], vnl[32];

	snprintf(name, sizeof(name), "eth%d", number);
	snprintf(vnl, sizeof(vnl), "tap://%s", name);
	wire->cable.end[1] = end_open(vnl, NULL);
	if (!wire->cable.end[1])
		return 1;
	if (given(plug[PLUG_MAC]) && ip("link set %s address %s", name, plug[PLUG_MAC]))
		return 1;
	if (given(plug[PLUG_ADDRESS]) && ip("addr add %s dev %s", plug[PLUG_ADDRESS], name))
		return 1;
	/* No duplicate address detection: its second would be most of the time to come up. */
	if (given(plug[PLUG_ADDRESS6]) && ip("addr add %s dev %s nodad", plug[PLUG_ADDRESS6], name))
		return 1;
	return ip("link set %s up", name);
}

/*
 * Is there the program that a command begins with? Only a plain word is looked for: what else a
 * shell may be told is its own affair.
 */
static bool can_start(const char *command)
{
	size_t length = strspn(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-+./");
	char script[600];

	if (!length || (command[length] && !strchr(" \t", command[length])) ||
	    snprintf(script, sizeof(script), "command -v -- '%.*s' >/dev/null", (int)length,
		     command) >= (int)sizeof(script))
		return true;
	return system(script) == 0;
}

static void start_command(char *command)
{
	if (fork() == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
}

/* Process 1 of the node. ready is told when everything is set up. */
static int inside(struct wire *wires, int count, char **argv, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* For ps and the like; a container may forbid it, and nothing depends on it. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (ip("link set lo up"))
		return 1;
	for (int i = 0; i < count; i++)
		if (set_up_interface(&wires[i], i, argv + PLUGS + i * PLUG_WORDS))
			return 1;
	if (given(argv[GATEWAY]) && ip("route add default via %s", argv[GATEWAY]))
		return 1;
	if (given(argv[GATEWAY6]) && ip("-6 route add default via %s", argv[GATEWAY6]))
		return 1;
	if (given(argv[FORWARD]) && (write_file("/proc/sys/net/ipv4/ip_forward", "1") ||
				     write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1")))
		return complain("cannot turn forwarding on: %m");
	if (given(argv[COMMAND])) {
		if (!can_start(argv[COMMAND]))
			return complain("run=%s: there is no such program", argv[COMMAND]);
		start_command(argv[COMMAND]);
	}
	for (int i = 0; i < count; i++)
		if (pthread_create(&wires[i].thread, NULL, run_wire, &wires[i]))
			return complain("cannot start a thread");
	if (write(ready, "", 1) != 1)
		return 1;
	/* Process 1 inherits orphans, which the kernel then reaps. Cables may end, the node stays.
	 */
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		pause();
}

int lab_namespace_main(int argc, char **argv)
{
	int count = (argc - PLUGS) / PLUG_WORDS, ready[2], status;
	static struct wire wires[LAB_PLUGS];
	sigset_t end;
	pid_t child;
	char byte;

	if (argc < PLUGS || count > LAB_PLUGS)
		return 64;
	signal(SIGCHLD, SIG_DFL);
	if (daemon_start())
		return 1;
	for (int i = 0; i < count; i++) {
		struct end_options options = {.description = "vde lab"};

		wires[i].cable.end[0] = end_open(argv[PLUGS + i * PLUG_WORDS + PLUG_VNL], &options);
		if (!wires[i].cable.end[0])
			return 1;
		wires[i].signals = -1;
	}
	if (leave() || pipe2(ready, O_CLOEXEC))
		return 1;
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGHUP);
	sigaddset(&end, SIGCHLD);
	sigprocmask(SIG_BLOCK, &end, NULL);
	child = fork();
	if (child == 0) {
		close(ready[0]);
		_exit(inside(wires, count, argv, ready[1]));
	}
	close(ready[1]);
	if (child < 0 || read(ready[0], &byte, 1) != 1)
		return child < 0 ? complain("cannot start the node: %m") : 1;
	daemon_ready(argv[PIDFILE]);
	/* The switch closing a cable is no end of the node: only a signal is, or the end of
	 * process 1. */
	sigwait(&end, &status);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
