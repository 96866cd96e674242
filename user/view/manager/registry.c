// SPDX-License-Identifier: GPL-2.0-or-later
/* Both ends of the registry of views without a terminal (registry.h). */
#include "registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define JOINED_MAX 256

static struct {
	struct source source;
	char path[PATH_MAX];
	struct source *joined[JOINED_MAX];
} here = {.source = {.fd = -1}};

/* ---- the directory */

/* It is made; false: it is not the user's alone. */
static bool find_directory(char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat about;

	if (runtime && *runtime == '/')
		snprintf(path, size, "%s/vsquare-view", runtime);
	else
		snprintf(path, size, "/tmp/vsquare-view-%u", geteuid());
	mkdir(path, 0700);
	return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
	       !(about.st_mode & 077);
}

static int path_of(const char *name, char *path, size_t size)
{
	char directory[PATH_MAX - 80];

	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 63)
		return -EINVAL;
	if (!find_directory(directory, sizeof(directory)))
		return -EPERM;
	return snprintf(path, size, "%s/%s", directory, name) < (int)size ? 0 : -ENAMETOOLONG;
}

int registry_log(const char *name, char *path, size_t size)
{
	char socket[PATH_MAX];
	int error = path_of(name, socket, sizeof(socket));

	return error						    ? error
	       : snprintf(path, size, "%s.log", socket) < (int)size ? 0
								    : -ENAMETOOLONG;
}

/* By way of the directory's descriptor, as the address of a socket has room for short paths only. */
static int with_address(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), directory, error = 0;
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		 strrchr(path, '/') + 1);
	if (fd < 0 || directory < 0 || use(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		error = -errno;
	if (directory >= 0)
		close(directory);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

/* ---- who asks */

int registry_connect(const char *name)
{
	char path[PATH_MAX];
	int error = path_of(name, path, sizeof(path));

	return error ? error : with_address(path, connect);
}

int registry_ask(int socket, const struct registry_request *request, int fd,
		 struct registry_reply *reply, void *filter, size_t *size)
{
	static struct {
		struct registry_reply reply;
		char filter[KEEPER_TEXT - sizeof(struct registry_reply)];
	} got;
	unsigned int count = 0;
	ssize_t length;
	int error = channel_send(socket, request, sizeof(*request), NULL, 0, &fd, fd < 0 ? 0 : 1);

	if (error)
		return error;
	length = channel_receive(socket, &got, sizeof(got), NULL, &count);
	if (length < (ssize_t)sizeof(got.reply) || got.reply.abi != REGISTRY_ABI)
		return length < 0 ? length : -EPROTO;
	*reply = got.reply;
	reply->text[sizeof(reply->text) - 1] = reply->engine[sizeof(reply->engine) - 1] = '\0';
	length -= sizeof(got.reply);
	if (filter && (size_t)length <= *size) {
		memcpy(filter, got.filter, length);
		*size = length;
	}
	return 0;
}

static void add_view(json_t *list, const char *name)
{
	const struct registry_request request = {.abi = REGISTRY_ABI, .what = REGISTRY_INFO};
	struct registry_reply reply;
	int fd = registry_connect(name);

	if (fd < 0)
		return;
	if (registry_ask(fd, &request, -1, &reply, NULL, NULL) == 0)
		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "name", name, "engine",
						      reply.engine, "manager", reply.manager));
	close(fd);
}

json_t *registry_list(void)
{
	char directory[PATH_MAX];
	json_t *list = json_array();
	struct dirent *entry;
	DIR *names;

	if (!find_directory(directory, sizeof(directory)))
		return list;
	names = opendir(directory);
	while (names && (entry = readdir(names)))
		if (entry->d_type == DT_SOCK)
			add_view(list, entry->d_name);
	if (names)
		closedir(names);
	return list;
}

/* ---- the manager */

static void drop(struct view *view, struct source *source)
{
	for (unsigned int i = 0; i < JOINED_MAX; i++)
		if (here.joined[i] == source)
			here.joined[i] = NULL;
	source_remove(view, source);
	close(source->fd);
	free(source);
}

static void keep(struct source *source)
{
	for (unsigned int i = 0; i < JOINED_MAX; i++) {
		if (here.joined[i] == source)
			return;
		if (!here.joined[i]) {
			here.joined[i] = source;
			return;
		}
	}
}

static struct branch *first_branch(struct view *view)
{
	struct branch *branch;

	for (branch = view->branches; branch && branch->parent; branch = branch->next)
		;
	return branch && branch->namespace ? branch : NULL;
}

static int attach(struct view *view, pid_t pid, struct registry_reply *reply)
{
	struct branch *branch = first_branch(view);
	int error = kmview_attach(view->session, pid, 1 + branch->number);

	if (!error)
		error = kmview_enter(view->session, pid, branch->keeper);
	if (error)
		snprintf(reply->text, sizeof(reply->text), "the module does not let it in: %s",
			 strerror(-error));
	return error;
}

static void serve(struct view *view, struct source *source, const struct registry_request *request,
		  int fd)
{
	struct branch *branch = first_branch(view);
	struct registry_reply reply = {.abi = REGISTRY_ABI, .manager = getpid()};
	const void *filter = NULL;
	size_t size = 0;

	snprintf(reply.engine, sizeof(reply.engine), "%s", view->engine->name);
	if (request->abi != REGISTRY_ABI)
		reply.error = -EPROTO;
	else if (!branch || view->ending)
		reply.error = -ESRCH;
	else if (request->what == REGISTRY_LISTENER && fd >= 0 && view->filter)
		calls_listen(view, dup(fd));
	else if (request->what == REGISTRY_ATTACH && view->session)
		reply.error = attach(view, request->pid, &reply);
	else if (request->what == REGISTRY_JOIN)
		keep(source);
	else if (request->what != REGISTRY_INFO)
		reply.error = -EINVAL;
	if (request->what == REGISTRY_LISTENER && !reply.error)
		return;
	if (request->what == REGISTRY_JOIN && !reply.error) {
		reply.token = view->token;
		reply.servers = branch->servers;
		reply.namespace = branch->namespace;
		filter = view->filter ? view->filter->filter : NULL;
		size = view->filter ? view->filter->len * sizeof(*view->filter->filter) : 0;
	}
	channel_send(source->fd, &reply, sizeof(reply), filter, size, NULL, 0);
}

static void connection_ready(struct view *view, struct source *source, uint32_t events)
{
	struct registry_request request;
	unsigned int count = 1;
	int fd = -1;
	ssize_t got = channel_receive(source->fd, &request, sizeof(request), &fd, &count);

	if (got == -EAGAIN)
		return;
	if (got == sizeof(request))
		serve(view, source, &request, count ? fd : -1);
	if (count)
		close(fd);
	if (got != sizeof(request))
		drop(view, source);
}

/* Nobody but the user; the directory sees to that already. */
static void accept_ready(struct view *view, struct source *source, uint32_t events)
{
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = {.uid = -1};
	socklen_t length = sizeof(peer);
	struct source *connection = fd < 0 ? NULL : calloc(1, sizeof(*connection));

	if (connection && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	    peer.uid == geteuid()) {
		*connection = (struct source){.ready = connection_ready, .fd = fd};
		if (source_add(view, connection) == 0)
			return;
	}
	free(connection);
	if (fd >= 0)
		close(fd);
}

int registry_listen(struct view *view, const char *name)
{
	int error = path_of(name, here.path, sizeof(here.path)), fd;

	if (error == -EINVAL)
		say(view,
		    "\"%s\" is no name for a view that is to be found: up to 63 bytes, no "
		    "slash, no dot in front",
		    name);
	else if (error)
		say(view, "the directory for the sockets of views is not the user's alone: see "
			  "XDG_RUNTIME_DIR");
	if (error)
		return error;
	fd = registry_connect(name);
	if (fd >= 0) {
		close(fd);
		say(view, "there is a view %s already: %s --join %s", name,
		    program_invocation_short_name, name);
		return -EEXIST;
	}
	unlink(here.path);
	fd = with_address(here.path, bind);
	if (fd < 0 || listen(fd, 16) < 0) {
		say(view, "cannot make the socket %s: %s", here.path, strerror(-fd));
		return -EIO;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	here.source = (struct source){.ready = accept_ready, .fd = fd};
	return source_add(view, &here.source);
}

void registry_end_joined(struct view *view)
{
	for (unsigned int i = 0; i < JOINED_MAX; i++)
		if (here.joined[i])
			drop(view, here.joined[i]);
}

void registry_close(struct view *view)
{
	if (here.source.fd < 0)
		return;
	registry_end_joined(view);
	unlink(here.path);
	close(here.source.fd);
	here.source.fd = -1;
}
