/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine files start with a brace, kernels with a magic word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "umps/front/open.h"

static struct umps_config *kernel_config(const char *path, const enum umps_machine *machine)
{
	struct umps_config *config = umps_config_new();
	struct umps_device_config *terminal;

	if (!config)
		return NULL;
	if (machine)
		config->machine = *machine;
	free(config->core_file);
	config->core_file = strdup(path);
	config->load_core = true;
	terminal = &config->devices[UMPS_TERMINAL - UMPS_FIRST_LINE][0];
	terminal->enabled = true;
	terminal->file = strdup("/dev/null");
	if (config->core_file && terminal->file)
		return config;
	umps_config_free(config);
	return NULL;
}

struct umps_config *config_from_path(const char *path, const enum umps_machine *machine,
				     struct umps_error *error)
{
	char magic[4] = "";
	FILE *file = fopen(path, "re");

	if (!file) {
		snprintf(error->text, sizeof(error->text),
			 "%s: cannot read it: %s; name a machine file (.json) or a kernel", path,
			 strerror(errno));
		return NULL;
	}
	if (fread(magic, 1, sizeof(magic), file) != sizeof(magic))
		magic[0] = 0;
	fclose(file);
	if (!memcmp(magic, "\177ELF", 4) || !memcmp(magic, "MPS\3", 4) ||
	    !memcmp(magic, "\3SPM", 4)) { /* big-endian; the machine refuses it in better words */
		struct umps_config *config = kernel_config(path, machine);

		if (!config)
			snprintf(error->text, sizeof(error->text), "%s: out of memory", path);
		return config;
	}
	return umps_config_read_for(path, machine, error);
}
