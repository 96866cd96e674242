/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program with a stack forks: what the child says and does harms nobody. In real time; each line
 * of the child is a number that its exit status carries.
 */
#include "tests/lwipv6/wire.h"
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

static struct stack *stack;
static int fds[2];

static void open_pair(void)
{
	struct sockaddr_in a = name4("127.0.0.1", 0);
	socklen_t len = sizeof(a);
	int l = lwip_msocket(stack, AF_INET, SOCK_STREAM, 0);

	lwip_bind(l, (void *)&a, len);
	lwip_listen(l, 1);
	lwip_getsockname(l, (void *)&a, &len);
	fds[0] = lwip_msocket(stack, AF_INET, SOCK_STREAM, 0);
	lwip_connect(fds[0], (void *)&a, sizeof(a));
	fds[1] = lwip_accept(l, NULL, NULL);
	lwip_close(l);
}

/* Run @child in a fork; its status, or -1 when it did not end by itself in 20 s. */
static int in_fork(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(20);
		exit(child());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int calls_on_sockets(void)
{
	char byte;
	int bad = 0;
	struct sockaddr_in a = name4("127.0.0.1", 1);

	bad |= lwip_send(fds[0], "x", 1, 0) >= 0 || errno != ENONET;
	bad |= (lwip_recv(fds[0], &byte, 1, 0) >= 0 || errno != ENONET) << 1;
	bad |= (lwip_connect(fds[0], (void *)&a, sizeof(a)) >= 0 || errno != ENONET) << 2;
	bad |= (lwip_socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != ENONET) << 3;
	bad |= (lwip_msocket(stack, AF_INET, SOCK_STREAM, 0) >= 0 || errno != ENONET) << 4;
	bad |= (lwip_close(fds[0]) != 0) << 5;
	bad |= (lwip_close(fds[0]) == 0) << 6;
	return bad;
}

static int frees_the_stack(void)
{
	lwip_stack_free(stack);
	return 0;
}

static int makes_its_own(void)
{
	char buf[5];

	stack = lwip_stack_create("lo", NULL, 0);
	open_pair();
	return lwip_send(fds[0], "hello", 5, 0) == 5 && lwip_recv(fds[1], buf, 5, MSG_WAITALL) == 5
		       ? 0
		       : 1;
}

static bool still_works(void)
{
	char buf[5] = "";

	return lwip_send(fds[0], "hello", 5, 0) == 5 &&
	       lwip_recv(fds[1], buf, 5, MSG_WAITALL) == 5 && !memcmp(buf, "hello", 5);
}

/* While a thread keeps the stack's locks busy. */
static volatile bool stop;

static void *busy(void *arg)
{
	int pair[2] = {fds[0], fds[1]};
	char buf[5];

	while (!stop) {
		lwip_send(pair[0], "hello", 5, 0);
		lwip_recv(pair[1], buf, 5, MSG_WAITALL);
	}
	return NULL;
}

static int quick(void)
{
	char byte;

	/* Not by exit(): what the other thread held is a leak to the sanitizer. */
	_exit(lwip_recv(fds[0], &byte, 1, 0) < 0 && errno == ENONET ? 0 : 1);
}

int main(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP};
	int ep = epoll_create1(0), bad = 0, status, gate[2];
	pthread_t thread;
	char byte;
	pid_t pid;

	stack = lwip_stack_create("lo", NULL, 0);
	lwip_stack_set(stack);
	open_pair();
	ok(in_fork(calls_on_sockets) == 0,
	   "fork: in the child every call on a socket gives ENONET");
	ok(still_works(), "fork: the child's close does not reach the parent's connection");
	ok(in_fork(frees_the_stack) == 0, "fork: the child frees the parent's stack at its end");
	ok(still_works(), "fork: the parent's stack goes on");
	ok(in_fork(makes_its_own) == 0, "fork: a child can have a stack of its own");
	ok(still_works(), "fork: beside the parent's");
	/* A child that lives on does not keep the parent's ends open. */
	if (pipe(gate) < 0)
		return 2;
	pid = fork();
	if (!pid) {
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) < 0);
	}
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &ev);
	struct linger now = {1, 0};

	lwip_setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	lwip_close(fds[0]);
	ok(epoll_wait(ep, &ev, 1, 5000) == 1 && ev.events & EPOLLHUP,
	   "fork: with a child that lives on a reset shows as EPOLLHUP in the parent");
	close(gate[1]);
	waitpid(pid, &status, 0);
	lwip_close(fds[1]);
	open_pair();
	pthread_create(&thread, NULL, busy, NULL);
	for (int i = 0; i < 100; i++)
		bad += in_fork(quick) != 0;
	stop = true;
	pthread_join(thread, NULL);
	ok(!bad, "fork: a hundred times while another thread sends: %d children went wrong", bad);
	lwip_stack_free(stack);
	return done_testing();
}
