// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kmtrace guard tells: a line or a JSON object for each incident, written out at once; the same
 * object for commands (on their standard input) and for descriptors.
 *
 * Names come from programs that are suspected, so they are printed as C strings. Commands run beside
 * the session, at most RUNNING_MAX at a time; the incidents that find no room are told without.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"

#define RUNNING_MAX 8

static pid_t running[RUNNING_MAX];

static json_t *as_json(const struct guard *guard, const struct traced *traced,
		       const struct guard_incident *incident, const char *program)
{
	json_t *object = json_object(), *labels = json_array();
	struct timespec now;
	char place[PATH_MAX + 16];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(place, sizeof(place), "%s:%u", guard->file, incident->rule->line);
	json_object_set_new(object, "time", json_real(now.tv_sec + now.tv_nsec / 1e9));
	json_object_set_new(object, "rule", json_string(place));
	json_object_set_new(object, "pid", json_integer(guard_process(traced)));
	json_object_set_new(object, "tid", json_integer(traced->tid));
	json_object_set_new(object, "program", json_string(program) ?: json_string("?"));
	json_object_set_new(object, "event",
			    json_string(guard_event_names[incident->object->event]));
	json_object_set_new(object, "object",
			    json_string(incident->object->text) ?: json_string("?"));
	for (unsigned int i = 0; i < guard->label_count; i++)
		if (incident->labels >> i & 1)
			json_array_append_new(labels, json_string(guard->labels[i]));
	json_object_set_new(object, "labels", labels);
	json_object_set_new(object, "action", json_string(incident->what));
	if (incident->error)
		json_object_set_new(object, "error", json_string(strerrorname_np(incident->error)));
	if (incident->rule->message)
		json_object_set_new(object, "message", json_string(incident->rule->message));
	return object;
}

static void print_text(struct guard *guard, const struct traced *traced,
		       const struct guard_incident *incident, const char *program)
{
	FILE *out = guard->out;
	bool any = false;

	fprintf(out, "%s:%u: process %d ", guard->file, incident->rule->line,
		guard_process(traced));
	string_print(out, program, strlen(program), false);
	for (unsigned int i = 0; i < guard->label_count; i++)
		if (incident->labels >> i & 1) {
			fprintf(out, "%s%s", any ? " " : " [", guard->labels[i]);
			any = true;
		}
	fprintf(out, "%s: %s ", any ? "]" : "", guard_event_names[incident->object->event]);
	string_print(out, incident->object->text, strlen(incident->object->text), false);
	fprintf(out, ": %s", incident->what);
	if (incident->error)
		fprintf(out, " with %s", strerrorname_np(incident->error));
	if (incident->rule->message)
		fprintf(out, ": %s", incident->rule->message);
	fputc('\n', out);
}

/* Is it over? The manager of a view waits for all its children itself. */
static bool ended(pid_t pid, int flags)
{
	pid_t found = waitpid(pid, NULL, flags);

	return found == pid || (found < 0 && errno == ECHILD);
}

static void reap(int flags)
{
	for (unsigned int i = 0; i < RUNNING_MAX; i++)
		if (running[i] && ended(running[i], flags))
			running[i] = 0;
}

/* Start the command with the text on its standard input. */
static void run_command(const char *command, const char *text)
{
	unsigned int place = 0;
	int fd = memfd_create("incident", MFD_CLOEXEC);

	reap(WNOHANG);
	while (place < RUNNING_MAX && running[place])
		place++;
	if (place == RUNNING_MAX || fd < 0 || dprintf(fd, "%s\n", text) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		complain("%s is not run for an incident: %s", command,
			 place == RUNNING_MAX ? "too many run already" : strerror(errno));
	} else {
		running[place] = fork();
		if (!running[place]) {
			sigset_t none;

			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			signal(SIGINT, SIG_DFL);
			signal(SIGQUIT, SIG_DFL);
			signal(SIGPIPE, SIG_DFL);
			dup2(fd, STDIN_FILENO);
			execl("/bin/sh", "sh", "-c", command, NULL);
			_exit(127);
		}
		if (running[place] < 0) {
			running[place] = 0;
			complain("%s is not run for an incident: %s", command, strerror(errno));
		}
	}
	if (fd >= 0)
		close(fd);
}

void guard_report(struct guard *guard, struct traced *traced, const struct guard_incident *incident)
{
	bool elsewhere = incident->rule->run || incident->rule->tell >= 0;
	static char program[GUARD_TEXT];
	char *text = NULL;

	guard->reports++;
	guard_program(traced, program);
	if (guard->json || elsewhere) {
		json_t *object = as_json(guard, traced, incident, program);

		text = json_dumps(object, JSON_COMPACT);
		json_decref(object);
	}
	if (guard->json)
		fprintf(guard->out, "%s\n", text ? text : "{}");
	else
		print_text(guard, traced, incident, program);
	fflush(guard->out);
	if (text && incident->rule->tell >= 0)
		dprintf(incident->rule->tell, "%s\n", text);
	if (text && incident->rule->run)
		run_command(incident->rule->run, text);
	free(text);
}

void guard_report_end(struct guard *guard)
{
	reap(0);
	if (!guard->quiet)
		complain("guard: incidents %llu, denied %llu, stopped %llu, killed %llu",
			 (unsigned long long)guard->reports, (unsigned long long)guard->denied,
			 (unsigned long long)guard->stopped, (unsigned long long)guard->killed);
}
