/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to a daemon, and finding the ones that run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/control.h"
#include "lwipv6/programs/lwip/lwip.h"

#define SUFFIX ".ctl"

/* Where control sockets are: ours alone, made when missing. */
static bool control_directory(char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int n;

	if (runtime && *runtime == '/')
		n = snprintf(path, size, "%s/lwip", runtime);
	else if (!geteuid())
		n = snprintf(path, size, "/run/lwip");
	else
		n = snprintf(path, size, "/tmp/lwip-%d", (int)geteuid());
	if (n < 0 || (size_t)n >= size)
		return false;
	mkdir(path, 0700);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 022) {
		fprintf(stderr,
			"lwip: %s is not a directory that only you can change; set "
			"XDG_RUNTIME_DIR\n",
			path);
		return false;
	}
	return true;
}

bool control_path(const char *name, char *path, size_t size)
{
	char directory[80];

	if (!*name || strchr(name, '/') || *name == '.') {
		fprintf(stderr, "lwip: %s: a name is a file name, not a path\n", name);
		return false;
	}
	if (!control_directory(directory, sizeof(directory)))
		return false;
	if ((size_t)snprintf(path, size, "%s/%s" SUFFIX, directory, name) < size)
		return true;
	fprintf(stderr, "lwip: %s: the name is too long\n", name);
	return false;
}

static int connect_control(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, path);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&un, sizeof(un)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_request(int fd, const struct session *s, int argc, char **argv)
{
	static char message[CONTROL_MAX];
	struct control_request r = {.magic = CONTROL_MAGIC, .json = s->json, .family = s->family};
	int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fds[CONTROL_FDS] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, directory};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	struct iovec iov = {message, sizeof(r)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	memcpy(message, &r, sizeof(r));
	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]) + 1;

		if (iov.iov_len + len > sizeof(message))
			return false;
		memcpy(message + iov.iov_len, argv[i], len);
		iov.iov_len += len;
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	n = sendmsg(fd, &m, MSG_NOSIGNAL);
	close(directory);
	return n >= 0;
}

int client_run(const char *name, const struct session *s, int argc, char **argv)
{
	struct sockaddr_un un;
	char path[sizeof(un.sun_path)];
	int fd, status = STATUS_FAILED;

	if (!control_path(name, path, sizeof(path)))
		return STATUS_FAILED;
	fd = connect_control(path);
	if (fd < 0) {
		fprintf(stderr,
			"lwip: no stack named %s runs: start one with lwip start CONFIG, or use -s "
			"CONFIG\n",
			name);
		return STATUS_FAILED;
	}
	if (!send_request(fd, s, argc, argv) ||
	    recv(fd, &status, sizeof(status), 0) != sizeof(status)) {
		fprintf(stderr, "lwip: the stack named %s ended meanwhile\n", name);
		status = STATUS_FAILED;
	}
	close(fd);
	/* It is gone when its socket is. */
	if (!strcmp(argv[0], "stop") && !status)
		for (int i = 0; i < 1000 && !access(path, F_OK); i++)
			usleep(5000);
	return status;
}

int daemon_list(bool json)
{
	char directory[80];
	json_t *all = json_array();
	struct dirent *e;
	DIR *d;

	if (!control_directory(directory, sizeof(directory)))
		return STATUS_FAILED;
	d = opendir(directory);
	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		struct sockaddr_un un;
		char path[sizeof(un.sun_path)];
		int fd;

		if (len <= strlen(SUFFIX) || strcmp(e->d_name + len - strlen(SUFFIX), SUFFIX) ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", directory, e->d_name) >=
			    sizeof(path))
			continue;
		fd = connect_control(path);
		if (fd < 0) {
			unlink(path); /* of a daemon that was killed */
			continue;
		}
		close(fd);
		json_array_append_new(all,
				      json_pack("{s:s%}", "name", e->d_name, len - strlen(SUFFIX)));
	}
	if (d)
		closedir(d);
	if (json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		json_t *one;
		size_t i;

		json_array_foreach (all, i, one)
			puts(json_string_value(json_object_get(one, "name")));
	}
	json_decref(all);
	return STATUS_GOOD;
}
