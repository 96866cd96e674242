// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be asked over the control socket: one function for each command, found by name in a
 * table that also says who may ask it (caller.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"
#include "user/view/engine/idmap.h"

#define MESSAGES 64

struct asked {
	struct branch *branch;
	struct view *view;
	pid_t pid;
	struct caller caller;
	json_t *request;
	const int *fds;
	unsigned int count;
};

static json_t *refuse(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *done(void)
{
	return json_pack("{s:b}", "done", 1);
}

static const char *text_of(const struct asked *asked, const char *key)
{
	return json_string_value(json_object_get(asked->request, key));
}

/* ---- names are bytes, JSON is text */

/* The bytes of a character of UTF-8 at text; 0: there is none. */
static size_t character(const unsigned char *text)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	json_t *tried;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	tried = json_stringn((const char *)text, length);
	json_decref(tried);
	return tried ? length : 0;
}

json_t *json_bytes(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char *valid = malloc(4 * strlen(text) + 1), *to = valid;
	json_t *string;

	if (!valid)
		return json_null();
	while (*at) {
		size_t length = character(at);

		if (length) {
			memcpy(to, at, length);
			to += length;
			at += length;
		} else {
			to += sprintf(to, "\\x%02x", *at++);
		}
	}
	*to = '\0';
	string = json_string(valid);
	free(valid);
	return string;
}

/* ---- messages: why a mount failed, for the program that asks */

static struct {
	pid_t pid;
	char *text;
} messages[MESSAGES];
static unsigned int next_message;
static pthread_mutex_t messages_lock = PTHREAD_MUTEX_INITIALIZER;

void message_keep(pid_t pid, const char *text)
{
	pthread_mutex_lock(&messages_lock);
	free(messages[next_message].text);
	messages[next_message].pid = pid;
	messages[next_message].text = strdup(text);
	next_message = (next_message + 1) % MESSAGES;
	pthread_mutex_unlock(&messages_lock);
}

json_t *message_take(pid_t pid)
{
	json_t *message = NULL;

	pthread_mutex_lock(&messages_lock);
	for (unsigned int i = 0; i < MESSAGES; i++) {
		if (messages[i].pid != pid || !messages[i].text)
			continue;
		json_decref(message);
		message = json_bytes(messages[i].text);
		free(messages[i].text);
		messages[i].text = NULL;
	}
	pthread_mutex_unlock(&messages_lock);
	return message ? message : json_null();
}

static json_t *command_message(struct asked *asked)
{
	return json_pack("{s:o}", "message", message_take(asked->pid));
}

/* ---- the view */

static json_t *command_info(struct asked *asked)
{
	const struct branch *branch = asked->branch;

	return json_pack("{s:s, s:s, s:i, s:i, s:s, s:i, s:o}", "version", VSQUARE_VERSION,
			 "engine", asked->view->engine->name, "manager", getpid(), "view",
			 branch->number, "name", branch->name, "first", branch->first, "parent",
			 branch->parent ? json_integer(branch->parent->number) : json_null());
}

static json_t *command_name(struct asked *asked)
{
	const char *name = text_of(asked, "name");

	if (!name || strlen(name) >= sizeof(asked->branch->name))
		return refuse("the name of a view is up to 63 bytes");
	snprintf(asked->branch->name, sizeof(asked->branch->name), "%s", name);
	return done();
}

static json_t *command_shutdown(struct asked *asked)
{
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_int = 1 + 1000 * json_integer_value(json_object_get(asked->request, "seconds"));
	/* By a descriptor: the keeper of a view inside is no child of ours. */
	if (syscall(SYS_pidfd_send_signal, asked->branch->keeper_fd, SIGTERM, &info, 0) < 0)
		return refuse(strerror(errno));
	return done();
}

/* One line of /proc/PID/status, or "". */
static void status_line(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	FILE *file;

	value[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			snprintf(value, size, "%.*s", (int)strcspn(line + strlen(key) + 2, "\n"),
				 line + strlen(key) + 2);
	if (file)
		fclose(file);
}

static void add_children(struct view *view, pid_t parent, json_t *list)
{
	char path[64], name[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1) {
		struct branch *branch = branch_of_task(view, pid);

		status_line(pid, "Name", name, sizeof(name));
		json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:i}", "pid", pid, "parent",
						      parent, "program", name, "view",
						      branch ? (int)branch->number : -1));
		add_children(view, pid, list);
	}
	if (file)
		fclose(file);
}

static json_t *command_who(struct asked *asked)
{
	json_t *list = json_array();

	add_children(asked->view, asked->view->keeper, list);
	return json_pack("{s:o}", "processes", list);
}

/* Why a process keeps the mounts that it sees. */
static const char *why_not_entered(int error)
{
	switch (error) {
	case -EMLINK:
		return "it has threads or shares its working directory, and only a process without "
		       "can enter";
	case -EXDEV:
		return "it is in a mount namespace or a root directory other than the manager's";
	}
	return strerror(-error);
}

static json_t *command_attach(struct asked *asked)
{
	pid_t pid = json_integer_value(json_object_get(asked->request, "pid"));
	char why[256];
	int error;

	if (!asked->view->session)
		return refuse("a running process can only be attached with the engine kmview");
	error = kmview_attach(asked->view->session, pid, 1 + asked->branch->number);
	if (error < 0) {
		snprintf(why, sizeof(why), "cannot attach process %d: %s", pid, strerror(-error));
		return refuse(why);
	}
	error = kmview_enter(asked->view->session, pid, asked->branch->keeper);
	if (error == 0)
		return done();
	snprintf(why, sizeof(why),
		 "process %d has the names and services of the view, but not its mounts: %s", pid,
		 why_not_entered(error));
	return refuse(why);
}

/* ---- services */

static json_t *command_services(struct asked *asked)
{
	return json_pack("{s:o}", "services", services_list());
}

static bool is_set(const struct asked *asked, const char *key)
{
	return json_is_true(json_object_get(asked->request, key));
}

/* permanent: it cannot be removed; present: it may be there already. */
static json_t *command_add(struct asked *asked)
{
	const char *service = text_of(asked, "service");
	char why[1024], path[PATH_MAX];
	int error;

	if (!service)
		return refuse("which service?");
	/* A path is the asking process's, which may be in what only the view sees. */
	if (*service == '/' && snprintf(path, sizeof(path), "/proc/%d/root%s", asked->pid,
					service) < (int)sizeof(path))
		service = path;
	error = services_add(asked->view, service, is_set(asked, "permanent"), why, sizeof(why));
	if (error < 0 && !(error == -EEXIST && is_set(asked, "present")))
		return refuse(why);
	return done();
}

static json_t *command_remove(struct asked *asked)
{
	const char *service = text_of(asked, "service");
	char why[1024];

	if (!service)
		return refuse("which service?");
	if (services_remove(asked->view, service, why, sizeof(why)) < 0)
		return refuse(why);
	return done();
}

static json_t *command_alias(struct asked *asked)
{
	const char *alias = text_of(asked, "alias");

	if (!alias || !*alias)
		return refuse("which alias?");
	return services_alias(alias, text_of(asked, "type")) < 0 ? refuse("no memory") : done();
}

static json_t *command_aliases(struct asked *asked)
{
	return json_pack("{s:o}", "aliases", services_aliases());
}

static json_t *command_mounts(struct asked *asked)
{
	return json_pack("{s:o}", "mounts", servers_list(asked->view));
}

static json_t *command_names(struct asked *asked)
{
	const char *field = text_of(asked, "field"), *value = text_of(asked, "value");
	char why[128];
	int error;

	if (!field || !value)
		return refuse("which name, and what is it to be?");
	error = names_set(asked->branch, field, value);
	if (error == 0)
		return done();
	snprintf(why, sizeof(why), "cannot set %s: %s", field,
		 error == -ENOTSUP ? "only the engine kmview can" : strerror(-error));
	return refuse(why);
}

/*
 * The asking process has made a user namespace and wants all ids there are in it: in a namespace of
 * the engine's the keeper may give them, else the user's ranges are there for it.
 */
static json_t *command_ids(struct asked *asked)
{
	static const char *const keys[4] = {"uid", "outer-uid", "gid", "outer-gid"};
	unsigned int ids[4];
	struct ask *ask;
	int error;

	for (int i = 0; i < 4; i++)
		ids[i] = json_integer_value(json_object_get(asked->request, keys[i]));
	if (asked->branch->single_id)
		return refuse("the user has no ids but his own");
	/* The process's own id is the one that it may exchange, and the ranges are the manager's. */
	if (asked->view->engine->own_mounts && asked->caller.uid != geteuid())
		return refuse("only the user of the view has ranges of ids here");
	if (asked->view->engine->own_mounts) {
		error = idmap_ranges(asked->pid, ids[0], ids[2]);
	} else {
		ask = ask_new(asked->branch, asked->pid, &error);
		if (ask)
			error = ask_ids(ask, asked->pid, ids);
		ask_free(ask);
	}
	return error < 0 ? refuse(strerror(-error)) : done();
}

/* ---- a view inside: the keeper of a new branch comes with its end of a channel */

static json_t *command_branch(struct asked *asked)
{
	const char *name = text_of(asked, "name");
	struct branch *branch;
	char token[32];
	int channel;

	if (!asked->count)
		return refuse("a branch needs a channel");
	channel = dup(asked->fds[0]);
	branch = channel < 0 ? NULL
			     : branch_new(asked->view, asked->branch, channel, asked->pid,
					  asked->caller.uid);
	if (!branch)
		return refuse("no memory for a branch");
	snprintf(branch->name, sizeof(branch->name), "%s", name ? name : "");
	/* As text: JSON has no unsigned numbers of 64 bits. */
	snprintf(token, sizeof(token), "%llu", (unsigned long long)asked->view->token);
	return json_pack("{s:s, s:s, s:s, s:s}", "engine", asked->view->engine->name, "token",
			 token, "own", asked->view->own, "stand-in", asked->view->stand_in);
}

/*
 * Who may ask: anybody inside; who has the authority of the branch's owner; or who has that of the
 * owner of the first branch, where what is asked concerns all branches or is done with the rights
 * of the manager.
 */
enum who { ANYBODY, OWNER, OWNER_OF_VIEW };

static const struct {
	const char *name;
	json_t *(*run)(struct asked *asked);
	enum who who;
} commands[] = {
	{"info", command_info, ANYBODY},
	{"name", command_name, OWNER},
	{"who", command_who, ANYBODY},
	{"attach", command_attach, OWNER_OF_VIEW},
	{"shutdown", command_shutdown, OWNER},
	{"services", command_services, ANYBODY},
	{"add", command_add, OWNER_OF_VIEW},
	{"remove", command_remove, OWNER_OF_VIEW},
	{"alias", command_alias, OWNER_OF_VIEW},
	{"aliases", command_aliases, ANYBODY},
	{"mounts", command_mounts, ANYBODY},
	{"names", command_names, OWNER},
	{"message", command_message, ANYBODY},
	{"branch", command_branch, ANYBODY},
	{"ids", command_ids, OWNER},
};

static bool may_ask(const struct asked *asked, enum who who)
{
	const struct branch *branch = asked->branch, *first = branch;

	while (first->parent)
		first = first->parent;
	if (who == ANYBODY)
		return true;
	if (who == OWNER_OF_VIEW && first->owner != branch->owner)
		return false;
	return caller_has_authority(&asked->caller, branch);
}

json_t *command_run(struct branch *branch, const struct ucred *peer, json_t *request,
		    const int *fds, unsigned int count)
{
	struct asked asked = {.branch = branch,
			      .view = branch->view,
			      .pid = peer->pid,
			      .request = request,
			      .fds = fds,
			      .count = count};
	const char *name = text_of(&asked, "command");

	/* The id is that of who connected, whoever has his process number by now. */
	if (caller_read(&asked.caller, peer->pid) < 0)
		return refuse("the process that asks is gone");
	asked.caller.uid = peer->uid;
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		return may_ask(&asked, commands[i].who) ? commands[i].run(&asked)
							: refuse("this is for the user whose view "
								 "it is, and for root in it");
	}
	return refuse("there is no such command");
}
