/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: a stack and a control socket. Each client's command runs in a thread with the
 * client's own standard files, so output goes where the user is; the daemon ends at "stop" or
 * SIGTERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/control.h"
#include "lwipv6/programs/lwip/lwip.h"

struct client;

struct service {
	struct stack *stack;
	int listener, stop[2];
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct client *clients; /* whose commands run */
};

struct client {
	struct client *next;
	struct service *service;
	int fd;
};

static int receive_request(int fd, char *message, size_t size, int *fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
	} control;
	struct iovec iov = {message, size};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int given = 0;

	if (c && c->cmsg_type == SCM_RIGHTS) {
		given = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), given * sizeof(int));
	}
	if (given == CONTROL_FDS)
		return n;
	for (int i = 0; i < given; i++)
		close(fds[i]);
	return -1;
}

/* The arguments behind the request; their number, 0 when malformed. */
static int split(char *message, size_t len, char **argv)
{
	int argc = 0;

	if (len <= sizeof(struct control_request) || message[len - 1])
		return 0;
	for (char *at = message + sizeof(struct control_request); at < message + len;
	     at += strlen(at) + 1) {
		if (argc == CONTROL_ARGUMENTS)
			return 0;
		argv[argc++] = at;
	}
	argv[argc] = NULL;
	return argc;
}

static int serve(struct service *service, int fd, char *message, char **argv)
{
	const struct control_request *r = (struct control_request *)message;
	int fds[CONTROL_FDS], len = receive_request(fd, message, CONTROL_MAX, fds), argc, status;
	struct session s = {.stack = service->stack, .cancel = fd};

	if (len < 0)
		return STATUS_FAILED;
	s.directory = fds[3];
	s.out = fdopen(fds[1], "w");
	s.err = fdopen(fds[2], "w");
	argc = split(message, len, argv);
	if (!s.out || !s.err || !argc || r->magic != CONTROL_MAGIC) {
		status = STATUS_FAILED;
	} else if (!strcmp(argv[0], "stop")) {
		status = write(service->stop[1], "", 1) == 1 ? STATUS_GOOD : STATUS_FAILED;
	} else {
		s.json = r->json;
		s.family = r->family;
		setvbuf(s.err, NULL, _IOLBF, 0);
		status = command_run(&s, argc, argv);
	}
	close(fds[0]);
	close(fds[3]);
	if (s.out)
		fclose(s.out);
	else
		close(fds[1]);
	if (s.err)
		fclose(s.err);
	else
		close(fds[2]);
	return status;
}

static void *client_thread(void *arg)
{
	struct client *c = arg, **at;
	struct service *service = c->service;
	char *message = malloc(CONTROL_MAX), **argv = calloc(CONTROL_ARGUMENTS + 1, sizeof(*argv));
	int status = STATUS_FAILED;

	if (message && argv)
		status = serve(service, c->fd, message, argv);
	free(argv);
	free(message);
	send(c->fd, &status, sizeof(status), MSG_NOSIGNAL);
	pthread_mutex_lock(&service->lock);
	for (at = &service->clients; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	close(c->fd);
	free(c);
	if (!service->clients)
		pthread_cond_signal(&service->idle);
	pthread_mutex_unlock(&service->lock);
	return NULL;
}

static void accept_client(struct service *service)
{
	int fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
	struct client *c = fd >= 0 ? malloc(sizeof(*c)) : NULL;
	pthread_t thread;

	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	pthread_mutex_lock(&service->lock);
	*c = (struct client){service->clients, service, fd};
	if (pthread_create(&thread, NULL, client_thread, c)) {
		close(fd);
		free(c);
	} else {
		pthread_detach(thread);
		service->clients = c;
	}
	pthread_mutex_unlock(&service->lock);
}

/* Cancel what runs: reading from a connection that is shut down is end of file. */
static void end_clients(struct service *service)
{
	pthread_mutex_lock(&service->lock);
	for (struct client *c = service->clients; c; c = c->next)
		shutdown(c->fd, SHUT_RD);
	while (service->clients)
		pthread_cond_wait(&service->idle, &service->lock);
	pthread_mutex_unlock(&service->lock);
}

static int serve_until_stopped(struct service *service)
{
	struct pollfd p[3] = {{.fd = service->listener, .events = POLLIN},
			      {.fd = service->stop[0], .events = POLLIN},
			      {.events = POLLIN}};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p[2].fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (poll(p, 3, -1) >= 0 || errno == EINTR) {
		if (p[1].revents || p[2].revents)
			break;
		if (p[0].revents)
			accept_client(service);
	}
	close(p[2].fd);
	end_clients(service);
	return STATUS_GOOD;
}

/* A listening control socket; a stale one of a daemon that died is replaced. */
static int open_control(struct session *err, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, path);
	if (!connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		complain(err,
			 "a stack of that name runs already: lwip stop, or choose another with -n");
		close(fd);
		return -1;
	}
	close(fd);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 64) < 0) {
		complain(err, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Leave the terminal. Called before the stack and its thread are made. */
static int into_background(void)
{
	int null;

	if (setsid() < 0)
		return -1;
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		return -1;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

static int run(const char *name, const char *config, int ready)
{
	struct service service = {.lock = PTHREAD_MUTEX_INITIALIZER,
				  .idle = PTHREAD_COND_INITIALIZER};
	struct session err = {.out = stdout, .err = stderr};
	struct sockaddr_un un;
	char path[sizeof(un.sun_path)], error[256], status = STATUS_FAILED;

	if (!control_path(name, path, sizeof(path)))
		return STATUS_FAILED;
	service.listener = open_control(&err, path);
	if (service.listener < 0)
		return STATUS_FAILED;
	service.stack = lwip_stack_create(config, error, sizeof(error));
	if (!service.stack) {
		unlink(path);
		return complain(&err, "%s", error);
	}
	if (pipe2(service.stop, O_CLOEXEC) < 0)
		return complain(&err, "pipe: %s", strerror(errno));
	if (ready >= 0) {
		status = STATUS_GOOD;
		if (write(ready, &status, 1) != 1)
			return STATUS_FAILED;
		close(ready);
		dup2(STDOUT_FILENO, STDERR_FILENO); /* what would be said now nobody reads */
	}
	status = serve_until_stopped(&service);
	unlink(path);
	close(service.listener);
	lwip_stack_free(service.stack);
	return status;
}

int daemon_start(const char *name, const char *config, bool foreground)
{
	char status = STATUS_FAILED;
	int ready[2];

	if (foreground)
		return run(name, config, -1);
	if (pipe2(ready, O_CLOEXEC) < 0)
		return STATUS_FAILED;
	switch (fork()) {
	case -1:
		perror("lwip: fork");
		return STATUS_FAILED;
	case 0:
		close(ready[0]);
		_exit(into_background() < 0 ? STATUS_FAILED : run(name, config, ready[1]));
	}
	close(ready[1]);
	/* The daemon says that it serves, or ends after telling why not. */
	if (read(ready[0], &status, 1) != 1)
		status = STATUS_FAILED;
	close(ready[0]);
	return status;
}
