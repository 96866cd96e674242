// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host and domain name, and with kmview the other fields of uname(2).
 *
 * umview: each branch has a UTS namespace, in which the keeper sets what is asked for; uname(2) is
 * the kernel's. kmview: the fields are kept here, and uname(2) is hooked from the first change on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "manager.h"

#define FIELD (sizeof(((struct utsname *)0)->nodename))

static const char *const fields[] = {"sysname", "nodename", "release",
				     "version", "machine",  "domainname"};

/* Of the branches that changed a name; ended ones stay, there are not many. */
struct names {
	struct names *next;
	struct branch *branch;
	struct utsname name;
};

static struct names *all;

static struct names *names_of(struct branch *branch)
{
	struct names *names;

	/* A view inside sees the names of the outer one until it has its own. */
	for (; branch; branch = branch->parent)
		for (names = all; names; names = names->next)
			if (names->branch == branch)
				return names;
	return NULL;
}

static char *field_at(struct utsname *name, unsigned int index)
{
	char *at[] = {name->sysname, name->nodename, name->release,
		      name->version, name->machine,  name->domainname};

	return at[index];
}

static int set_by_keeper(struct branch *branch, pid_t tid, long nr, const char *value)
{
	int error;
	struct ask *ask = ask_new(branch, tid, &error);

	if (!ask)
		return error;
	ask_string(ask, 0, value);
	ask_value(ask, 1, strlen(value));
	error = ask_call(ask, nr, NULL);
	ask_free(ask);
	return error;
}

static int set_here(struct branch *branch, unsigned int index, const char *value)
{
	struct names *names = names_of(branch), *outer = names;
	int error;

	if (!branch->view->engine->changes)
		return -ENOTSUP;
	if (!names || names->branch != branch) {
		names = calloc(1, sizeof(*names));
		if (!names)
			return -ENOMEM;
		if (outer)
			*names = *outer;
		else
			uname(&names->name);
		names->branch = branch;
		names->next = all;
		all = names;
	}
	error = branch->view->engine->hook(branch->view, "uname");
	if (error < 0)
		return error;
	snprintf(field_at(&names->name, index), FIELD, "%s", value);
	return 0;
}

int names_set(struct branch *branch, const char *field, const char *value)
{
	unsigned int index;

	for (index = 0; index < 6 && strcmp(fields[index], field); index++)
		;
	if (index == 6 || strlen(value) >= FIELD)
		return -EINVAL;
	if (!branch->view->engine->own_names || (index != 1 && index != 5))
		return set_here(branch, index, value);
	return set_by_keeper(branch, branch->servers,
			     index == 1 ? SYS_sethostname : SYS_setdomainname, value);
}

/* ---- the calls */

static void serve_set(struct view_call *call)
{
	bool host = !strcmp(call->name, "sethostname");
	char value[FIELD] = "";
	ssize_t got;

	if (call->args[1] >= sizeof(value)) {
		call_return(call, -EINVAL);
		return;
	}
	got = view_call_read(call, call->args[0], value, call->args[1]);
	if (got != (ssize_t)call->args[1])
		got = got < 0 ? got : -EFAULT;
	else
		got = names_set(call->branch, host ? "nodename" : "domainname", value);
	call_return(call, got);
}

static bool serve_uname(struct view_call *call)
{
	struct names *names = names_of(call->branch);
	ssize_t got;

	/* The older calls of 32-bit programs have other layouts and are left alone. */
	if (!names)
		return false;
	got = view_call_write(call, call->args[0], &names->name, sizeof(names->name));
	call_return(call, got == sizeof(names->name) ? 0 : -EFAULT);
	free(call);
	return true;
}

bool names_change(const struct view_call *call)
{
	return !strcmp(call->name, "sethostname") || !strcmp(call->name, "setdomainname");
}

bool names_serve(struct view_call *call)
{
	if (!strcmp(call->name, "uname"))
		return serve_uname(call);
	if (!names_change(call))
		return false;
	if (call->view->engine->own_names) {
		call_in_thread(call, serve_set);
	} else {
		serve_set(call);
		free(call);
	}
	return true;
}
