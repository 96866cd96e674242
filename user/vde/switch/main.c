/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vde_switch: set the rooms up in order, run the control loop, take them down in reverse.
 *
 * In daemon mode the parent waits for the child's word that the switch is usable, so that its exit
 * status tells; under systemd READY=1 tells the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "user/vde/names/names.h"
#include "user/vde/switch/capture/capture.h"
#include "user/vde/switch/config/config.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/console/session.h"
#include "user/vde/switch/control/control.h"
#include "user/vde/switch/fdb/aging.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/options.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/plugins/plugins.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/privileges.h"
#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/vlan/vlan.h"
#include "user/vde/switch/web/web.h"

static struct vswitch the_switch;

static void stop_on_signal(void *context, uint32_t events)
{
	loop_stop(the_switch.loop);
}

/* SIGINT, SIGTERM and SIGHUP end the loop. */
static int signals_watch(struct vswitch *sw)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && loop_watch(sw->loop, fd, EPOLLIN, stop_on_signal, NULL) ? 0 : -errno;
}

/* Fork; the parent stays until the child says it is ready or ends. The child's end of the pipe. */
static int background(void)
{
	int ready[2];
	char word;

	if (pipe2(ready, O_CLOEXEC)) {
		perror("vde_switch: cannot go to the background");
		exit(1);
	}
	switch (fork()) {
	case -1:
		perror("vde_switch: cannot go to the background");
		exit(1);
	case 0:
		close(ready[0]);
		setsid();
		return ready[1];
	default:
		close(ready[1]);
		_exit(read(ready[0], &word, 1) == 1 ? 0 : 1);
	}
}

static void detach_terminal(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close(null);
	(void)!write(ready, "r", 1);
	close(ready);
}

static int write_pidfile(const char *path, struct name_made *made)
{
	if (name_write_pid(path, getpid(), made) == 0)
		return 0;
	syslog(LOG_ERR, "cannot write the process id to %s: %s", path,
	       errno == ELOOP	 ? "it is a symbolic link; remove it or name another file"
	       : errno == EINVAL ? "it is not a regular file"
				 : strerror(errno));
	return -1;
}

static int run_rcfile(struct vswitch *sw, const char *given)
{
	const char *home = getenv("HOME");
	char path[4096], *output = NULL;
	size_t len;
	FILE *out;
	int error;

	snprintf(path, sizeof(path), "%s", given ? given : "");
	if (!given && home)
		snprintf(path, sizeof(path), "%s/.vde2/vde_switch.rc", home);
	if (!given && (!home || access(path, F_OK)))
		snprintf(path, sizeof(path), "/etc/vde2/vde_switch.rc");
	if (!given && access(path, F_OK))
		return 0;
	out = open_memstream(&output, &len);
	error = out ? console_load(sw->console, NULL, path, out) : ENOMEM;
	if (out)
		fclose(out);
	if (error)
		syslog(LOG_ERR, "cannot read the commands in %s: %s", path, strerror(error));
	else
		console_log_failures(output);
	free(output);
	return error && given ? -error : 0;
}

/* Everything but clients. 0 or -1 with the reason logged. */
static int set_up(struct vswitch *sw, const struct options *options)
{
	int error;

	if (options->has_mac)
		memcpy(sw->mac, options->mac, sizeof(sw->mac));
	sw->numports = options->numports;
	sw->ports_per_user = options->ports_per_user;
	/* First, because every thread inherits the mask. */
	error = signals_watch(sw);
	if (!error)
		error = fdb_resize(sw->fdb, options->hashsize);
	if (!error)
		error = port_statistics_start(sw);
	if (!error)
		error = rstp_init(sw, options->priority);
	if (!error)
		error = rstp_start(sw);
	if (!error)
		error = vlan_init(sw);
	if (!error)
		error = aging_start(sw);
	if (!error)
		error = planes_start(sw);
	if (error) {
		syslog(LOG_ERR, "cannot start: %s", strerror(-error));
		return -1;
	}
	if (options->hub)
		switch_set_hub(sw, true);
	else if (options->fstp)
		rstp_enable(sw, true);
	return 0;
}

static int open_doors(struct vswitch *sw, const struct options *options)
{
	const struct control_settings *control = &options->control;

	if (options->management &&
	    sessions_listen(sw->console, options->management, control->management_mode,
			    control->management_group))
		return -1;
	for (unsigned int i = 0; i < options->tap_count; i++)
		if (control_add_tap(sw, options->taps[i]))
			return -1;
	if (run_rcfile(sw, options->rcfile))
		return -1;
	sw->control = control_open(sw, control);
	if (!sw->control)
		return -1;
	if (!options->daemon && !options->no_stdin && sessions_stdin(sw->console)) {
		syslog(LOG_ERR, "standard input cannot be a console; use --nostdin or --daemon");
		return -1;
	}
	return 0;
}

static void take_down(struct vswitch *sw)
{
	user_release_taps(sw);
	web_stop(sw);
	control_close(sw->control);
	sessions_close(sw->console);
	for (unsigned int i = 0; i <= sw->numports; i++)
		while (sw->ports[i].endpoints)
			port_leave(sw, sw->ports[i].endpoints->at[0]);
	capture_stop_all(sw);
	plugins_stop(sw);
	for (unsigned int i = 0; i <= PORT_MAX; i++)
		delay_clear(sw, &sw->ports[i]);
	delay_stop();
	rstp_stop(sw);
	rcu_barrier();
	planes_stop(sw);
	aging_stop(sw);
	rstp_free(sw);
	port_statistics_stop(sw);
	vlan_free(sw);
	rcu_barrier();
	fdb_free(sw->fdb);
	console_free(sw->console);
	loop_free(sw->loop);
}

static int prepare(struct vswitch *sw)
{
	sw->mac[1] = 0xff;
	ports_init(sw, 32);
	sw->started = forward_seconds();
	sw->loop = loop_new();
	sw->fdb = fdb_new(FDB_BUCKETS);
	sw->console = console_new(sw);
	if (!sw->loop || !sw->fdb || !sw->console || getrandom(sw->mac + 2, 4, 0) != 4)
		return -ENOMEM;
	capture_commands(sw->console);
	config_commands(sw->console);
	control_commands(sw->console);
	delay_commands(sw->console);
	fdb_commands(sw->console);
	rstp_commands(sw->console);
	plugin_commands(sw->console);
	port_commands(sw->console);
	vlan_commands(sw->console);
	web_commands(sw->console);
	return planes_init(sw);
}

int main(int argc, char **argv)
{
	struct vswitch *sw = &the_switch;
	struct options options;
	struct name_made pidfile;
	int ready = -1, status = 1, error;

	openlog("vde_switch", LOG_PID | LOG_PERROR, LOG_DAEMON);
	error = prepare(sw);
	if (error) {
		syslog(LOG_ERR, "cannot start: %s", strerror(-error));
		return 1;
	}
	options_read(&options, sw, argc, argv);
	if (options.daemon)
		ready = background();
	rcu_register_thread();
	control_raise_limits();
	if (set_up(sw, &options) || open_doors(sw, &options) ||
	    (options.pidfile && write_pidfile(options.pidfile, &pidfile)))
		goto down;
	privileges_drop_rcu();
	error = privileges_drop();
	if (error) {
		syslog(LOG_ERR, "cannot give up privileges: %s", strerror(-error));
		goto down;
	}
	if (options.daemon) {
		openlog("vde_switch", LOG_PID, LOG_DAEMON);
		detach_terminal(ready);
	}
	sd_notify(0, "READY=1");
	error = loop_run(sw->loop);
	status = error ? 1 : 0;
	sd_notify(0, "STOPPING=1");
	if (options.pidfile)
		name_remove_path(options.pidfile, &pidfile);
down:
	take_down(sw);
	rcu_unregister_thread();
	return status;
}
