// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Service modules: adding and removing them, what they claim, aliases of mount types.
 *
 * The list is newest first, so the first match is the newest claim. A service is busy while one of
 * its handlers runs, and in use while something that it mounted is there; then it stays.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manager.h"

#define ALIAS_DEPTH 8

struct service {
	struct service *next;
	const struct view_service *about;
	struct view *view;
	void *handle;
	void *data;
	uint64_t number;
	unsigned int busy;
	bool permanent;
};

struct alias {
	struct alias *next;
	char *name, *type;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct service *services;
static struct alias *aliases;
static uint64_t last_number;

/* ---- adding */

static void *load(struct view *view, const char *name, char *why, size_t size)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	const char *directories[] = {view->directory, home ? home : "/nonexistent"};
	const char *formats[] = {"%s/services/%s.so", "%s/.viewos/services/%s.so"};
	void *handle;

	if (strchr(name, '/')) {
		handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
		if (!handle)
			snprintf(why, size, "cannot load %s: %s", name, dlerror());
		return handle;
	}
	for (int i = 1; i >= 0; i--) {
		if (snprintf(path, sizeof(path), formats[i], directories[i], name) >= PATH_MAX ||
		    access(path, F_OK) < 0)
			continue;
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!handle)
			snprintf(why, size, "cannot load %s: %s", path, dlerror());
		return handle;
	}
	snprintf(why, size,
		 "there is no service %s in ~/.viewos/services or %s/services; a path names any "
		 "other",
		 name, view->directory);
	return NULL;
}

static struct service *find(const char *name)
{
	struct service *service;

	for (service = services; service; service = service->next)
		if (!strcmp(service->about->name, name))
			break;
	return service;
}

static int hook_calls(struct view *view, const struct view_service *about, char *why, size_t size)
{
	const struct view_call_claim *claim;

	for (claim = about->calls; claim && claim->name; claim++) {
		int error = view->engine->hook(view, claim->name);

		/* A call that this kernel has not, or that is yet unknown, nobody makes. */
		if (error == -ENOENT)
			continue;
		if (error == -ENOTSUP)
			snprintf(why, size,
				 "%s watches %s, and %s can only watch what was asked for at the "
				 "start: start the view with -p %s",
				 about->name, claim->name, view->engine->name, about->name);
		else if (error < 0)
			snprintf(why, size, "cannot watch %s: %s", claim->name, strerror(-error));
		if (error < 0)
			return error;
	}
	return 0;
}

int services_add(struct view *view, const char *text, bool permanent, char *why, size_t size)
{
	char *name = strdup(text), *options = name ? strchr(name, ',') : NULL;
	struct service *service = calloc(1, sizeof(*service));
	int error = 0;

	if (!name || !service) {
		free(name);
		free(service);
		snprintf(why, size, "no memory");
		return -ENOMEM;
	}
	if (options)
		*options++ = '\0';
	service->handle = load(view, name, why, size);
	if (!service->handle)
		error = -ENOENT;
	if (!error) {
		service->about = dlsym(service->handle, "view_service");
		if (!service->about || !service->about->abi || service->about->abi > VIEW_ABI ||
		    !service->about->name) {
			snprintf(why, size,
				 service->about
					 ? "%s was made for another version of views: compile it "
					   "anew"
					 : "%s is no service of views: it has no view_service",
				 name);
			error = -EINVAL;
		}
	}
	if (!error && find(service->about->name)) {
		snprintf(why, size, "%s is there already", service->about->name);
		error = -EEXIST;
	}
	if (!error && service->about->start) {
		view->reason[0] = '\0';
		error = service->about->start(view, options ? options : "", &service->data);
		if (error < 0)
			snprintf(why, size, "%s does not start: %s", name,
				 view->reason[0] ? view->reason : strerror(-error));
	}
	/* Before the start of the view the hooks are collected from all services. */
	if (!error && view->keeper) {
		error = hook_calls(view, service->about, why, size);
		if (error && service->about->stop)
			service->about->stop(service->data);
	}
	if (!error) {
		pthread_mutex_lock(&lock);
		service->view = view;
		service->permanent = permanent;
		service->number = ++last_number;
		service->next = services;
		services = service;
		pthread_mutex_unlock(&lock);
	} else {
		if (service->handle)
			dlclose(service->handle);
		free(service);
	}
	free(name);
	return error;
}

int view_start_error(struct view *view, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(view->reason, sizeof(view->reason), format, arguments);
	va_end(arguments);
	return error;
}

static void stop(struct service *service)
{
	if (service->about->stop)
		service->about->stop(service->data);
	dlclose(service->handle);
	free(service);
}

int services_remove(struct view *view, const char *name, char *why, size_t size)
{
	struct service **at, *service;
	bool used;

	service = find(name);
	if (!service) {
		snprintf(why, size, "there is no service %s", name);
		return -ENOENT;
	}
	if (service->permanent) {
		snprintf(why, size, "%s was added to stay", name);
		return -EPERM;
	}
	used = servers_of_service(view, service->number);
	pthread_mutex_lock(&lock);
	if (used || service->busy) {
		pthread_mutex_unlock(&lock);
		snprintf(why, size, "%s is in use: unmount what it mounted first", name);
		return -EBUSY;
	}
	for (at = &services; *at != service; at = &(*at)->next)
		;
	*at = service->next;
	pthread_mutex_unlock(&lock);
	stop(service);
	return 0;
}

void services_stop(void)
{
	while (services) {
		struct service *service = services;

		services = service->next;
		stop(service);
	}
	while (aliases)
		services_alias(aliases->name, NULL);
}

json_t *services_list(void)
{
	json_t *list = json_array();

	/* Oldest first, as they were added. */
	for (struct service *service = services; service; service = service->next)
		json_array_insert_new(
			list, 0,
			json_pack("{s:s, s:s, s:b}", "name", service->about->name, "description",
				  service->about->description ? service->about->description : "",
				  "permanent", service->permanent));
	return list;
}

/* ---- asking */

/* The claim of a service with the longest prefix of a type; NULL: none. */
static const struct view_mount_type *match(const struct service *service, const char *type)
{
	const struct view_mount_type *claim = service->about->mounts, *best = NULL;
	size_t longest = 0;

	for (; claim && claim->prefix; claim++) {
		size_t length = strlen(claim->prefix);

		if (!strncmp(type, claim->prefix, length) && (!best || length > longest) &&
		    (!claim->claims || claim->claims(type, service->data))) {
			best = claim;
			longest = length;
		}
	}
	return best;
}

/* The first services could not ask who asks, and what they do is done with our ids. */
static bool may_be_asked(const struct service *service, const struct view_call *call)
{
	struct view_caller caller;

	return service->about->abi > 1 ||
	       (view_call_caller(call, &caller) == 0 && caller.uid == geteuid());
}

int mount_by_service(struct view_mount *mount)
{
	const struct view_mount_type *type;
	struct service *service;
	int result = VIEW_PASS;

	pthread_mutex_lock(&lock);
	for (service = services; service && result == VIEW_PASS; service = service->next) {
		type = match(service, mount->type);
		if (!type || !may_be_asked(service, mount->call))
			continue;
		service->busy++;
		pthread_mutex_unlock(&lock);
		mount->service = service->number;
		result = type->mount(mount, service->data);
		pthread_mutex_lock(&lock);
		service->busy--;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

bool services_claim(const char *type)
{
	bool claimed = false;

	pthread_mutex_lock(&lock);
	for (struct service *service = services; service && !claimed; service = service->next)
		claimed = match(service, type) != NULL;
	pthread_mutex_unlock(&lock);
	return claimed;
}

bool services_call(struct view_call *call)
{
	/* Calls are served, and services come and go, in one thread. */
	for (struct service *service = services; service; service = service->next) {
		const struct view_call_claim *claim = service->about->calls;

		for (; claim && claim->name; claim++)
			if (!strcmp(claim->name, call->name) && may_be_asked(service, call) &&
			    claim->call(call, service->data) != VIEW_PASS)
				return true;
	}
	return false;
}

size_t services_hooks(const char **hooks, size_t size)
{
	size_t count = 0;

	for (struct service *service = services; service; service = service->next) {
		const struct view_call_claim *claim = service->about->calls;

		for (; claim && claim->name && count < size; claim++)
			hooks[count++] = claim->name;
	}
	return count;
}

/* ---- aliases */

static struct alias **alias_at(const char *name)
{
	struct alias **at;

	for (at = &aliases; *at && strcmp((*at)->name, name); at = &(*at)->next)
		;
	return at;
}

int services_alias(const char *name, const char *type)
{
	struct alias *alias = calloc(1, sizeof(*alias)), **at;

	if (!alias || !(alias->name = strdup(name)) || !(alias->type = strdup(type ? type : ""))) {
		if (alias)
			free(alias->name);
		free(alias);
		return -ENOMEM;
	}
	pthread_mutex_lock(&lock);
	at = alias_at(name);
	if (*at) {
		struct alias *old = *at;

		*at = old->next;
		free(old->name);
		free(old->type);
		free(old);
	}
	if (alias->type[0]) {
		alias->next = aliases;
		aliases = alias;
		alias = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (alias) {
		free(alias->name);
		free(alias->type);
		free(alias);
	}
	return 0;
}

json_t *services_aliases(void)
{
	json_t *list = json_array();

	pthread_mutex_lock(&lock);
	for (struct alias *alias = aliases; alias; alias = alias->next)
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "alias", alias->name, "type", alias->type));
	pthread_mutex_unlock(&lock);
	return list;
}

void services_resolve(const char *type, char *resolved, size_t size)
{
	pthread_mutex_lock(&lock);
	for (int depth = 0; depth < ALIAS_DEPTH && *alias_at(type); depth++)
		type = (*alias_at(type))->type;
	snprintf(resolved, size, "%s", type);
	pthread_mutex_unlock(&lock);
}
