// SPDX-License-Identifier: GPL-2.0-or-later
/* Options as of mount(8), and the mount(2) they lead to (wish.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "option.h"
#include "user/view/client/client.h"
#include "wish.h"

#define MOUNT_FAILED 32 /* exit status of mount(8) */

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
	{"remount", MS_REMOUNT, 0},
	{"bind", MS_BIND, 0},
	{"rbind", MS_BIND | MS_REC, 0},
	{"move", MS_MOVE, 0},
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

static void add_option(struct wish *wish, const char *option, size_t length)
{
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
		if (strlen(flag_names[i].name) == length &&
		    !memcmp(option, flag_names[i].name, length)) {
			wish->flags = (wish->flags | flag_names[i].set) & ~flag_names[i].clear;
			return;
		}
	}
	if (!length || !strncmp(option, "x-", 2) || !strncmp(option, "X-", 2))
		return;
	wish->used += sprintf(wish->data + wish->used, "%s%.*s", wish->used ? "," : "", (int)length,
			      option);
}

void wish_options(struct wish *wish, const char *options)
{
	while (*options) {
		size_t length = option_length(options);

		add_option(wish, options, length);
		options += length;
		options += *options == ',';
	}
}

void wish_settle(struct wish *wish)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} words[] = {{"move", MS_MOVE}, {"bind", MS_BIND}};

	if (!wish->type || !strcmp(wish->type, "none"))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!(wish->flags & words[i].flag) || (wish->flags & MS_REMOUNT))
			continue;
		wish->flags &= ~(words[i].flag | MS_REC);
		wish->used += sprintf(wish->data + wish->used, "%s%s", wish->used ? "," : "",
				      words[i].name);
	}
}

int wish_mount(const struct wish *wish, const char *program)
{
	const unsigned long no_type = MS_REMOUNT | MS_BIND | MS_MOVE;
	const char *type = wish->type, *message;
	json_t *reply;
	int error;

	if (!type && !(wish->flags & no_type))
		type = "auto";
	/* The sixth argument says that we will ask why. */
	if (syscall(SYS_mount, wish->source, wish->target, type, wish->flags, wish->data, 1L) ==
	    0) {
		if (wish->verbose)
			printf("%s: %s mounted on %s.\n", program, wish->source, wish->target);
		return 0;
	}
	error = errno;
	reply = client_ask(json_pack("{s:s}", "command", "message"), -1);
	message = json_string_value(json_object_get(reply, "message"));
	if (message)
		fprintf(stderr, "%s: %s\n", program, message);
	else
		fprintf(stderr, "%s: %s on %s%s%s: %s\n", program, wish->source, wish->target,
			type ? ", type " : "", type ? type : "", strerror(error));
	json_decref(reply);
	return MOUNT_FAILED;
}
