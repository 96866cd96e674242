/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls that every frame pays for, without waiting. In a program with threads the C
 * library makes each of them a cancellation point, which costs as much as looking a frame's
 * destination up; these are not. Results are as the C library's: -1 and errno.
 */
#ifndef VDE_USER_CALLS_H
#define VDE_USER_CALLS_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static inline int call_epoll_wait(int epoll, struct epoll_event *events, int max)
{
	return syscall(SYS_epoll_pwait, epoll, events, max, -1, NULL, 0);
}

static inline ssize_t call_recv(int fd, void *data, size_t size)
{
	return syscall(SYS_recvfrom, fd, data, size, MSG_DONTWAIT, NULL, NULL);
}

static inline int call_recvmmsg(int fd, struct mmsghdr *messages, unsigned int count)
{
	return syscall(SYS_recvmmsg, fd, messages, count, MSG_DONTWAIT, NULL);
}

static inline ssize_t call_read(int fd, void *data, size_t size)
{
	return syscall(SYS_read, fd, data, size);
}

static inline ssize_t call_send(int fd, const void *data, size_t size)
{
	return syscall(SYS_sendto, fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

static inline ssize_t call_sendmsg(int fd, const struct msghdr *message)
{
	return syscall(SYS_sendmsg, fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline int call_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count)
{
	return syscall(SYS_sendmmsg, fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline ssize_t call_writev(int fd, const struct iovec *pieces, int count)
{
	return syscall(SYS_writev, fd, pieces, count);
}

#endif
