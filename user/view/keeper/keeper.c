// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a branch, seen from inside.
 *
 * Theory: the keeper is the parent of two: the first process, whose descendants are what runs in
 * the branch, and the keeper of servers, whose descendants are the file-system servers. Both adopt
 * orphans, so the two families stay apart and complete. When the first process ends, or the manager
 * asks (SIGTERM; a queued value is the delay), or dies, the first family gets SIGTERM, after a
 * delay SIGKILL; then the keeper of servers unmounts and waits for what servers still write. Who
 * serves a file system in the first family, as its user started it, is waited for like them. A
 * process that cannot be killed, because it waits for a server, is freed by the server's end. The
 * terminal's signals are for the command alone; when it has ended, SIGINT says not to wait.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

#define SERVERS_MAX  256 /* started by users of a branch */
#define FUSE_DEVICE  "/dev/fuse"
#define STUCK_MS     1000  /* from SIGKILL to the end of the servers that they may wait for */
#define STUCK_END_MS 10000 /* and from that to giving them up */
#define IDLE_MS	     1000  /* from unmounting to asking servers that go on */
#define INTERRUPTED  (-2)

long keeper_call(const struct keeper *keeper, long nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e)
{
	return syscall(nr, a, b, c, d, e, keeper->token);
}

void keeper_failed(struct keeper *keeper, int error, const char *what)
{
	struct keeper_news news = {.event = KEEPER_FAILED, .value = error};

	if (keeper->hand_over) {
		dprintf(2, "%s: cannot %s: %s\n", program_invocation_short_name, what,
			strerror(error));
		return;
	}
	snprintf(news.text, sizeof(news.text), "%s", what);
	channel_send(keeper->channel, &news, sizeof(news), NULL, 0, NULL, 0);
}

/* Take the dead. True: the first process is among them, *status is how it ended. */
static bool reap(struct keeper *keeper, int *status)
{
	bool first = false;
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid == keeper->first) {
			*status = how;
			first = true;
		}
		if (pid != keeper->servers)
			continue;
		keeper->servers = 0;
		keeper->cut_off |= WIFEXITED(how) && WEXITSTATUS(how) == FLUSH_CUT_OFF;
	}
	return first;
}

static bool nobody(struct keeper *keeper)
{
	return tree_signal(getpid(), keeper->servers, 0) == 0;
}

/*
 * Wait for a signal. The value that came with SIGTERM or SIGHUP, INTERRUPTED for SIGINT, 0 for
 * others, -1: none in time.
 */
static int next_signal(int signals, int timeout_ms)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	if (poll(&ready, 1, timeout_ms) <= 0 || read(signals, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGCHLD)
		return 0;
	if (info.ssi_signo == SIGINT)
		return INTERRUPTED;
	return info.ssi_code == SI_QUEUE && info.ssi_int > 0 ? info.ssi_int : KEEPER_DELAY_MS;
}

/* ---- the end of the processes */

/* Is a descriptor of the process /dev/fuse? */
static bool is_device(pid_t pid, int number)
{
	int fd = proc_open(O_RDONLY | O_DIRECTORY, "%d/fd", pid);
	char name[16], target[32];
	ssize_t length;

	snprintf(name, sizeof(name), "%d", number);
	length = fd < 0 ? -1 : readlinkat(fd, name, target, sizeof(target));
	if (fd >= 0)
		close(fd);
	return length == strlen(FUSE_DEVICE) && !memcmp(target, FUSE_DEVICE, length);
}

/* Is /dev/fuse open in the process? */
static bool has_device(pid_t pid)
{
	int fd = proc_open(O_RDONLY | O_DIRECTORY, "%d/fd", pid);
	DIR *files = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;
	char target[32];

	if (!files && fd >= 0)
		close(fd);
	while (files && !found && (entry = readdir(files))) {
		ssize_t length = readlinkat(fd, entry->d_name, target, sizeof(target));

		found = length == strlen(FUSE_DEVICE) && !memcmp(target, FUSE_DEVICE, length);
	}
	if (files)
		closedir(files);
	return found;
}

/* When the process started, in the kernel's ticks; 0: it is gone. */
static unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char line[512] = "";
	const char *end;
	FILE *file = proc_file("%d/stat", pid);

	end = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (!end || sscanf(end + 1,
			   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			   "%*d %*d %llu",
			   &start) != 1)
		start = 0;
	if (file)
		fclose(file);
	return start;
}

/*
 * Is it the server of a FUSE file system, that somebody in the branch started? One that was is one until its end: after
 * it has been unmounted it closes the device, and writes.
 */
static bool is_server(pid_t pid)
{
	static struct {
		pid_t pid;
		unsigned long long start;
	} known[SERVERS_MAX];
	static unsigned int count;

	for (unsigned int i = 0; i < count; i++)
		if (known[i].pid == pid && known[i].start == start_of(pid))
			return true;
	if (!has_device(pid))
		return false;
	if (count < SERVERS_MAX) {
		known[count].pid = pid;
		known[count++].start = start_of(pid);
	}
	return true;
}

struct left {
	struct progress progress;
	unsigned int servers;
	const char *words; /* to be said of each server; NULL: kill the others */
};

static void each_left(struct left *left, pid_t pid, pid_t except);

static void look_at(struct left *left, pid_t pid)
{
	char name[32] = "?";
	FILE *file;

	if (!is_server(pid)) {
		kill(pid, SIGKILL);
		return;
	}
	left->servers++;
	progress_add(pid, &left->progress);
	file = left->words[0] ? proc_file("%d/comm", pid) : NULL;
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	if (left->words[0])
		dprintf(2, "%s: %s, process %d, %s\n", program_invocation_short_name, name, pid,
			left->words);
}

static void each_left(struct left *left, pid_t pid, pid_t except)
{
	FILE *file = proc_file("%d/task/%d/children", pid, pid);
	int child;

	while (file && fscanf(file, "%d", &child) == 1) {
		if (child == except)
			continue;
		each_left(left, child, except);
		look_at(left, child);
	}
	if (file)
		fclose(file);
}

/*
 * The time is over: kill whoever is left, but servers of file systems, which may still write, only
 * when they do nothing any more, or the user does not want to wait.
 */
static void kill_left(struct keeper *keeper, struct patience *patience, bool interrupted)
{
	struct left left = {.words = ""};
	char words[128], line[256];

	each_left(&left, getpid(), keeper->servers);
	if (!left.servers)
		return;
	if (patience_look(patience, &left.progress, keeper->flush_limit, words, sizeof(words)) &&
	    !interrupted) {
		snprintf(line, sizeof(line),
			 "serves a file system and still works (%s): it is waited for; Ctrl-C ends "
			 "the wait",
			 words);
		left = (struct left){.words = line};
		if (words[0])
			each_left(&left, getpid(), keeper->servers);
		return;
	}
	if (!keeper->cut_off) {
		left = (struct left){
			.words = "is killed before it has ended by itself: what it served may be "
				 "incomplete"};
		each_left(&left, getpid(), keeper->servers);
	}
	keeper->cut_off = true;
	tree_signal(getpid(), keeper->servers, SIGKILL);
}

/* Does one of its threads wait for a request? Then it serves, and SIGTERM asks it to end. */
static bool waits_for_requests(pid_t pid)
{
	int fd = proc_open(O_RDONLY | O_DIRECTORY, "%d/task", pid), nr;
	DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;
	unsigned long from;

	if (!tasks && fd >= 0)
		close(fd);
	while (tasks && !found && (entry = readdir(tasks))) {
		FILE *file = entry->d_name[0] == '.'
				     ? NULL
				     : proc_file("%d/task/%d/syscall", pid, atoi(entry->d_name));

		if (file && fscanf(file, "%d 0x%lx", &nr, &from) == 2 &&
		    (nr == SYS_read || nr == SYS_splice))
			found = is_device(pid, from);
		if (file)
			fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

/*
 * The mounts of servers that users started have gone, but not all of these servers: what they serve is mounted elsewhere.
 * Once they have nothing to do they are asked to end.
 */
static void end_idle(struct keeper *keeper, pid_t root)
{
	FILE *file = proc_file("%d/task/%d/children", root, root);
	int child;

	while (file && fscanf(file, "%d", &child) == 1) {
		if (child == keeper->servers)
			continue;
		if (is_server(child) && waits_for_requests(child)) {
			kill(child, SIGTERM);
			kill(child, SIGCONT);
		}
		end_idle(keeper, child);
	}
	if (file)
		fclose(file);
}

/*
 * SIGTERM to everybody, and SIGKILL to who is left. Servers of file systems that users started get no signal: when the
 * others have ended, or their time is over, what is mounted is unmounted, and the servers end by that, with all that they
 * were told. False: some cannot be killed, as they wait for a server of ours.
 */
static bool end_processes(struct keeper *keeper, int signals, int delay_ms, int *status)
{
	int64_t end = now_ms() + delay_ms, unmounted = 0;
	struct patience patience = {0};
	bool interrupted = false;

	tree_signal_but(getpid(), keeper->servers, SIGTERM, is_server);
	for (;;) {
		int64_t left = end - now_ms();

		reap(keeper, status);
		if (nobody(keeper))
			return true;
		if (!unmounted &&
		    (left <= 0 || !tree_signal_but(getpid(), keeper->servers, 0, is_server))) {
			if (keeper->servers)
				kill(keeper->servers, SIGTERM);
			tree_signal(getpid(), keeper->servers, SIGCONT);
			unmounted = now_ms();
		}
		if (unmounted && now_ms() - unmounted > IDLE_MS)
			end_idle(keeper, getpid());
		if (left <= 0)
			kill_left(keeper, &patience, interrupted);
		if (left <= -STUCK_MS && !(patience.begun && !keeper->cut_off))
			return false;
		interrupted |=
			next_signal(signals, left <= 0 || left > 100 ? 100 : left) == INTERRUPTED;
	}
}

static void end_servers(struct keeper *keeper, int signals, int *status)
{
	if (keeper->servers)
		kill(keeper->servers, SIGTERM);
	while (reap(keeper, status), keeper->servers)
		if (next_signal(signals, 1000) == INTERRUPTED)
			kill(keeper->servers, SIGUSR1);
}

/* Those whom the end of the servers sets free: they have their SIGKILL already. */
static void wait_for_stuck(struct keeper *keeper, int signals, int *status)
{
	int64_t end = now_ms() + STUCK_END_MS;

	while (reap(keeper, status), !nobody(keeper)) {
		tree_signal(getpid(), keeper->servers, SIGKILL);
		if (now_ms() > end) {
			dprintf(2,
				"%s: some processes of the view cannot be ended: they wait for a "
				"file system of the machine\n",
				program_invocation_short_name);
			return;
		}
		next_signal(signals, 100);
	}
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void tell_exit(struct keeper *keeper, int status)
{
	const struct keeper_news news = {.event = KEEPER_EXITED, .value = status};

	if (keeper->hand_over)
		return;
	channel_send(keeper->channel, &news, sizeof(news), NULL, 0, NULL, 0);
}

static void tell_cut_off(struct keeper *keeper)
{
	const struct keeper_news news = {.event = KEEPER_CUT_OFF};

	if (keeper->hand_over)
		return;
	channel_send(keeper->channel, &news, sizeof(news), NULL, 0, NULL, 0);
}

static int keep(struct keeper *keeper, int signals)
{
	int status = 0, delay = 0;
	bool ended = false, all;

	while (!delay) {
		if (reap(keeper, &status)) {
			ended = true;
			tell_exit(keeper, status);
		}
		if (ended && (!keeper->linger || nobody(keeper)))
			break;
		/* Without it nothing can be mounted, and who asks would wait for ever. */
		if (!keeper->servers && !keeper->hand_over)
			break;
		delay = next_signal(signals, -1);
		/* Ctrl-C is for the command. */
		if (delay == INTERRUPTED || delay < 0)
			delay = 0;
	}
	all = end_processes(keeper, signals, delay ? delay : KEEPER_DELAY_MS, &status);
	if (!ended)
		tell_exit(keeper, status);
	end_servers(keeper, signals, &status);
	if (!all)
		wait_for_stuck(keeper, signals, &status);
	if (keeper->cut_off)
		tell_cut_off(keeper);
	return status;
}

static int announce(struct keeper *keeper, int control, int listener)
{
	struct keeper_news news = {
		.event = KEEPER_READY,
		.pid = keeper->first,
		.servers = keeper->servers,
	};
	int fds[] = {control, listener};
	struct stat namespace;

	if (stat("/proc/self/ns/mnt", &namespace) < 0)
		return -errno;
	news.namespace = namespace.st_ino;
	return channel_send(keeper->channel, &news, sizeof(news), NULL, 0, fds,
			    listener < 0 ? 1 : 2);
}

static int start_joined(struct keeper *keeper)
{
	int listener = keeper_start_first(keeper);

	if (listener == -2 || keeper->hand_over(keeper, listener) < 0)
		return -1;
	keeper_let_first_go(keeper);
	if (listener >= 0)
		close(listener);
	return 0;
}

static int start(struct keeper *keeper)
{
	int control, listener;

	if (keeper->hand_over)
		return start_joined(keeper);
	control = keeper_prepare(keeper);
	if (control < 0)
		return -1;
	keeper->servers = fork();
	if (keeper->servers == 0) {
		close(control);
		servers_main(keeper);
	}
	if (keeper->servers < 0) {
		keeper_failed(keeper, errno, "start a process");
		return -1;
	}
	listener = keeper_start_first(keeper);
	if (listener == -2 || announce(keeper, control, listener) < 0)
		return -1;
	keeper_let_first_go(keeper);
	close(control);
	if (listener >= 0)
		close(listener);
	return 0;
}

int keeper_run(struct keeper *keeper)
{
	int signals = block_signals(), status = -1, ignored = 0;

	proc_keep();
	signal(SIGINT, SIG_DFL); /* blocked; an ignored one would not be seen */
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTTOU, SIG_IGN); /* as of the keeper of servers */
	prctl(PR_SET_NAME, "view-keeper");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (start(keeper) == 0)
		return keep(keeper, signals);
	tree_signal(getpid(), keeper->servers, SIGKILL);
	end_servers(keeper, signals, &ignored);
	return status;
}
