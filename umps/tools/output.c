/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output files that appear whole or not at all. Something that exists and is no regular file, like
 * /dev/stdout, is written in place.
 */
#include <errno.h>
#include <error.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umps/tools/output.h"

static struct output *unfinished;

static void remove_unfinished(void)
{
	if (unfinished && unfinished->partial)
		unlink(unfinished->partial);
}

void output_open(struct output *output, const char *path)
{
	static int registered;
	struct stat st;
	mode_t mask;
	int fd;

	if (!registered++)
		atexit(remove_unfinished);
	*output = (struct output){0};
	if (asprintf(&output->path, "%s", path) < 0)
		error(1, ENOMEM, "cannot write \"%s\"", path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		output->stream = fopen(path, "w");
	} else {
		if (asprintf(&output->partial, "%s.XXXXXX", path) < 0)
			error(1, ENOMEM, "cannot write \"%s\"", path);
		fd = mkstemp(output->partial);
		if (fd < 0)
			error(1, errno, "cannot create \"%s\"", path);
		unfinished = output;
		mask = umask(0);
		umask(mask);
		fchmod(fd, 0666 & ~mask);
		output->stream = fdopen(fd, "w");
	}
	if (!output->stream)
		error(1, errno, "cannot create \"%s\"", path);
}

void output_close(struct output *output)
{
	if (fflush(output->stream) || ferror(output->stream) ||
	    (output->partial && fsync(fileno(output->stream))) || fclose(output->stream) ||
	    (output->partial && rename(output->partial, output->path)))
		error(1, errno, "cannot write \"%s\"", output->path);
	unfinished = NULL;
	free(output->partial);
	free(output->path);
}

void output_write(const char *path, const void *bytes, size_t length)
{
	struct output output;

	output_open(&output, path);
	fwrite(bytes, 1, length, output.stream);
	output_close(&output);
}
