// SPDX-License-Identifier: GPL-2.0-only
/* A running process that was attached enters the mount namespace of its session. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

enum { READY, GO, RESULT, END }; /* of scratch->number */

static const char *make_space(void *data)
{
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	EXPECT(close(open(path_of("a/seen"), O_CREAT | O_RDWR, 0644)), 0);
	scratch->number[READY] = 1;
	UNTIL(((volatile int *)scratch->number)[END]);
	return NULL;
}

/* A process outside, in directory a: what it sees there once it is told to look. */
static void look_around(void)
{
	struct stat there, here;

	if (chdir(path_of("a")))
		_exit(1);
	while (!((volatile int *)scratch->number)[GO])
		moment();
	if (stat(path_of("a/seen"), &there) || stat("seen", &here) || there.st_ino != here.st_ino)
		_exit(2);
	/* It is of the space: it may do what the others there may. */
	if (chdir("/") || try_mount("x", path_of("b"), "tmpfs", 0, "size=1m") ||
	    umount2(path_of("b"), 0) || umount2("/proc", MNT_DETACH) == 0)
		_exit(3);
	_exit(0);
}

static bool same_space(pid_t a, pid_t b)
{
	char path[64];
	struct stat one, other;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", a);
	if (stat(path, &one))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", b);
	return stat(path, &other) == 0 && one.st_ino == other.st_ino;
}

static const char *start_space(struct kmview **session, pid_t *like)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};

	/* Whose namespaces can be looked at: after a change of ids that is not so. */
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	scratch->number[READY] = 0;
	EXPECT(kmview_open(session, &options), 0);
	*like = inside_start(*session, make_space, NULL);
	CHECK(*like > 0);
	UNTIL(((volatile int *)scratch->number)[READY]);
	return NULL;
}

static const char *enter(void)
{
	struct kmview *session;
	pid_t like, outside;
	int status;

	TRY(prepare());
	TRY(become_user());
	outside = fork();
	if (outside == 0) {
		prctl(PR_SET_DUMPABLE, 1);
		look_around();
	}
	TRY(start_space(&session, &like));
	EXPECT(kmview_enter(session, outside, like), -ESRCH);
	EXPECT(kmview_attach(session, outside, 1), 0);
	EXPECT(kmview_enter(session, outside, like), 0);
	UNTIL(same_space(outside, like));
	/* It is not where the manager is any more. */
	EXPECT(kmview_enter(session, outside, like), -EXDEV);
	scratch->number[GO] = 1;
	CHECK(waitpid(outside, &status, 0) == outside);
	EXPECT(status, 0);
	scratch->number[END] = 1;
	TRY(inside_serve(session, like, let_go, NULL));
	kmview_close(session);
	return clean_up() ? NULL : "rm failed";
}

static int idle_thread(void *data)
{
	while (pause())
		;
	return 0;
}

static int idle_sibling(void *data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return idle_thread(data);
}

/* Processes that must not enter: started as root, since an ordinary user cannot make them. */
enum kind { PLAIN, THREADS, SHARED, CHROOTED, ELSEWHERE, KINDS };

static void stand_still(enum kind kind)
{
	static char stack[65536];
	const unsigned long thread =
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

	if (kind == CHROOTED && (chroot(top) || chdir("/")))
		_exit(1);
	if (kind == ELSEWHERE && unshare(CLONE_NEWNS))
		_exit(1);
	if (become_user() || prctl(PR_SET_DUMPABLE, 1))
		_exit(1);
	if (kind == THREADS && clone(idle_thread, stack + sizeof(stack), thread, NULL) < 0)
		_exit(1);
	if (kind == SHARED && clone(idle_sibling, stack + sizeof(stack), CLONE_FS, NULL) < 0)
		_exit(1);
	scratch->number[4 + kind] = 1;
	for (;;)
		pause();
}

static const char *not_enter(void)
{
	static const int wanted[KINDS] = {0, -EMLINK, -EMLINK, -EXDEV, -EXDEV};
	struct kmview *session, *other;
	pid_t still[KINDS], like, other_like;

	TRY(prepare());
	for (int i = 0; i < KINDS; i++) {
		still[i] = fork();
		if (still[i] == 0)
			stand_still(i);
		UNTIL(((volatile int *)scratch->number)[4 + i]);
	}
	TRY(become_user());
	TRY(start_space(&session, &like));
	TRY(start_space(&other, &other_like));
	for (int i = 0; i < KINDS; i++)
		EXPECT(kmview_attach(session, still[i], 1), 0);
	/* Only what this session made. */
	EXPECT(kmview_enter(session, still[PLAIN], other_like), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], getpid()), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], 1), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], still[ELSEWHERE]), -EINVAL);
	EXPECT(kmview_enter(other, still[PLAIN], other_like), -ESRCH);
	EXPECT(kmview_enter(session, getpid(), like), -ESRCH);
	for (int i = KINDS - 1; i >= 0; i--)
		EXPECT(kmview_enter(session, still[i], like), wanted[i]);
	UNTIL(same_space(still[PLAIN], like));
	for (int i = 1; i < KINDS; i++)
		CHECK(!same_space(still[i], like));
	/* A session without mounts. */
	kmview_close(session);
	kmview_close(other);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_enter(session, getpid(), getpid()), -EOPNOTSUPP);
	kmview_close(session);
	return clean_up() ? NULL : "rm failed";
}

/* It enters while stopped, is killed, or its like goes: nothing is left, nobody is somewhere else.
 */
static const char *enter_and_go(void)
{
	struct kmview *session;
	pid_t like, outside;
	int status;

	TRY(prepare());
	TRY(become_user());
	for (int i = 0; i < 3; i++) {
		outside = fork();
		if (outside == 0) {
			prctl(PR_SET_DUMPABLE, 1);
			for (;;)
				pause();
		}
		TRY(start_space(&session, &like));
		EXPECT(kmview_attach(session, outside, 1), 0);
		kill(outside, SIGSTOP);
		UNTIL(process_state(outside) == 'T');
		EXPECT(kmview_enter(session, outside, like), 0);
		EXPECT(kmview_enter(session, outside, like), -EALREADY);
		CHECK(!same_space(outside, like));
		if (i == 1)
			kill(outside, SIGKILL);
		if (i == 2) {
			kill(like, SIGKILL);
			CHECK(waitpid(like, &status, 0) == like);
		}
		kill(outside, SIGCONT);
		if (i == 0)
			UNTIL(same_space(outside, like));
		if (i == 2) {
			UNTIL(process_state(outside) == 'S');
			CHECK(same_space(outside, getpid()));
		}
		EXPECT(kmview_kill(session, SIGKILL), 0);
		CHECK(waitpid(outside, &status, 0) == outside && WIFSIGNALED(status));
		if (i != 2)
			CHECK(waitpid(like, &status, 0) == like);
		kmview_close(session);
	}
	return clean_up() ? NULL : "rm failed";
}

const struct test enter_tests[] = {
	{"an attached process enters the session's mounts, its directory with it", enter},
	{"it enters when it goes on, or not at all if it or its like is killed", enter_and_go},
	{"nobody enters with threads, from elsewhere, or to what the session did not make",
	 not_enter},
	{},
};
