/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIEW_OPTIONS_H
#define VIEW_OPTIONS_H

#include "manager.h"

/* Ends the process after --help, --version and mistakes. */
void options_parse(struct options *options, int argc, char **argv);

#endif
