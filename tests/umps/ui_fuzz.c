/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer against the requests of the page, on a machine without a kernel: one request per line,
 * as JSON (or settings, if it asks to do nothing); after each the machine gets its turn and
 * everything is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/umps/small_machine.h"
#include "umps/ui/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct session *s, const char *text, size_t length)
{
	json_t *fields = json_loadb(text, length, 0, NULL);
	const char *address = json_string_value(json_object_get(fields, "address"));

	if (!fields)
		return;
	if (json_object_get(fields, "do")) {
		json_decref(command_run(s, fields));
	} else { /* as if it were the file with the settings */
		settings_apply(s, fields);
		session_power_on(s, &(struct umps_error){0});
		json_decref(settings_json(s));
	}
	session_advance(s);
	if (!s->machine && s->record)
		session_power_on(s, &(struct umps_error){0});
	if (address) {
		json_decref(view_code(s, 0, address));
		json_decref(view_memory(s, 0, -1, address, 256));
	}
	json_decref(state_json(s));
	json_decref(fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s = {.path = "fuzz", .record = true, .speed = N_SPEEDS - 1};
	struct umps_error error;

	s.config = small_machine();
	if (session_power_on(&s, &error) < 0)
		abort();
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		request(&s, (const char *)data, length);
		length += end != NULL;
		data += length;
		size -= length;
	}
	session_power_off(&s);
	umps_config_free(s.config);
	free(s.points);
	json_decref(s.layout);
	for (int i = 0; i < N_OUTPUTS; i++)
		free(s.outputs[i].bytes);
	return 0;
}
