// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of a directory kept apart (changes.h): what it was is bound aside, and viewfs(1) is mounted
 * over it, with a layer of the user's that is the same for that directory each time: changes stay
 * until they are applied or discarded (viewctl(1)).
 */
#include "changes.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/view/client/client.h"

/* ~/.viewos/changes/ and the path with % for slashes; made with what is above. */
static int make_layer(char *layer, size_t size, const char *directory)
{
	const char *home = getenv("HOME");
	size_t used = snprintf(layer, size, "%s/.viewos/changes/", home ? home : ""), start = used;

	if (!home || used + strlen(directory) + 1 > size) {
		fprintf(stderr, "view: changes of %s are kept below HOME, which is not set\n",
			directory);
		return -1;
	}
	strcpy(layer + used, directory);
	for (char *at = layer + start; *at; at++)
		if (*at == '/')
			*at = '%';
	for (char *slash = layer + strlen(home); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(layer, 0700);
		*slash = '/';
	}
	if (mkdir(layer, 0700) == 0 || errno == EEXIST)
		return 0;
	fprintf(stderr, "view: cannot make %s: %s\n", layer, strerror(errno));
	return -1;
}

int changes_mount(const char *layer, const char *directory)
{
	json_t *reply;
	const char *why;
	int error;

	if (mount(layer, directory, "viewfs", 0, "cow") == 0)
		return 0;
	error = errno;
	reply = client_ask(json_pack("{s:s}", "command", "message"), -1);
	why = json_string_value(json_object_get(reply, "message"));
	fprintf(stderr, "view: changes of %s cannot be kept apart: %s\n", directory,
		why ? why : strerror(error));
	json_decref(reply);
	return -1;
}

int changes_begin(const char *own, const char *name)
{
	char path[PATH_MAX + 32], layer[2 * PATH_MAX], directory[PATH_MAX];
	FILE *file;

	if (!realpath(name, directory)) {
		fprintf(stderr, "view: %s: %s\n", name, strerror(errno));
		return -1;
	}
	if (make_layer(layer, sizeof(layer), directory) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", own, CHANGES_ORIGINAL);
	mkdir(path, 0700);
	if (mount(directory, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
		fprintf(stderr, "view: cannot bind %s: %s\n", directory, strerror(errno));
		return -1;
	}
	if (changes_mount(layer, directory) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", own, CHANGES_FILE);
	file = fopen(path, "we");
	if (!file)
		return -1;
	fprintf(file, "%s\n%s\n", directory, layer);
	return fclose(file) ? -1 : 0;
}
