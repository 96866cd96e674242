// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server with a time limit (mount option timeout=): who waits for one that does not answer gets EIO.
 *
 *	ask for the attributes of its root, twice in the time -> no answer, and it did nothing
 *		-> take its descriptors of /dev/fuse -> kill it -> answer in its place, EIO to everything
 *
 * The connection lives as long as one descriptor of it is open, so the kernel does not end it (ECONNABORTED, ENOTCONN)
 * when the server dies. What the server had taken and not answered has numbers that the kernel gives out in order, so all
 * numbers are answered, from the newest down; the kernel knows which are waited for. It goes on until the file
 * system is unmounted. Where the descriptors are not to be had (Yama forbids it), the server is killed all the same.
 *
 * The process is a child of the keeper of servers, as the server is, and ends with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define DEVICES 64 /* of one server: libfuse has one for each thread (clone_fd) */
#define SERVERS 16
#define REQUEST_ROOM                                                                               \
	((1 << 20) + 8192) /* the kernel reads into no less than the longest write needs */
#define REQUEST_MOST (1 << 28)
#define NUMBER_STEP  2	       /* from one request to the next, since Linux 4.20 */
#define NUMBERS	     (1 << 20) /* that many requests back the oldest may be that was not answered */
#define DEATH_MS     5000

struct devices {
	struct pollfd ready[DEVICES];
	unsigned int count;
	char *request;
	size_t room;
};

/* ---- asking */

/* Those of one mount: sshfs has an ssh beside it, which comes first. */
struct servers {
	pid_t pids[SERVERS];
	unsigned int count;
};

static struct servers servers_of(const char *mark)
{
	FILE *file = proc_file("%d/task/%d/children", getppid(), getppid());
	struct servers servers = {0};
	char value[64];
	int pid;

	while (file && servers.count < SERVERS && fscanf(file, "%d", &pid) == 1)
		if (progress_variable(pid, KEEPER_MARK, value, sizeof(value)) &&
		    !strcmp(value, mark))
			servers.pids[servers.count++] = pid;
	if (file)
		fclose(file);
	return servers;
}

static struct progress progress_of(const struct servers *servers)
{
	struct progress progress = {0};

	for (unsigned int i = 0; i < servers->count; i++)
		progress_add(servers->pids[i], &progress);
	return progress;
}

struct point {
	unsigned int minor;
	char path[4096];
};

static void find_point(const struct mounted *mounted, void *data)
{
	struct point *point = data;

	if (mounted->fuse && mounted->minor == point->minor)
		strcpy(point->path, mounted->point);
}

/* Ask for the attributes of its root: 1: it answered; 0: not in time; -1: it is mounted no more. */
static int asked(unsigned int minor, int timeout_ms)
{
	struct point point = {.minor = minor};
	struct pollfd ended = {.events = POLLIN};
	struct statx about;
	int ready;
	pid_t pid;

	mounts_each(find_point, &point);
	if (!point.path[0])
		return -1;
	pid = fork();
	if (pid == 0) {
		statx(AT_FDCWD, point.path, AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC,
		      STATX_BASIC_STATS, &about);
		_exit(0);
	}
	if (pid < 0) /* not to be found out */
		return 1;
	ended.fd = syscall(SYS_pidfd_open, pid, 0);
	ready = poll(&ended, 1, timeout_ms);
	/* On a busy machine it may not have got to asking. */
	if (ready == 0 && progress_state(pid) == 'R')
		ready = 1;
	close(ended.fd);
	kill(pid, SIGKILL);
	return ready > 0;
}

/* ---- answering in its place */

/* Copies of the server's descriptors; it may put what it likes in their place, so they are looked at. */
static void take_devices(struct devices *devices, pid_t server, int pidfd)
{
	int fd = proc_open(O_RDONLY | O_DIRECTORY, "%d/fd", server);
	DIR *files = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat about;

	if (!files && fd >= 0)
		close(fd);
	while (files && devices->count < DEVICES && (entry = readdir(files))) {
		int device = entry->d_name[0] == '.'
				     ? -1
				     : syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);

		if (device >= 0 && fstat(device, &about) == 0 && S_ISCHR(about.st_mode) &&
		    about.st_rdev == makedev(10, 229) &&
		    fcntl(device, F_SETFL, O_RDWR | O_NONBLOCK) == 0)
			devices->ready[devices->count++] =
				(struct pollfd){.fd = device, .events = POLLIN};
		else if (device >= 0)
			close(device);
	}
	if (files)
		closedir(files);
}

static void refuse(int device, uint64_t number)
{
	const struct fuse_out_header reply = {
		.len = sizeof(reply), .error = -EIO, .unique = number};

	/* ENOENT: nobody waits for that. */
	while (write(device, &reply, sizeof(reply)) < 0 && errno == EINTR)
		;
}

/* Refuse what is asked by one descriptor; the newest number. False: it is mounted no more. */
static bool refuse_asked(struct devices *devices, unsigned int index, uint64_t *newest)
{
	const struct fuse_in_header *in = (const void *)devices->request;
	ssize_t got = read(devices->ready[index].fd, devices->request, devices->room);
	char *longer;

	if (got < 0 && errno == EINVAL && devices->room < REQUEST_MOST) {
		longer = realloc(devices->request, devices->room * 2);
		if (!longer)
			return false;
		devices->request = longer;
		devices->room *= 2;
		return true;
	}
	if (got < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if (got < (ssize_t)sizeof(*in))
		return false;
	if (in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET ||
	    in->opcode == FUSE_INTERRUPT)
		return true;
	if (in->unique > *newest)
		*newest = in->unique;
	refuse(devices->ready[index].fd, in->unique);
	return true;
}

static bool refuse_all(struct devices *devices, int timeout_ms, uint64_t *newest)
{
	if (poll(devices->ready, devices->count, timeout_ms) < 0)
		return errno == EINTR;
	for (unsigned int i = 0; i < devices->count; i++)
		if (devices->ready[i].revents && !refuse_asked(devices, i, newest))
			return false;
	return true;
}

static void answer(struct devices *devices, unsigned int minor)
{
	uint64_t newest = 0, number;

	prctl(PR_SET_NAME, "view-no-answer");
	devices->room = REQUEST_ROOM;
	devices->request = malloc(devices->room);
	if (!devices->request)
		return;
	/* One more question, as its number is needed: it is among what is refused. */
	if (fork() == 0) {
		asked(minor, DEATH_MS);
		_exit(0);
	}
	while (!newest)
		if (!refuse_all(devices, -1, &newest))
			return;
	number = newest;
	for (unsigned int tries = 0; tries < NUMBERS && number > 0; tries++) {
		for (unsigned int i = 0; i < devices->count; i++)
			refuse(devices->ready[i].fd, number);
		number = number > NUMBER_STEP ? number - NUMBER_STEP : 0;
	}
	while (refuse_all(devices, -1, &newest))
		;
}

static void give_up(const struct servers *servers, unsigned int minor, const char *image,
		    unsigned int seconds)
{
	static struct devices devices;
	struct pollfd dead[SERVERS];
	bool ended = true;

	for (unsigned int i = 0; i < servers->count; i++) {
		dead[i] = (struct pollfd){.fd = syscall(SYS_pidfd_open, servers->pids[i], 0),
					  .events = POLLIN};
		if (dead[i].fd >= 0)
			take_devices(&devices, servers->pids[i], dead[i].fd);
	}
	for (unsigned int i = 0; i < servers->count; i++) {
		tree_signal(servers->pids[i], 0, SIGKILL);
		kill(servers->pids[i], SIGKILL);
	}
	if (image[0] == 'w')
		dprintf(2,
			"%s: the server of %s did not answer for %u seconds and was killed: what "
			"was written last may be missing\n",
			program_invocation_short_name, image + 1, seconds);
	for (unsigned int i = 0; i < servers->count; i++)
		ended &= dead[i].fd < 0 || poll(&dead[i], 1, DEATH_MS) > 0;
	if (devices.count && ended)
		answer(&devices, minor);
}

static _Noreturn void watch(const char *mark, unsigned int minor, const char *image,
			    unsigned int seconds)
{
	const int half_ms = seconds * 500;
	struct servers servers;

	while ((servers = servers_of(mark)).count > 0) {
		struct progress before = progress_of(&servers), after;
		int answered = asked(minor, 2 * half_ms);

		if (answered < 0)
			break;
		after = progress_of(&servers);
		if (!answered && before.ticks == after.ticks && before.bytes == after.bytes) {
			give_up(&servers, minor, image, seconds);
			break;
		}
		poll(NULL, 0, half_ms);
	}
	_exit(0);
}

/* Two forks make it a child of the keeper of servers, who adopts orphans. */
void watch_start(const char *mark, unsigned int minor, const char *image, unsigned int seconds)
{
	pid_t pid = fork(), middle;

	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	middle = getpid();
	if (fork())
		_exit(0);
	while (getppid() == middle)
		poll(NULL, 0, 1);
	proc_close_others();
	signal(SIGCHLD, SIG_IGN); /* who asks is not waited for */
	watch(mark, minor, image, seconds);
}
