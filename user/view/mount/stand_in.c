// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What covers mount(8), umount(8) and busybox in a view.
 *
 * Those want to be root, and mount(8) sets up a loop device for an image. Here the manager decides
 * who may mount what, and serves images as they are. So `mount -t TYPE SOURCE TARGET` is done here,
 * by one mount(2), and a type fuse.PROGRAM by mount.fuse(8), which the user may run; in all other
 * cases the real program runs, told by a filter of its own that its ids are 0. Nothing else of it
 * changes: what it may do is what the user may do.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/view/client/client.h"
#include "wish.h"

/* ---- the command line of mount(8) */

/* Is this what we do ourselves? */
static int parse(struct wish *wish, int argc, char **argv)
{
	static const struct option known[] = {
		{"types", required_argument, NULL, 't'},
		{"options", required_argument, NULL, 'o'},
		{"read-only", no_argument, NULL, 'r'},
		{"rw", no_argument, NULL, 'w'},
		{"verbose", no_argument, NULL, 'v'},
		{"no-mtab", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	size_t room = 1;
	int key;

	for (int i = 1; i < argc; i++)
		room += strlen(argv[i]) + 1;
	wish->data = malloc(room);
	if (!wish->data)
		return 0;
	wish->data[0] = '\0';
	opterr = 0;
	while ((key = getopt_long(argc, argv, "t:o:rwvn", known, NULL)) != -1) {
		switch (key) {
		case 't':
			wish->type = optarg;
			break;
		case 'o':
			wish_options(wish, optarg);
			break;
		case 'r':
			wish->flags |= MS_RDONLY;
			break;
		case 'w':
			wish->flags &= ~MS_RDONLY;
			break;
		case 'v':
			wish->verbose = 1;
			break;
		case 'n':
			break;
		default:
			return 0;
		}
	}
	if (argc - optind != 2)
		return 0;
	wish->source = argv[optind];
	wish->target = argv[optind + 1];
	wish_settle(wish);
	if (wish->flags & (MS_BIND | MS_MOVE | MS_REMOUNT))
		return 0;
	return !wish->type || !strchr(wish->type, ',');
}

/* Types that name a program: mount.fuse(8) runs it. Returns if there is none. */
static void run_mount_fuse(const struct wish *wish)
{
	char options[8192];
	char *words[] = {"mount.fuse",
			 (char *)wish->source,
			 (char *)wish->target,
			 "-t",
			 (char *)wish->type,
			 "-o",
			 options,
			 NULL};

	if (snprintf(options, sizeof(options), "%s%s%s%s", wish->flags & MS_RDONLY ? "ro" : "rw",
		     wish->flags & MS_NOEXEC ? ",noexec" : "", wish->used ? "," : "",
		     wish->data) >= (int)sizeof(options))
		return;
	execv("/sbin/mount.fuse3", words);
	execv("/sbin/mount.fuse", words);
}

static int mount_it(const struct wish *wish)
{
	if (wish->type && (!strcmp(wish->type, "fuse") || !strncmp(wish->type, "fuse.", 5))) {
		run_mount_fuse(wish);
		fprintf(stderr, "mount: type %s needs mount.fuse(8): install the package fuse3\n",
			wish->type);
		return 32;
	}
	return wish_mount(wish, "mount");
}

/* ---- the real program */

#define ALLOW(nr)                                                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),                                             \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0)

static int become_root_to_itself(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_getuid),
		ALLOW(SYS_geteuid),
		ALLOW(SYS_getgid),
		ALLOW(SYS_getegid),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int run_real(const char *name, char **argv, int as_root)
{
	char directory[PATH_MAX - 64], real[PATH_MAX];

	if (client_directory(directory, sizeof(directory)) < 0) {
		fprintf(stderr, "%s: this program is part of views and runs only in one\n", name);
		return 126;
	}
	snprintf(real, sizeof(real), "%s/real/%s", directory, name);
	if (as_root && getuid() && become_root_to_itself())
		fprintf(stderr, "%s: cannot filter system calls: %s\n", name, strerror(errno));
	execv(real, argv);
	fprintf(stderr, "%s: cannot execute %s: %s\n", name, real, strerror(errno));
	return 126;
}

static int is(const char *name, const char *wanted)
{
	return name && !strcmp(name, wanted);
}

int main(int argc, char **argv)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *name, *applet;
	struct wish wish = {0};

	self[length < 0 ? 0 : length] = '\0';
	name = strrchr(self, '/') ? strrchr(self, '/') + 1 : self;
	if (is(name, "mount")) {
		if (parse(&wish, argc, argv))
			return mount_it(&wish);
		return run_real(name, argv, 1);
	}
	applet = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (is(applet, "busybox") && argc > 1) {
		applet = argv[1];
		if (is(applet, "mount") && parse(&wish, argc - 1, argv + 1))
			return mount_it(&wish);
	} else if (is(applet, "mount") && is(name, "busybox") && parse(&wish, argc, argv)) {
		return mount_it(&wish);
	}
	return run_real(name, argv,
			is(name, "umount") || is(applet, "mount") || is(applet, "umount"));
}
