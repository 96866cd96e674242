// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer (libFuzzer): descriptions of labs. Whatever is read is also drawn, which walks all of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

int complain(const char *format, ...)
{
	return 1;
}

/* Nothing runs here. */
pid_t lab_pid(const struct lab *lab, const char *name)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *text, *nowhere;
	struct lab *lab;
	char address[64];

	if (!size)
		return 0;
	text = fmemopen((void *)data, size, "r");
	lab = lab_parse(text, "fuzz.lab");
	fclose(text);
	if (!lab)
		return 0;
	for (unsigned int i = 0; i < lab->check_count; i++)
		lab_address(lab, lab->check[i].to, address, sizeof(address));
	nowhere = fopen("/dev/null", "w");
	if (lab_graph(lab, nowhere))
		abort();
	fclose(nowhere);
	lab_free(lab);
	return 0;
}
