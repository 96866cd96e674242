// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands umview, kmview and view: one program under three names, which say the engine.
 */
#include <errno.h>
#include <string.h>

#include "login.h"
#include "options.h"
#include "user/view/client/client.h"

int main(int argc, char **argv)
{
	struct options options = {0};

	if (login_shell(argc, argv))
		return login_run();
	if (!strcmp(program_invocation_short_name, "umview"))
		options.engine = &engine_umview;
	else if (!strcmp(program_invocation_short_name, "kmview"))
		options.engine = &engine_kmview;
	options_parse(&options, argc, argv);
	return client_inside() ? branch_run_inside(&options) : view_run(&options);
}
