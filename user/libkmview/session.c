// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session as its manager holds it: the device, the mapped ring, and the commands that are one
 * ioctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "session.h"

int session_ioctl(struct kmview *session, unsigned long command, void *argument)
{
	int result = ioctl(session->fd, command, argument);

	return result < 0 ? -errno : result;
}

struct kmview_slot *session_slot(const struct kmview *session, uint32_t slot)
{
	const struct kmview_init *init = &session->init;

	return (void *)((char *)session->ring + session->ring->slots_offset +
			(size_t)(slot & (init->slots - 1)) * init->slot_size);
}

static bool more_than_one_processor(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

static int session_map(struct kmview *session)
{
	session->ring = mmap(NULL, session->init.ring_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     session->fd, 0);
	if (session->ring == MAP_FAILED) {
		session->ring = NULL;
		return -errno;
	}
	/* A child that outlives us must not keep the session alive. */
	return madvise(session->ring, session->init.ring_size, MADV_DONTFORK) < 0 ? -errno : 0;
}

static int session_start(struct kmview *session, const struct kmview_options *options)
{
	struct kmview_init *init = &session->init;
	int error;

	session->fd = open(KMVIEW_DEVICE, O_RDWR | O_CLOEXEC);
	if (session->fd < 0)
		return -errno;
	*init = (struct kmview_init){.major = KMVIEW_ABI_MAJOR, .minor = KMVIEW_ABI_MINOR};
	if (options) {
		init->flags = options->flags;
		init->slots = options->slots;
		init->slot_size = options->slot_size;
	}
	error = session_ioctl(session, KMVIEW_INIT, init);
	return error < 0 ? error : session_map(session);
}

static struct kmview *session_new(void)
{
	struct kmview *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->fd = -1;
	session->spin = more_than_one_processor();
	pthread_mutex_init(&session->socketcall_lock, NULL);
	return session;
}

const char *kmview_open_why(int error)
{
	switch (-error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return "there is no " KMVIEW_DEVICE;
	case EACCES:
	case EPERM:
		return KMVIEW_DEVICE " is not for this user (see its mode, and the parameters of "
				     "kmview.ko)";
	case EPROTO:
		return "the kernel module and this program speak different versions of the "
		       "protocol";
	case ENFILE:
		return "this user has as many sessions as the module allows (its parameter "
		       "max_sessions)";
	case ELOOP:
		return "sessions are nested as deep as the module allows";
	case EMFILE:
		return "this process has too many open files";
	case ENOMEM:
		return "there is not enough memory for a session";
	case EINVAL:
		return "the module does not know what this program asks of it: one of them is "
		       "older";
	case EOPNOTSUPP:
		return "the module does not offer mounts to this user, or cannot on this kernel";
	case ENOSYS:
		return "the kernel's function tracing, which the module needs, is switched off "
		       "(kernel.ftrace_enabled)";
	case ENOBUFS:
		return "this user's sessions have as much memory as the module and RLIMIT_MEMLOCK "
		       "allow";
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "of an unknown error";
	}
}

int kmview_open(struct kmview **result, const struct kmview_options *options)
{
	struct kmview *session = session_new();
	int error;

	if (!session)
		return -ENOMEM;
	error = session_start(session, options);
	if (error < 0) {
		kmview_close(session);
		return error;
	}
	*result = session;
	return 0;
}

int kmview_adopt(struct kmview **result, int fd, const struct kmview_init *init)
{
	struct kmview *session = session_new();
	int error;

	if (!session) {
		close(fd);
		return -ENOMEM;
	}
	session->fd = fd;
	session->init = *init;
	error = session_map(session);
	if (error < 0) {
		kmview_close(session);
		return error;
	}
	*result = session;
	return 0;
}

const struct kmview_init *kmview_init_of(const struct kmview *session)
{
	return &session->init;
}

void kmview_close(struct kmview *session)
{
	if (!session)
		return;
	if (session->ring)
		munmap(session->ring, session->init.ring_size);
	if (session->fd >= 0)
		close(session->fd);
	pthread_mutex_destroy(&session->socketcall_lock);
	free(session);
}

int kmview_fd(const struct kmview *session)
{
	return session->fd;
}

uint64_t kmview_session(const struct kmview *session)
{
	return session->init.session;
}

uint32_t kmview_features(const struct kmview *session)
{
	return session->init.features;
}

int kmview_stats(struct kmview *session, struct kmview_stats *stats)
{
	return session_ioctl(session, KMVIEW_STATS, stats);
}

int kmview_prefix(struct kmview *session, const char *path, uint32_t marks)
{
	struct kmview_prefix prefix = {.path = (uintptr_t)path, .marks = marks};

	return session_ioctl(session, KMVIEW_PREFIX, &prefix);
}

int kmview_mark(struct kmview *session, int fd, uint32_t marks)
{
	struct kmview_mark mark = {.fd = fd, .marks = marks};

	return session_ioctl(session, KMVIEW_MARK, &mark);
}

int kmview_mark_cookie(struct kmview *session, int fd, uint32_t marks, uint64_t cookie)
{
	struct kmview_mark_cookie mark = {.fd = fd, .marks = marks, .cookie = cookie};

	if (session->init.minor < 2)
		return -ENOSYS;
	return session_ioctl(session, KMVIEW_MARK_COOKIE, &mark);
}

int kmview_formats(struct kmview *session, const struct kmview_format *formats, uint32_t count)
{
	struct kmview_formats arg = {.formats = (uintptr_t)formats, .count = count};

	if (!(session->init.features & KMVIEW_FEATURE_FORMATS))
		return -ENOSYS;
	return session_ioctl(session, KMVIEW_FORMATS, &arg);
}

int kmview_image(struct kmview *session, int image, int page)
{
	struct kmview_image arg = {.image = image, .page = page};

	if (!(session->init.features & KMVIEW_FEATURE_IMAGE))
		return -ENOSYS;
	return session_ioctl(session, KMVIEW_IMAGE, &arg);
}

uint64_t kmview_mark_found(const struct kmview_request *request)
{
	return session_slot(request->session, request->slot)->mark_cookie;
}

int kmview_cookie(struct kmview_request *request, uint64_t cookie)
{
	struct kmview_cookie arg = {
		.id = request->event.id, .slot = request->slot, .cookie = cookie};

	if (request->session->init.minor < 2)
		return -ENOSYS;
	return session_ioctl(request->session, KMVIEW_COOKIE, &arg);
}

int kmview_prog(struct kmview *session, uint32_t place, int fd)
{
	struct kmview_prog prog = {.prog = place, .fd = fd};

	if (!(session->init.features & KMVIEW_FEATURE_BPF))
		return -ENOSYS;
	return session_ioctl(session, KMVIEW_PROG, &prog);
}

int kmview_join(struct kmview *session, uint64_t cookie)
{
	struct kmview_join join = {.cookie = cookie};

	return session_ioctl(session, KMVIEW_JOIN, &join);
}

int kmview_attach(struct kmview *session, pid_t pid, uint64_t cookie)
{
	struct kmview_attach attach = {.cookie = cookie};
	int error;

	attach.pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (attach.pidfd < 0)
		return -errno;
	error = session_ioctl(session, KMVIEW_ATTACH, &attach);
	close(attach.pidfd);
	return error;
}

int kmview_enter_network(struct kmview *session, pid_t pid, int net)
{
	struct kmview_enter_net enter = {.net = net};
	int error;

	if (session->init.minor < 2)
		return -ENOSYS;
	enter.pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (enter.pidfd < 0)
		return -errno;
	error = session_ioctl(session, KMVIEW_ENTER_NET, &enter);
	close(enter.pidfd);
	return error;
}

int kmview_enter(struct kmview *session, pid_t pid, pid_t like)
{
	struct kmview_enter enter = {0};
	int error;

	enter.pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (enter.pidfd < 0)
		return -errno;
	enter.like = syscall(SYS_pidfd_open, like, 0);
	error = enter.like < 0 ? -errno : session_ioctl(session, KMVIEW_ENTER, &enter);
	if (enter.like >= 0)
		close(enter.like);
	close(enter.pidfd);
	return error;
}

int kmview_tasks(struct kmview *session, struct kmview_task_info **tasks, size_t *count)
{
	struct kmview_tasks request = {.count = 16};
	uint32_t room;
	int error;

	*tasks = NULL;
	do {
		struct kmview_task_info *larger;

		room = request.count + 16; /* some may be born meanwhile */
		larger = reallocarray(*tasks, room, sizeof(**tasks));
		if (!larger) {
			error = -ENOMEM;
			break;
		}
		*tasks = larger;
		request.tasks = (uintptr_t)larger;
		request.count = room;
		error = session_ioctl(session, KMVIEW_TASKS, &request);
	} while (error >= 0 && request.count > room);
	if (error < 0) {
		free(*tasks);
		*tasks = NULL;
		return error;
	}
	*count = request.count;
	return 0;
}

int kmview_kill(struct kmview *session, int signal)
{
	struct kmview_kill kill = {.signal = signal};

	return session_ioctl(session, KMVIEW_KILL, &kill);
}
