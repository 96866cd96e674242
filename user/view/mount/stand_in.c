// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What covers mount(8), umount(8) and busybox in a view.
 *
 * Those want to be root, and mount(8) sets up a loop device for an image. Here the manager decides
 * who may mount what, and serves images as they are. So `mount -t TYPE SOURCE TARGET` is done here,
 * by one mount(2); in all other cases the real program runs, told by a filter of its own that its
 * ids are 0. Nothing else of it changes: what it may do is what the user may do.
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

#define MOUNT_FAILED 32 /* exit status of mount(8) */

struct wish {
	const char *type, *source, *target;
	char *data;
	size_t used;
	unsigned long flags;
	int verbose;
};

/* ---- options as of mount(8) */

static const struct {
	const char *name;
	unsigned long set, clear;
} flag_names[] = {
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"nosuid", MS_NOSUID, 0},
	{"suid", 0, MS_NOSUID},
	{"nodev", MS_NODEV, 0},
	{"dev", 0, MS_NODEV},
	{"noexec", MS_NOEXEC, 0},
	{"exec", 0, MS_NOEXEC},
	{"sync", MS_SYNCHRONOUS, 0},
	{"async", 0, MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC, 0},
	{"noatime", MS_NOATIME, 0},
	{"atime", 0, MS_NOATIME},
	{"nodiratime", MS_NODIRATIME, 0},
	{"diratime", 0, MS_NODIRATIME},
	{"relatime", MS_RELATIME, 0},
	{"norelatime", 0, MS_RELATIME},
	{"strictatime", MS_STRICTATIME, 0},
	/* Not for the file system, and of no meaning here. */
	{"defaults", 0, 0},
	{"loop", 0, 0},
	{"user", 0, 0},
	{"users", 0, 0},
	{"auto", 0, 0},
	{"noauto", 0, 0},
	{"nofail", 0, 0},
	{"_netdev", 0, 0},
};

static void add_option(struct wish *wish, const char *option)
{
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
		if (!strcmp(option, flag_names[i].name)) {
			wish->flags = (wish->flags | flag_names[i].set) & ~flag_names[i].clear;
			return;
		}
	}
	if (!strncmp(option, "x-", 2) || !strncmp(option, "X-", 2))
		return;
	wish->used += sprintf(wish->data + wish->used, "%s%s", wish->used ? "," : "", option);
}

/* These are for the real one. */
static int not_ours(const char *options)
{
	static const char *const words[] = {"bind", "rbind", "move", "remount", NULL};

	for (const char *at = options; *at; at += strcspn(at, ","), at += *at == ',')
		for (const char *const *word = words; *word; word++)
			if (strcspn(at, ",") == strlen(*word) && !strncmp(at, *word, strlen(*word)))
				return 1;
	return 0;
}

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
		char *state = NULL, *option;

		switch (key) {
		case 't':
			wish->type = optarg;
			break;
		case 'o':
			if (not_ours(optarg))
				return 0;
			/* A real program that gets the same arguments must find them whole. */
			optarg = strdup(optarg);
			for (option = optarg ? strtok_r(optarg, ",", &state) : NULL; option;
			     option = strtok_r(NULL, ",", &state))
				add_option(wish, option);
			free(optarg);
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
	if (!wish->type)
		wish->type = "auto";
	/* Types of programs: the real one runs mount.fuse(8). */
	return strcmp(wish->type, "fuse") && strncmp(wish->type, "fuse.", 5) &&
	       !strchr(wish->type, ',');
}

/* The sixth argument says that we will ask why. */
static int mount_it(const struct wish *wish)
{
	json_t *reply;
	const char *message;
	int error;

	if (syscall(SYS_mount, wish->source, wish->target, wish->type, wish->flags, wish->data,
		    1L) == 0) {
		if (wish->verbose)
			printf("mount: %s mounted on %s.\n", wish->source, wish->target);
		return 0;
	}
	error = errno;
	reply = client_ask(json_pack("{s:s}", "command", "message"), -1);
	message = json_string_value(json_object_get(reply, "message"));
	if (message)
		fprintf(stderr, "mount: %s\n", message);
	else
		fprintf(stderr, "mount: %s on %s, type %s: %s\n", wish->source, wish->target,
			wish->type, strerror(error));
	json_decref(reply);
	return MOUNT_FAILED;
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
	return run_real(name, argv, is(name, "umount") || is(applet, "mount") ||
				    is(applet, "umount"));
}
