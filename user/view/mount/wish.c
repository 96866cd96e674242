// SPDX-License-Identifier: GPL-2.0-or-later
/* Options as of mount(8), and the mount(2) they lead to (wish.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "option.h"
#include "tag.h"
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
	{"nouser", 0, 0},
	{"owner", 0, 0},
	{"group", 0, 0},
	{"silent", MS_SILENT, 0},
	{"loud", 0, MS_SILENT},
};

static bool is(const char *option, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(option, name, length);
}

static void add_data(struct wish *wish, const char *option, size_t length)
{
	char *longer = realloc(wish->data, wish->used + length + 2);

	if (!longer)
		return;
	wish->data = longer;
	wish->used += sprintf(wish->data + wish->used, "%s%.*s", wish->used ? "," : "", (int)length,
			      option);
}

static void add_option(struct wish *wish, const char *option, size_t length)
{
	wish->manual =
		(wish->manual || is(option, length, "noauto")) && !is(option, length, "auto");
	wish->nofail = wish->nofail || is(option, length, "nofail");
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++) {
		if (is(option, length, flag_names[i].name)) {
			wish->flags = (wish->flags | flag_names[i].set) & ~flag_names[i].clear;
			return;
		}
	}
	if (length && strncmp(option, "x-", 2) && strncmp(option, "X-", 2))
		add_data(wish, option, length);
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
		add_data(wish, words[i].name, strlen(words[i].name));
	}
}

/* A bind mount takes its flags by a second call. */
static int call_mount(const struct wish *wish, const char *source, const char *type)
{
	const unsigned long changes = MS_RDONLY | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;
	unsigned long flags = wish->flags;

	/* The sixth argument says that we will ask why. */
	if (syscall(SYS_mount, source, wish->target, type, flags, wish->data, 1L) < 0)
		return -errno;
	if ((flags & (MS_BIND | MS_REMOUNT)) == MS_BIND && flags & changes &&
	    syscall(SYS_mount, "none", wish->target, NULL,
		    MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | (flags & changes), NULL, 1L) < 0)
		return -errno;
	return 0;
}

/* Each line with the program in front. */
static void print_lines(const char *program, const char *text)
{
	while (text && *text) {
		int length = strcspn(text, "\n");

		fprintf(stderr, "%s: %.*s\n", program, length, text);
		text += length + (text[length] == '\n');
	}
}

int wish_mount(const struct wish *wish, const char *program)
{
	const unsigned long no_type = MS_REMOUNT | MS_BIND | MS_MOVE;
	const char *type = wish->type, *message;
	char *found = NULL;
	json_t *reply;
	int error;

	if (!type && !(wish->flags & no_type))
		type = "auto";
	if (tag_is(wish->source)) {
		found = tag_find(wish->source);
		if (!found && wish->nofail)
			return 0;
		if (!found) {
			fprintf(stderr,
				"%s: %s: no image that is named in a table of mounts has it, and "
				"no "
				"device of the machine\n",
				program, wish->source);
			return MOUNT_FAILED;
		}
	}
	error = call_mount(wish, found ? found : wish->source, type);
	if (error == -ENOENT && wish->nofail && access(wish->source, F_OK) < 0) {
		free(found);
		return 0;
	}
	if (!error && wish->verbose)
		printf("%s: %s mounted on %s.\n", program, wish->source, wish->target);
	reply = client_ask(json_pack("{s:s}", "command", "message"), -1);
	message = json_string_value(json_object_get(reply, "message"));
	if (message && !(wish->flags & MS_SILENT && !error))
		print_lines(program, message);
	else if (error)
		fprintf(stderr, "%s: %s on %s%s%s: %s\n", program,
			wish->source ? wish->source : "what is", wish->target,
			type ? ", type " : "", type ? type : "", strerror(-error));
	json_decref(reply);
	free(found);
	return error ? MOUNT_FAILED : 0;
}
