// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde capture: frames as pcapng, to a file or to a program that reads them from a pipe.
 *
 *   vde capture VNL                what a client of that network sees
 *   vde capture VNL VNL            a cable between two networks, and all that passes it
 *   vde capture CONSOLE[:PORT]     a whole switch, or a port of it, by its console
 *
 * Theory: the first two are a cable whose frames are written as they pass. For the third the switch
 * itself captures, into a pipe with a name in a directory of ours, which is copied out here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/cmd/command.h"
#include "user/vde/cmd/console.h"
#include "user/vde/switch/capture/pcapng.h"

struct capture {
	struct cable_options options;
	const char *source[2], *file, *vlan;
	unsigned long count;
	double seconds;

	FILE *out;
	unsigned long written;
};

static int parse(int key, char *text, struct argp_state *state)
{
	struct capture *capture = state->input;
	char *rest;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &capture->options;
		break;
	case 'w':
		capture->file = text;
		break;
	case 'V':
		capture->vlan = text;
		break;
	case 'c':
		capture->count = strtoul(text, &rest, 10);
		if (!capture->count || *rest)
			argp_error(state, "%s: give a number of frames", text);
		break;
	case 't':
		capture->seconds = strtod(text, &rest);
		if (!(capture->seconds > 0) || *rest)
			argp_error(state, "%s: give a number of seconds", text);
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_usage(state);
		capture->source[state->arg_num] = text;
		break;
	case ARGP_KEY_END:
		if (!capture->source[0])
			argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"write", 'w', "FILE", 0, "Write to FILE (stdout)", 0},
	{"count", 'c', "N", 0, "End after N frames (of a VNL or cable)", 0},
	{"seconds", 't', "N", 0, "End after N seconds", 0},
	{"vlan", 'V', "N", 0, "Only this VLAN (of a switch's console)", 0},
	{}};

static const struct argp_child children[] = {{&cable_argp, 0, NULL, 0}, {}};

static const struct argp parser = {options,
				   parse,
				   "VNL [VNL]\nCONSOLE[:PORT]",
				   "Write frames as pcapng: those a client of a network sees, "
				   "those that pass a cable between two "
				   "networks, or those of a switch or one of its ports.\v"
				   "To look on: vde capture sw.mgmt:3 | wireshark -k -i -",
				   children,
				   NULL,
				   NULL};

static uint64_t epoch_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static bool write_frame(void *context, int from, const void *frame, size_t length)
{
	uint8_t block[PCAPNG_PACKET_MAX(END_FRAME_MAX)];
	struct capture *capture = context;
	uint8_t *at = pcapng_packet(block, from, epoch_now(), length);
	size_t size;

	memcpy(at, frame, length);
	size = pcapng_packet_end(block, length, 1);
	if (fwrite(block, 1, size, capture->out) != size || fflush(capture->out)) {
		if (errno != EPIPE)
			complain("cannot write the capture: %m");
		return false;
	}
	return ++capture->written != capture->count;
}

static int write_head(struct capture *capture, const struct cable *cable)
{
	uint8_t block[PCAPNG_HEADER_MAX + 256];
	char name[64];

	if (fwrite(block, pcapng_section(block), 1, capture->out) != 1)
		return complain("cannot write the capture: %m");
	for (int i = 0; i < 2 && cable->end[i]; i++) {
		snprintf(name, sizeof(name), "%s", end_name(cable->end[i]));
		if (fwrite(block, pcapng_interface(block, name), 1, capture->out) != 1)
			return complain("cannot write the capture: %m");
	}
	return fflush(capture->out) ? complain("cannot write the capture: %m") : 0;
}

static int capture_cable(struct capture *capture, int stop)
{
	struct cable cable = {.see = write_frame, .context = capture};
	int status = 1;

	if (!capture->options.end.description)
		capture->options.end.description = "vde capture";
	cable.end[0] = end_open(capture->source[0], &capture->options.end);
	if (cable.end[0] && capture->source[1])
		cable.end[1] = end_open(capture->source[1], &capture->options.end);
	if (cable.end[0] && !(capture->source[1] && !cable.end[1]) &&
	    write_head(capture, &cable) == 0) {
		daemon_ready(capture->options.pidfile);
		status = cable_run(&cable, stop);
	}
	end_close(cable.end[1]);
	end_close(cable.end[0]);
	return status;
}

/* Copy from the pipe until it ends or we shall stop. */
static int copy_out(struct capture *capture, int pipe, int stop)
{
	struct pollfd wait[2] = {{.fd = pipe, .events = POLLIN}, {.fd = stop, .events = POLLIN}};
	char block[65536];

	for (;;) {
		ssize_t n;

		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return complain("cannot wait: %m");
		n = read(pipe, block, sizeof(block));
		if (n > 0 &&
		    (fwrite(block, 1, n, capture->out) != (size_t)n || fflush(capture->out)))
			return errno == EPIPE ? 0 : complain("cannot write the capture: %m");
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
		    (n < 0 && wait[1].revents))
			return 0;
	}
}

static int tell(struct console_link *link, const char *command)
{
	struct console_reply reply;
	int status;

	if (console_command(link, command, 10, &reply))
		return -1;
	status = reply.status;
	if (status)
		complain("%s: %s%s", command, reply.message,
			 status == ENOSYS ? " (this switch cannot capture)" : "");
	console_reply_free(&reply);
	return status ? -1 : 0;
}

static int capture_by_console(struct capture *capture, const char *port, int stop)
{
	char directory[] = "/tmp/vde-capture-XXXXXX", path[64], command[160];
	struct console_link *link = console_open(capture->source[0], NULL, NULL);
	int pipe = -1, status = 1;

	if (!link)
		return 1;
	if (!mkdtemp(directory)) {
		complain("cannot make a directory in /tmp: %m");
		console_close(link);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/pipe", directory);
	if (mkfifo(path, 0600) || (pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
		complain("cannot make a pipe: %m");
	} else {
		snprintf(command, sizeof(command), "capture/start %s%s%s", path,
			 port		 ? " port "
			 : capture->vlan ? " vlan "
					 : "",
			 port		 ? port
			 : capture->vlan ? capture->vlan
					 : "");
		if (tell(link, command) == 0) {
			daemon_ready(capture->options.pidfile);
			/* Until the switch has opened it, the pipe seems to have ended. */
			poll(&(struct pollfd){.fd = pipe, .events = POLLIN}, 1, 2000);
			status = copy_out(capture, pipe, stop);
			snprintf(command, sizeof(command), "capture/stop %s", path);
			tell(link, command);
			if (status == 0)
				copy_out(capture, pipe, stop);
		}
	}
	if (pipe >= 0)
		close(pipe);
	unlink(path);
	rmdir(directory);
	console_close(link);
	return status;
}

/* One descriptor that shows input at a signal and when the time is over. */
static int open_stop(const struct capture *capture)
{
	double seconds = capture->seconds;
	struct itimerspec when = {
		.it_value = {.tv_sec = seconds, .tv_nsec = (seconds - (long)seconds) * 1e9}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
	    both = epoll_create1(EPOLL_CLOEXEC);

	timerfd_settime(timer, 0, &when, NULL);
	epoll_ctl(both, EPOLL_CTL_ADD, timer, &(struct epoll_event){.events = EPOLLIN});
	epoll_ctl(both, EPOLL_CTL_ADD, signals_open(), &(struct epoll_event){.events = EPOLLIN});
	return both;
}

int capture_main(int argc, char **argv)
{
	static struct capture capture;
	struct stat about;
	char *colon;
	int status, stop;

	argp_parse(&parser, argc, argv, 0, NULL, &capture);
	if (capture.options.daemon && !capture.file)
		return complain("in the background a capture needs --write");
	if (capture.options.daemon && daemon_start())
		return 1;
	stop = open_stop(&capture);
	capture.out = capture.file ? fopen(capture.file, "we") : stdout;
	if (!capture.out)
		return complain("cannot write %s: %m", capture.file);
	if (capture.out == stdout && isatty(STDOUT_FILENO))
		return complain("pcapng is not for a terminal: use --write, or a pipe");
	/* A console is a socket; what follows its last colon is a port. */
	colon = strrchr(capture.source[0], ':');
	if (colon && colon[1] != '/')
		*colon = 0;
	if (stat(capture.source[0], &about) == 0 && S_ISSOCK(about.st_mode)) {
		status = capture_by_console(&capture, colon && !*colon ? colon + 1 : NULL, stop);
	} else {
		if (colon && !*colon)
			*colon = ':';
		status = capture_cable(&capture, stop);
	}
	if (fclose(capture.out) && errno != EPIPE)
		status = complain("cannot write the capture: %m");
	return status;
}
