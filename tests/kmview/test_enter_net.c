// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process of the session enters a network namespace that its user owns: that of a helper in a user
 * namespace of its own. Each test has a namespace of root's at hand, too, which is not for users.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

enum { READY, GO, END }; /* of scratch->number */

static int host, owned, roots; /* network namespaces: the machine's, the user's, one of root's */
static ino_t host_number, owned_number;
static pid_t helper;

static int flag(int number)
{
	return ((volatile int *)scratch->number)[number];
}

static ino_t number_of(const char *path)
{
	struct stat stat_of;

	return stat(path, &stat_of) ? 0 : stat_of.st_ino;
}

static ino_t network_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return number_of(path);
}

/* A process in namespaces of these kinds that stays until we end; a descriptor of its network. */
static int network_with(int flags, pid_t *pid)
{
	char path[64];
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(flags) || prctl(PR_SET_DUMPABLE, 1) || write(ends[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		return -1;
	close(ends[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", *pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static const char *make_networks(void)
{
	pid_t pid;

	host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	host_number = number_of("/proc/self/ns/net");
	roots = network_with(CLONE_NEWNET, &pid);
	CHECK(host >= 0 && roots >= 0);
	TRY(become_user());
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	owned = network_with(CLONE_NEWUSER | CLONE_NEWNET, &helper);
	CHECK(owned >= 0);
	owned_number = network_of(helper);
	CHECK(host_number && owned_number && owned_number != host_number);
	return NULL;
}

static bool has_no_capability(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long long effective = 1;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapEff: %llx", &effective);
	if (file)
		fclose(file);
	return effective == 0;
}

static const char *use_network(void *data)
{
	struct ifreq loopback = {.ifr_name = "lo"};
	int status, fd;
	pid_t child;

	scratch->number[READY] = 1;
	UNTIL(flag(GO));
	EXPECT(number_of("/proc/self/ns/net"), owned_number);
	/* It is administered by its owner. */
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	EXPECT(ioctl(fd, SIOCGIFFLAGS, &loopback), 0);
	CHECK(!(loopback.ifr_flags & IFF_UP));
	loopback.ifr_flags |= IFF_UP;
	EXPECT(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
	/* Children are in it, too; nothing else has changed. */
	child = fork();
	if (child == 0)
		_exit(number_of("/proc/self/ns/net") != owned_number);
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	CHECK(has_no_capability());
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	EXPECT(setns(host, CLONE_NEWNET), -1);
	EXPECT(errno, EPERM);
	EXPECT(setns(roots, CLONE_NEWNET), -1);
	EXPECT(errno, EPERM);
	return NULL;
}

static const char *enter_own(void)
{
	struct kmview *session;
	pid_t child;

	TRY(make_networks());
	EXPECT(kmview_open(&session, NULL), 0);
	child = inside_start(session, use_network, NULL);
	CHECK(child > 0);
	UNTIL(flag(READY));
	EXPECT(kmview_enter_network(session, child, owned), 0);
	UNTIL(network_of(child) == owned_number);
	EXPECT(network_of(getpid()), host_number);
	scratch->number[GO] = 1;
	return inside_serve(session, child, let_go, NULL);
}

static int idle_thread(void *data)
{
	for (;;)
		pause();
	return 0;
}

static const char *stay(void *data)
{
	static char stack[65536];
	const unsigned long thread =
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

	scratch->number[READY] = 1;
	UNTIL(flag(GO));
	CHECK(clone(idle_thread, stack + sizeof(stack), thread, NULL) > 0);
	scratch->number[READY] = 2;
	UNTIL(flag(END));
	EXPECT(number_of("/proc/self/ns/net"), host_number);
	return NULL;
}

static const char *watched(void *data)
{
	scratch->number[READY] = 3;
	UNTIL(flag(END) == 2);
	return NULL;
}

static const char *not_enter(void)
{
	struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
	struct kmview_options watching = {.flags = KMVIEW_INIT_WATCH};
	struct sock_fprog filter = {1, code};
	struct kmview *session;
	pid_t child;

	TRY(make_networks());
	EXPECT(kmview_open(&session, NULL), 0);
	child = inside_start(session, stay, NULL);
	CHECK(child > 0);
	UNTIL(flag(READY));
	/* Networks that are the machine's or root's; what is none; who is not inside. */
	EXPECT(kmview_enter_network(session, child, host), -EPERM);
	EXPECT(kmview_enter_network(session, child, roots), -EPERM);
	EXPECT(kmview_enter_network(session, child, 999), -EBADF);
	EXPECT(kmview_enter_network(session, child, open("/proc/self/ns/mnt", O_RDONLY)), -EINVAL);
	EXPECT(kmview_enter_network(session, child, open("/dev/null", O_RDONLY)), -EINVAL);
	EXPECT(kmview_enter_network(session, getpid(), owned), -ESRCH);
	EXPECT(kmview_enter_network(session, helper, owned), -ESRCH);
	scratch->number[GO] = 1;
	UNTIL(flag(READY) == 2);
	EXPECT(kmview_enter_network(session, child, owned), -EMLINK);
	scratch->number[END] = 1;
	TRY(inside_serve(session, child, let_go, NULL));

	EXPECT(kmview_open(&session, &watching), 0);
	child = inside_start(session, watched, NULL);
	UNTIL(flag(READY) == 3);
	EXPECT(kmview_enter_network(session, child, owned), -EOPNOTSUPP);
	scratch->number[END] = 2;
	TRY(inside_serve(session, child, let_go, NULL));

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	EXPECT(kmview_open(&session, NULL), 0);
	scratch->number[END] = 0;
	scratch->number[READY] = 0;
	child = inside_start(session, watched, NULL);
	UNTIL(flag(READY) == 3);
	EXPECT(kmview_enter_network(session, child, owned), -EPERM);
	scratch->number[END] = 2;
	return inside_serve(session, child, let_go, NULL);
}

static const char *be_another(void *data)
{
	EXPECT(setresuid(USER, USER, USER), 0);
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	scratch->number[READY] = 1;
	UNTIL(flag(END));
	EXPECT(number_of("/proc/self/ns/net"), host_number);
	return NULL;
}

/* What root may enter is not for a user in a session of root's. */
static const char *not_for_another(void)
{
	struct kmview *session;
	pid_t child, pid;

	host_number = number_of("/proc/self/ns/net");
	roots = network_with(CLONE_NEWNET, &pid);
	CHECK(roots >= 0);
	EXPECT(kmview_open(&session, NULL), 0);
	child = inside_start(session, be_another, NULL);
	CHECK(child > 0);
	UNTIL(flag(READY));
	EXPECT(kmview_enter_network(session, child, roots), 0);
	/* Once more, when it has followed, or not. */
	UNTIL(kmview_enter_network(session, child, roots) == 0);
	EXPECT(network_of(child), host_number);
	scratch->number[END] = 1;
	return inside_serve(session, child, let_go, NULL);
}

/* Exchange descriptors of the process that enters for root's network, as fast as can be. */
static int exchange(void *data)
{
	int lowest = dup(roots);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(lowest);
	for (;;) {
		for (int fd = lowest; fd < lowest + 3; fd++)
			dup2(roots, fd);
		for (int fd = lowest; fd < lowest + 3; fd++)
			close(fd);
	}
	return 0;
}

static const char *share_descriptors(void *data)
{
	static char stack[65536];

	CHECK(clone(exchange, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL) > 0);
	scratch->number[READY] = 1;
	while (!flag(END)) {
		ino_t now = number_of("/proc/self/ns/net");

		CHECK(now == host_number || now == owned_number);
	}
	return NULL;
}

static const char *exchanged(void)
{
	struct kmview *session;
	pid_t child;

	TRY(make_networks());
	EXPECT(kmview_open(&session, NULL), 0);
	child = inside_start(session, share_descriptors, NULL);
	CHECK(child > 0);
	UNTIL(flag(READY));
	for (int i = 0; i < 40000 && !scratch->why[0]; i++)
		kmview_enter_network(session, child, owned); /* often -EALREADY */
	scratch->number[END] = 1;
	UNTIL(process_state(child) == 'Z');
	EXPECT(kmview_kill(session, SIGKILL), 0);
	return inside_serve(session, child, let_go, NULL);
}

const struct test enter_net_tests[] = {
	{"network: a process enters one that its user owns", enter_own},
	{"network: nobody enters the machine's, root's, with threads, or from elsewhere",
	 not_enter},
	{"network: what root may enter is not for a user in root's session", not_for_another},
	{"network: a descriptor exchanged meanwhile leads nowhere else", exchanged},
	{},
};
