/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Services of views: the interface between the manager of a view and its service modules.
 *
 * A service is a shared object that exports one object named view_service. It declares what it is
 * responsible for: types of mounts, system calls. Where two services claim the same, the one added
 * last is asked. A service is switched on by what its users mount, and cannot be removed while
 * something that it mounted is there.
 *
 *	#include <view.h>
 *
 *	static int mount_hello(struct view_mount *mount, void *data)
 *	{
 *		char *argv[] = {"hello", (char *)view_mount_place(mount), NULL};
 *
 *		return view_mount_run(mount, argv);
 *	}
 *
 *	static const struct view_mount_type types[] = {
 *		{.prefix = "hello", .mount = mount_hello},
 *		{},
 *	};
 *
 *	const struct view_service view_service = {
 *		.abi = VIEW_ABI,
 *		.name = "hello",
 *		.description = "the file system that says hello",
 *		.mounts = types,
 *	};
 *
 * compiled by: cc -shared -fPIC -o hello.so hello.c
 *
 * Functions return 0 or a positive number, or a negative errno. Strings that a function returns
 * belong to its argument and live as long.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Versions of the interface. A service made for an older one still loads.
 *
 *	1	the first
 *	2	view_caller: who asks. A service of version 1 is asked only by processes with the
 *		manager's user id, as it cannot know who they are; for others it is as if it had
 *		claimed nothing
 */
#define VIEW_ABI 2

struct view;

/*
 * Who asks. A handler runs with the ids of the manager, who may be root: what it does itself, and
 * not by the functions below, it has to do for this process only as far as the process may.
 * Ids are effective ones, as the manager's user namespace has them. Handlers of mounts are called
 * only for who has the authority over the mounts of the view (docs/view.md).
 */
struct view_caller {
	pid_t pid; /* of the thread */
	uid_t uid;
	gid_t gid;
	uint64_t capabilities; /* in its user namespace, as CapEff of /proc/PID/status */
	bool authority;	       /* it may change mounts and names of this view */
};

/* The directory of the installation: services, tables. */
const char *view_directory(const struct view *view);

/* In start: say why it fails, as a clause without a stop. Returns error. */
int view_start_error(struct view *view, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- what a service declares */

struct view_mount;
struct view_call;

/*
 * Types of mounts, by prefix: "unreal" claims unrealfoo as well. claims, if not NULL, is asked
 * whether one that begins so is really meant. The handler runs in a thread of its own and may take
 * its time; the program that mounts waits. It returns what mount(2) is to return; or VIEW_PASS: not
 * ours after all, ask the next.
 */
struct view_mount_type {
	const char *prefix;
	int (*mount)(struct view_mount *mount, void *data);
	bool (*claims)(const char *type, void *data);
};

/*
 * A system call, by the name that the kernel's headers have for its 64-bit form; all forms of it
 * are meant. The handler runs in the manager's thread and must not block; it answers the call by
 * one of view_call_continue, _return, _install or keeps it to do so later, from any thread, and
 * returns 0; or returns VIEW_PASS and answers nothing.
 *
 * The engine umview can only see calls that were claimed when the view was started (option -p).
 */
struct view_call_claim {
	const char *name;
	int (*call)(struct view_call *call, void *data);
};

#define VIEW_PASS 1

struct view_service {
	uint32_t abi; /* VIEW_ABI */
	const char *name;
	const char *description;	      /* one line */
	const struct view_mount_type *mounts; /* up to a NULL prefix; NULL: none */
	const struct view_call_claim *calls;  /* up to a NULL name; NULL: none */
	/*
	 * Both may be NULL. options: what followed the comma when it was added, or "". start may
	 * still fill in what mounts and calls point to.
	 */
	int (*start)(struct view *view, const char *options, void **data);
	void (*stop)(void *data);
	void *reserved[8];
};

/* ---- mounts */

const char *view_mount_source(const struct view_mount *mount); /* "" if none was given */
const char *view_mount_target(const struct view_mount *mount);
const char *view_mount_type(const struct view_mount *mount);	/* aliases resolved */
const char *view_mount_options(const struct view_mount *mount); /* data of mount(2), or "" */
unsigned long view_mount_flags(const struct view_mount *mount); /* MS_ */
/* ESRCH: it died. */
int view_mount_caller(const struct view_mount *mount, struct view_caller *caller);

/* In the view there is only the user's own id (umview, not root): files of others cannot be
 * written. */
bool view_mount_single_id(const struct view_mount *mount);

/*
 * Run a program, searched in PATH, as the caller of mount(2): same ids and groups, environment,
 * standard input, root, working directory; in the foreground of its terminal. By the time that it
 * ends or goes into the background it must have mounted a file system on the place, an empty
 * directory (or file, if the target is one), from where it is then moved to the target. Its words become the error message when it fails. EIO: it failed. ENOENT:
 * there is no such program. ENOTCONN: it ended well, but nothing is mounted.
 */
int view_mount_run(struct view_mount *mount, char *const argv[]);
const char *view_mount_place(const struct view_mount *mount);

/*
 * The same by hand: begin makes the place; then mount there what is wanted, by view_mount_kernel or
 * serve, which is run without the rest; finish moves it to the target, or, with an error, undoes
 * it, and returns the error.
 */
int view_mount_begin(struct view_mount *mount);
int view_mount_serve(struct view_mount *mount, char *const argv[]);
int view_mount_finish(struct view_mount *mount, int error);

/* What is mounted below the target is bound into the place, so that it stays as it is. */
int view_mount_keep_below(struct view_mount *mount);

/* The same mount with another source and target. */
int view_mount_again(struct view_mount *mount, const char *source, const char *target);

/* Call use with the name of each directory that is directly below /, up to an error, which is
 * returned. */
int view_mount_each_directory(struct view_mount *mount,
			      int (*use)(struct view_mount *mount, const char *name, void *data),
			      void *data);

/* Make path a directory or an empty file, as like is one, with the directories above it. */
int view_mount_make(struct view_mount *mount, const char *path, const char *like);

bool view_mount_exists(struct view_mount *mount, const char *path);

/* Is anything mounted below a path? */
bool view_mount_has_mounts(struct view_mount *mount, const char *path);

/*
 * The source, opened as the caller would have: a descriptor that stays the mount's, or a negative
 * errno. A file or device is open for reading, anything else only as a path (O_PATH).
 */
int view_mount_open(struct view_mount *mount);

/* The name by which programs that are run have that file, whatever the source's own name is; the
 * source as it was given, if it cannot be opened. */
const char *view_mount_image(struct view_mount *mount);

/* The same for programs that ask for the real name of what they are given: it is bound to a name
 * aside until they have mounted. */
const char *view_mount_aside(struct view_mount *mount);

bool view_mount_writable(struct view_mount *mount); /* by the caller: the source */
void view_mount_set_read_only(struct view_mount *mount);
/* The kernel opens files without asking the server, which has one thread and sees each opened once
 * (preload/unasked.c): for what nobody can change. */
void view_mount_set_unasked(struct view_mount *mount);
int view_mount_set_type(struct view_mount *mount, const char *type); /* what was found in it */

/*
 * From now on only so many bytes of the source, from so many on, are meant; 0 bytes: all the rest.
 * To be called after view_mount_lock.
 */
int view_mount_part(struct view_mount *mount, uint64_t offset, uint64_t size);

/*
 * Lock the source, an image, against being mounted a second time while what is mounted now is
 * there: alone to write, or shared to read. Sources that are no files are not locked. EBUSY: it is
 * mounted already, in this view or another.
 */
int view_mount_lock(struct view_mount *mount, bool alone);
bool view_mount_locked(const struct view_mount *mount);

/* Make a mount of the kernel's: arguments as of mount(2), in the caller's place. */
int view_mount_kernel(struct view_mount *mount, const char *source, const char *target,
		      const char *type, unsigned long flags, const char *data);

/* Say why: one sentence, kept for the program that mounts. Returns error. */
int view_mount_error(struct view_mount *mount, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *view_mount_message(const struct view_mount *mount); /* what was said so far, or "" */

/* Say a word although it works, a line each; what servers say that did mount is among it. */
void view_mount_note(struct view_mount *mount, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *view_mount_notes(const struct view_mount *mount);
void view_mount_forget_notes(struct view_mount *mount);

/* ---- system calls */

const char *view_call_name(const struct view_call *call);
pid_t view_call_pid(const struct view_call *call);				/* of the thread */
int view_call_caller(const struct view_call *call, struct view_caller *caller); /* ESRCH: died */
uint64_t view_call_argument(const struct view_call *call, unsigned int index);
bool view_call_narrow(const struct view_call *call); /* pointers in its memory have 32 bits */

/* The task's memory: bytes moved, fewer where it ends; EFAULT: none. Strings: the length, EFAULT,
 * ENAMETOOLONG. ESTALE: the task died or was interrupted; answer all the same. */
ssize_t view_call_read(struct view_call *call, uint64_t address, void *buffer, size_t length);
ssize_t view_call_write(struct view_call *call, uint64_t address, const void *bytes, size_t length);
ssize_t view_call_string(struct view_call *call, uint64_t address, char *buffer, size_t size);

/* Answers; the call is no more after one. */
void view_call_continue(struct view_call *call);
void view_call_return(struct view_call *call, int64_t value); /* errors: -errno */
void view_call_install(struct view_call *call, int fd, bool close_on_exec);

/* Go on with other arguments. ENOSYS, and not answered: this engine cannot (umview). */
int view_call_change(struct view_call *call, const uint64_t arguments[6]);

#ifdef __cplusplus
}
#endif

#endif
